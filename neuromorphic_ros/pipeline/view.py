"""A robot to look at: what its messages say as Image and MarkerArray, which every viewer shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from neuromorphic_ros.pipeline.markers import (
    MARKER_ARRAY,
    box_marker,
    command_markers,
    text_marker,
)
from neuromorphic_ros.pipeline.messages import Fields, rgb_image, spikes_of
from neuromorphic_ros.pipeline.outputs import (
    DETECTIONS,
    ENERGY,
    IMAGE,
    RATES,
    SPIKES,
    TWIST,
    TWIST_STAMPED,
    OutputMessage,
)
from neuromorphic_ros.pipeline.power_supervisor import POWER_STATUS
from neuromorphic_ros.pipeline.sensing import nanoseconds
from neuromorphic_ros.pipeline.spike_history import SpikeHistory
from neuromorphic_ros.pipeline.spike_raster import Box, boxed_events, raster
from neuromorphic_ros.power.quality import Quality

RASTER, EVENTS, MARKERS = "view/raster", "view/events", "view/markers"
# Relative topic and type of everything that a view is made of; the spikes come by population.
TOPICS = {RASTER: IMAGE, EVENTS: IMAGE, MARKERS: MARKER_ARRAY}

SPAN_NS = 3_000_000_000
EVENTS_NS = 100_000_000
BOXES_NS = 500_000_000


class View:
    """Keep the newest messages of a robot and draw them."""

    def __init__(self, base_frame: str, field_of_view_rad: float) -> None:
        """base_frame: of the robot. field_of_view_rad: of its camera, horizontally."""
        self._base_frame = base_frame
        self._field_of_view_rad = field_of_view_rad
        self._history = SpikeHistory(SPAN_NS)
        self._frames: dict[str, str] = {}
        self._newest: dict[str, Any] = {}
        self.populations: tuple[str, ...] = ()

    def take(self, kind: str, message: Any) -> None:
        """Take a message of one of TYPES; raises SpikeError if it is of spikes that do not fit."""
        if kind == SPIKES:
            received = spikes_of(message)
            self._frames[received.population] = message.header.frame_id
            self._history.add(received.population, received.spikes, received.complete_ns)
            return
        if kind == RATES:
            self.populations = tuple(message.name)
            self._history.keep(self.populations)
        self._newest[_KINDS[kind]] = message

    def messages(self, stamp_ns: int, wanted: Callable[[str], bool]) -> Iterator[OutputMessage]:
        """Yield pictures, as of the newest spikes, and markers; wanted: whether a topic is."""
        spikes = self._history.recent() if wanted(RASTER) or wanted(EVENTS) else {}
        end_ns = self._history.end_ns
        if wanted(RASTER) and spikes:
            pixels = raster(spikes, end_ns - SPAN_NS, end_ns)
            yield _image(RASTER, rgb_image(pixels, end_ns, self._base_frame))
        cameras = (name for name, batch in spikes.items() if _is_camera(batch.shape))
        if wanted(EVENTS) and (name := next(cameras, None)) is not None:
            recent = spikes[name].between(end_ns - EVENTS_NS, end_ns)
            pixels = boxed_events(recent, self._boxes(end_ns))
            yield _image(EVENTS, rgb_image(pixels, end_ns, self._frames[name]))
        if wanted(MARKERS):
            markers = {"markers": list(self._markers(stamp_ns))}
            yield OutputMessage(MARKERS, MARKER_ARRAY, stamp_ns, markers)

    def _boxes(self, now_ns: int) -> Iterator[Box]:
        found = self._newest.get(DETECTIONS)
        # The network may have stopped detecting without saying so.
        if found is None or abs(now_ns - nanoseconds(found.header.stamp)) > BOXES_NS:
            return
        for box in found.detections:
            yield Box(
                f"{box.class_name} {box.score:.2f}",
                (box.center_x - box.size_x / 2) / found.image_width,
                (box.center_y - box.size_y / 2) / found.image_height,
                (box.center_x + box.size_x / 2) / found.image_width,
                (box.center_y + box.size_y / 2) / found.image_height,
            )

    def _markers(self, stamp_ns: int) -> Iterator[Fields]:
        if (command := self._newest.get(TWIST)) is not None:
            twist = getattr(command, "twist", command)
            yield from command_markers(twist.linear.x, twist.angular.z, self._base_frame, stamp_ns)
        if (found := self._newest.get(DETECTIONS)) is not None:
            frame_id = found.header.frame_id
            yield from box_marker(found, self._field_of_view_rad, frame_id, stamp_ns)
        yield text_marker("\n".join(self._words()), self._base_frame, stamp_ns)

    def _words(self) -> Iterator[str]:
        if (rates := self._newest.get(RATES)) is not None:
            yield str(rates.network)
        if (report := self._newest.get(ENERGY)) is not None and report.window_s:
            bound = "at least " if report.lower_bound else ""
            power_uw = report.total_pj / report.window_s / 1e6
            yield f"{bound}{power_uw:.3g} uW priced on {report.hardware}"
            if report.measured_s > 0.0 and not math.isnan(report.measured_j):
                yield f"{report.measured_j / report.measured_s:.3g} W measured"
        if (power := self._newest.get(POWER_STATUS)) is not None:
            quality = {item.value: item.name.lower() for item in Quality}.get(power.quality, "?")
            asleep = ", asleep" if power.asleep else ""
            yield f"{power.mode or 'mode unknown'}, quality {quality}{asleep}"


# What a message is kept as: a command is one with and without a stamp.
_KINDS: Mapping[str, str] = {
    RATES: RATES,
    ENERGY: ENERGY,
    DETECTIONS: DETECTIONS,
    POWER_STATUS: POWER_STATUS,
    TWIST: TWIST,
    TWIST_STAMPED: TWIST,
}
TYPES = frozenset({SPIKES, *_KINDS})


def _is_camera(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and shape[0] == 2


def _image(topic: str, fields: Fields) -> OutputMessage:
    return OutputMessage(topic, IMAGE, fields["header"]["stamp"], fields)
