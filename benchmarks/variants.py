"""Compare the variants of the shipped networks with the networks, on recordings.

processor_ms_per_s: time of one core per second of the recording, encoders included. uj_per_s:
priced, in one model for all. linear_rms_m_s, angular_rms_rad_s: difference of the commands from
those of the network, every 20 ms. seen: F1 of the windows in which something is detected.
reaction_ms: from the sudden appearance of an obstacle, or of something that moves, to half the
speed or the end of the first window in which it is detected; waiting for a sample included.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from edge import HARDWARE, sensed
from reporting import Row, main

from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.energy.price import price
from neuromorphic_ros.pipeline.networks import find_hardware, find_network, network_names
from neuromorphic_ros.pipeline.pipeline import Decision, Pipeline
from neuromorphic_ros.pipeline.profile import load_profile, preset_names
from neuromorphic_ros.pipeline.tuning import tune
from neuromorphic_ros.simulation.sensor_sample import START_NS
from neuromorphic_ros.snn.streaming import StreamingNetwork

GRID_NS = 20_000_000
WINDOW_NS = 100_000_000
SECOND_NS = 1_000_000_000
MS = 1_000_000
# Events happen at all phases of the longest period, which is that of detections too.
PERIODS_MS = {"scan": 100, "camera": 33, "imu": 10}
PHASES_MS = range(0, 100, 7)

Message = tuple[int, str, Any]


class Behaviour(NamedTuple):
    """What a network did: decisions and processor time [s]."""

    decisions: list[Decision]
    processor_s: float


def prepared(network: str, variant: str) -> Pipeline:
    """Return a pipeline of a variant, with the parameters of the preset of that name if any."""
    pipeline = Pipeline(StreamingNetwork(find_network(network, variant)))
    presets = [variant] if variant in preset_names() else []
    tune(pipeline.tunables, load_profile("jetson", presets).tuned(pipeline.tunables))
    return pipeline


def behave(pipeline: Pipeline, messages: Iterable[Message]) -> Behaviour:
    """Play messages to a pipeline on their own stamps."""
    decisions: list[Decision] = []
    begun_s = time.process_time()
    clock_ns = START_NS
    for clock_ns, sensor, content in messages:
        pipeline.receive(sensor, content, clock_ns)
        decisions += pipeline.advance(clock_ns)
    decisions += pipeline.advance(clock_ns + SECOND_NS)
    return Behaviour(decisions, time.process_time() - begun_s)


def velocities(decisions: Sequence[Decision], times_ns: npt.NDArray[np.int64]) -> Any:
    """Return the velocity (linear, angular) in force at some times, 0 before the first command."""
    commands = [each.command for each in decisions if each.command and each.command.velocity]
    stamps_ns = np.array([command.stamp_ns for command in commands], np.int64)
    values = np.array([(0.0, 0.0), *(command.velocity for command in commands)])
    return values[np.searchsorted(stamps_ns, times_ns, side="right")]


def seen_windows(decisions: Sequence[Decision]) -> set[int]:
    """Return the windows of 100 ms in which something was detected."""
    return {
        (found.stamp_ns - 1) // WINDOW_NS
        for each in decisions
        for found in each.detections
        if found.boxes
    }


def f1(found: set[int], reference: set[int]) -> float:
    """Return the F1 score of a set; NaN if both are empty."""
    size = len(found) + len(reference)
    return 2 * len(found & reference) / size if size else float("nan")


def scene(event_ns: int) -> Iterator[Message]:
    """Yield messages of all sensors for 4 s, in which everything happens at event_ns.

    Until then space is free and a texture stands still, from then on there is an obstacle at 0.4 m
    and a bright block moves.
    """
    still = np.random.default_rng(0).integers(40, 60, (96, 128)).astype(np.uint8)
    for stamp_ns in range(START_NS, START_NS + 4 * SECOND_NS, MS):
        for sensor, period_ms in PERIODS_MS.items():
            if (stamp_ns - START_NS) % (period_ms * MS) == 0:
                content = to_message(*sample(sensor, stamp_ns, stamp_ns - event_ns, still))
                yield stamp_ns, sensor, content


def sample(sensor: str, stamp_ns: int, since_ns: int, still: Any) -> tuple[str, dict[str, Any]]:
    """Return type and fields of a message of the scene; since_ns: time since the event."""
    header = {"stamp": stamp_ns, "frame_id": sensor}
    if sensor == "imu":
        return "sensor_msgs/msg/Imu", {"header": header, "linear_acceleration": {"z": 9.81}}
    if sensor == "scan":
        return "sensor_msgs/msg/LaserScan", {
            "header": header,
            "angle_min": -2.0,
            "angle_increment": 0.01,
            "range_min": 0.1,
            "range_max": 30.0,
            "ranges": np.full(400, 10.0 if since_ns < 0 else 0.4, np.float32),
        }
    picture = still.copy()
    if since_ns >= 0:
        left = since_ns // (20 * MS) % 100
        picture[40:64, left : left + 24] = 220
    return "sensor_msgs/msg/Image", {
        "header": header,
        "height": 96,
        "width": 128,
        "encoding": "mono8",
        "step": 128,
        "data": picture.reshape(-1),
    }


def reaction_ms(network: str, variant: str) -> float:
    """Return how long a network takes to answer an event, mean over when it happens."""
    events_ns = (START_NS + (2000 + phase) * MS for phase in PHASES_MS)
    return float(np.mean([_reaction_ms(network, variant, event_ns) for event_ns in events_ns]))


def _reaction_ms(network: str, variant: str, event_ns: int) -> float:
    pipeline = prepared(network, variant)
    heard = set(pipeline.sensors)
    found = behave(pipeline, (item for item in scene(event_ns) if item[1] in heard))
    if pipeline.motor:
        times_ns = np.arange(event_ns, event_ns + SECOND_NS, MS)
        speed = velocities(found.decisions, times_ns)[:, 0]
        answers_ns = times_ns[speed < speed[0] / 2]
    else:
        answers_ns = np.array(
            [
                window.stamp_ns
                for each in found.decisions
                for window in each.detections
                if window.boxes and window.stamp_ns > event_ns
            ]
        )
    return float(answers_ns.min() - event_ns) / 1e6 if answers_ns.size else float("nan")


def measure_network(network: str) -> Iterator[Row]:
    """Compare the variants of one network; those of the first row are its own."""
    spec = find_network(network)
    _, messages = sensed(Pipeline(StreamingNetwork(spec)).sensors)
    recording = list(messages)
    duration_s = (recording[-1][0] - recording[0][0]) / 1e9
    times_ns = np.arange(recording[0][0], recording[-1][0], GRID_NS)
    model = find_hardware(HARDWARE)
    reference: list[Decision] = []
    for variant in ("", *spec.variants):
        pipeline = prepared(network, variant)
        heard = set(pipeline.sensors)
        found = behave(pipeline, (item for item in recording if item[1] in heard))
        reference = reference or found.decisions
        counts = pipeline.core.runner.counts()
        difference = velocities(found.decisions, times_ns) - velocities(reference, times_ns)
        rms = np.sqrt(np.mean(difference**2, axis=0)) if pipeline.motor else (np.nan, np.nan)
        yield {
            "network": network,
            "variant": variant or "itself",
            "ticks_per_s": counts.ticks / duration_s,
            "events_per_s": int(counts.synaptic_events.sum()) / duration_s,
            "processor_ms_per_s": 1e3 * found.processor_s / duration_s,
            "uj_per_s": price(counts, duration_s, model, model).dynamic_pj / 1e6 / duration_s,
            "linear_rms_m_s": float(rms[0]),
            "angular_rms_rad_s": float(rms[1]),
            "seen": f1(seen_windows(found.decisions), seen_windows(reference)),
            "reaction_ms": reaction_ms(network, variant),
        }


def measure() -> list[Row]:
    """Compare the variants of all shipped networks."""
    return [row for network in network_names() for row in measure_network(network)]


if __name__ == "__main__":
    main(__doc__, measure)
