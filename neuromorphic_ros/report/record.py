"""What was received during a run, read from its recording."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.recording import RecordedMessage, Recording
from neuromorphic_ros.encoding.image import Grey, resize
from neuromorphic_ros.encoding.scan import Scan
from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.pipeline.energy_account import ENERGY_TOTAL
from neuromorphic_ros.pipeline.messages import spikes_of
from neuromorphic_ros.pipeline.outputs import (
    DETECTIONS,
    ENERGY,
    RATES,
    SPIKES,
    TWIST,
    TWIST_STAMPED,
)
from neuromorphic_ros.pipeline.sensing import STREAMS, grey_of, scan_of, stamp_of
from neuromorphic_ros.spikes import SpikeBatch, merge

DIAGNOSTICS = "diagnostic_msgs/msg/DiagnosticArray"
OK = 0

# Sectors of a scan seen from a lidar that looks ahead [rad]: the network's, without their overlap.
SECTORS = {"left": (0.4, 1.2), "ahead": (-0.4, 0.4), "right": (-1.2, -0.4)}


# Hundreds of pictures of a large camera would not fit into memory, nor be seen in a report.
LONGEST_SIDE = 480


class Picture(NamedTuple):
    """A camera frame, made small: stamp [ns], uint8[height, width]."""

    stamp_ns: int
    grey: Grey


class Nearest(NamedTuple):
    """Nearest return by sector of SECTORS [m]; inf: none within reach."""

    stamp_ns: int
    metres: Mapping[str, float]


class Command(NamedTuple):
    """A velocity command: stamp [ns], linear [m/s], angular [rad/s]."""

    stamp_ns: int
    linear_m_s: float
    angular_rad_s: float


class Box(NamedTuple):
    """A detection in pixels of its image."""

    class_name: str
    score: float
    center_x: float
    center_y: float
    size_x: float
    size_y: float


class Found(NamedTuple):
    """The boxes of the window that ended at stamp_ns, best first; width, height: of the image."""

    stamp_ns: int
    width: int
    height: int
    boxes: tuple[Box, ...]


class Line(NamedTuple):
    """The last words of one line of diagnostics.

    level: of the last message. worst: highest level of the run, with its message.
    """

    level: int
    message: str
    worst: int
    worst_message: str
    values: Mapping[str, str]


class Record(NamedTuple):
    """Everything a run has published, by kind, in the order of its arrival.

    start_ns, end_ns: log times. types: message type by topic; counts: messages by topic.
    spikes: by population, of the inputs too. rates, energy: PopulationRates, EnergyReport messages.
    diagnostics: by name. unreadable: messages that could not be decoded.
    """

    start_ns: int
    end_ns: int
    types: Mapping[str, str]
    counts: Mapping[str, int]
    pictures: list[Picture]
    nearest: list[Nearest]
    commands: list[Command]
    detections: list[Found]
    spikes: dict[str, SpikeBatch]
    rates: list[Any]
    energy: list[Any]
    diagnostics: dict[str, Line]
    unreadable: int

    @property
    def network(self) -> str:
        """Name of the network; empty if it never reported."""
        return str(self.rates[-1].network) if self.rates else ""

    def seconds(self, stamp_ns: int | npt.NDArray[np.int64]) -> Any:
        """Return a stamp, or many, as seconds since the start of the run."""
        return (stamp_ns - self.start_ns) / 1e9


def read_record(path: Path) -> Record:
    """Read a recording of a run; raises BagError if it is damaged or empty."""
    with open_recording(path) as recording:
        return _read(recording)


def nearest_of(scan: Scan, stamp_ns: int) -> Nearest:
    """Return the nearest valid return in each sector."""
    angle = scan.angle_min + np.arange(scan.ranges.size) * scan.angle_increment
    angle = (angle + math.pi) % math.tau - math.pi
    valid = np.isfinite(scan.ranges) & (scan.ranges >= scan.range_min)
    valid &= scan.ranges <= scan.range_max
    return Nearest(
        stamp_ns,
        {
            name: float(
                np.min(scan.ranges[valid & (angle >= low) & (angle < high)], initial=math.inf)
            )
            for name, (low, high) in SECTORS.items()
        },
    )


def _read(recording: Recording) -> Record:
    record = Record(
        recording.start_ns,
        recording.end_ns,
        {topic: info.type for topic, info in recording.topics.items()},
        {topic: info.count for topic, info in recording.topics.items()},
        *([], [], [], []),
        spikes={},
        rates=[],
        energy=[],
        diagnostics={},
        unreadable=0,
    )
    batches: dict[str, list[SpikeBatch]] = {}
    unreadable = 0
    for message in recording.messages():
        try:
            content = message.decode()
            if message.type == SPIKES:
                received = spikes_of(content)
                batches.setdefault(received.population, []).append(received.spikes)
            elif message.type in _KEEP:
                _KEEP[message.type](record, content, message)
        except NeuromorphicError:
            unreadable += 1
    # Rates name the inputs first, then the populations in the order of their execution.
    order = [name for name in (record.rates[-1].name if record.rates else ()) if name in batches]
    spikes = {name: merge(batches[name]) for name in dict.fromkeys([*order, *batches])}
    return record._replace(spikes=spikes, unreadable=unreadable)


def _keep_picture(record: Record, content: Any, message: RecordedMessage) -> None:
    grey = grey_of(content)
    shrink = max(1.0, max(grey.shape) / LONGEST_SIDE)
    small = resize(grey, round(grey.shape[0] / shrink), round(grey.shape[1] / shrink))
    record.pictures.append(Picture(stamp_of(content, message.log_ns), small.copy()))


def _keep_scan(record: Record, content: Any, message: RecordedMessage) -> None:
    record.nearest.append(nearest_of(scan_of(content), stamp_of(content, message.log_ns)))


def _keep_command(record: Record, content: Any, message: RecordedMessage) -> None:
    twist, stamp_ns = content, message.log_ns
    if message.type == TWIST_STAMPED:
        twist, stamp_ns = content.twist, stamp_of(content, stamp_ns)
    record.commands.append(Command(stamp_ns, twist.linear.x, twist.angular.z))


def _keep_detections(record: Record, content: Any, message: RecordedMessage) -> None:
    boxes = tuple(
        Box(box.class_name, box.score, box.center_x, box.center_y, box.size_x, box.size_y)
        for box in content.detections
    )
    stamp_ns = stamp_of(content, message.log_ns)
    record.detections.append(Found(stamp_ns, content.image_width, content.image_height, boxes))


def _keep_rates(record: Record, content: Any, _: RecordedMessage) -> None:
    record.rates.append(content)


def _keep_energy(record: Record, content: Any, message: RecordedMessage) -> None:
    if not message.topic.endswith(f"/{ENERGY_TOTAL}"):
        record.energy.append(content)


def _keep_diagnostics(record: Record, content: Any, _: RecordedMessage) -> None:
    for status in content.status:
        level = int(status.level)
        line = record.diagnostics.get(status.name)
        message, worst, worst_message = status.message, level, status.message
        if line and line.worst >= level:
            worst, worst_message = line.worst, line.worst_message
        values = {item.key: item.value for item in status.values}
        record.diagnostics[status.name] = Line(level, message, worst, worst_message, values)


_KEEP: Mapping[str, Callable[[Record, Any, RecordedMessage], None]] = {
    STREAMS["camera"]["raw"].type: _keep_picture,
    STREAMS["camera"]["compressed"].type: _keep_picture,
    STREAMS["scan"]["scan"].type: _keep_scan,
    TWIST_STAMPED: _keep_command,
    TWIST: _keep_command,
    DETECTIONS: _keep_detections,
    RATES: _keep_rates,
    ENERGY: _keep_energy,
    DIAGNOSTICS: _keep_diagnostics,
}
