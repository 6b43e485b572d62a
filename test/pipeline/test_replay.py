from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.typestore import serialize, to_message
from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.pipeline.energy_account import EnergyAccount, Hardware
from neuromorphic_ros.pipeline.networks import find_hardware
from neuromorphic_ros.pipeline.outputs import ENERGY, SPIKES, TWIST_STAMPED, OutputMessage
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.replay import Rejected, replay
from neuromorphic_ros.power.sleep import SleepParameters
from neuromorphic_ros.snn.plasticity.reward_stdp import RewardStdp
from neuromorphic_ros.snn.spec import NetworkSpec, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.weights import Values

MS = 1_000_000
START_NS = 10_000 * MS
SCAN = "sensor_msgs/msg/LaserScan"
FLOAT32 = "std_msgs/msg/Float32"


def write(path: Path, ranges: dict[int, list[float]]) -> Path:
    """Write scans; ranges: by time after the start [ms]."""
    with RecordingWriter(path) as writer:
        for at_ms, distances in ranges.items():
            stamp_ns = START_NS + at_ms * MS
            fields = {
                "header": {"stamp": stamp_ns, "frame_id": "laser"},
                "angle_min": -3.0,
                "angle_increment": 2.0,
                "range_min": 0.1,
                "range_max": 30.0,
                "ranges": np.array(distances, np.float32),
            }
            writer.write("/scan", SCAN, fields, stamp_ns)
    return path


def replayed(
    spec: NetworkSpec, path: Path, *, sleep_after_s: float = 1.0
) -> list[OutputMessage | Rejected]:
    hardware = Hardware(find_hardware("loihi2"), find_hardware("horowitz_45nm_fp32"))
    pipeline = Pipeline(StreamingNetwork(spec))
    pipeline.core.sleep = SleepParameters(sleep_after_s)
    with open_recording(path) as recording:
        return list(replay(pipeline, recording, {"scan": "/scan"}, EnergyAccount(hardware)))


def messages(found: list[OutputMessage | Rejected], kind: str) -> list[OutputMessage]:
    return [item for item in found if isinstance(item, OutputMessage) and item.type == kind]


def test_a_recording_twice_gives_the_same_bytes(spec: NetworkSpec, tmp_path: Path) -> None:
    path = write(tmp_path / "bag", {ms: [1.0] * 4 for ms in range(0, 2000, 100)})

    def raw() -> list[bytes]:
        return [
            serialize(item.type, to_message(item.type, item.fields))
            for item in replayed(spec, path)
            if isinstance(item, OutputMessage)
        ]

    first = raw()
    assert first == raw()
    assert len(first) > 100


def test_a_scan_that_cannot_be_used_is_reported_and_the_rest_is_not_lost(
    spec: NetworkSpec, tmp_path: Path
) -> None:
    ranges = {ms: [1.0] * 4 for ms in range(0, 1000, 100)} | {350: []}
    found = replayed(spec, write(tmp_path / "bag", dict(sorted(ranges.items()))))
    (rejected,) = [item for item in found if isinstance(item, Rejected)]
    assert rejected.log_ns == START_NS + 350 * MS
    assert "one distance per beam" in rejected.reason
    scans = [item for item in messages(found, SPIKES) if item.topic == "spikes/scan"]
    assert len(scans) == 10


def test_a_silence_stops_the_robot_and_ends_after_it(spec: NetworkSpec, tmp_path: Path) -> None:
    sent_ms = [*range(0, 1000, 100), *range(4000, 5000, 100)]
    found = replayed(spec, write(tmp_path / "bag", {ms: [1.0] * 4 for ms in sent_ms}))
    moving_ms = [
        (item.stamp_ns - START_NS) // MS
        for item in messages(found, TWIST_STAMPED)
        if item.fields["twist"]["linear"]["x"]
    ]
    assert not [ms for ms in moving_ms if 1400 < ms < 4000]
    assert max(moving_ms) > 4500


def spans_of_silence(
    spec: NetworkSpec, path: Path, sleep_after_s: float
) -> tuple[list[int], list[int]]:
    """Return when the spans begin and end that are run of a recording with a silence [ms]."""
    sent_ms = [0, 100, 200, 130_000, 130_100]
    bag = write(path / "bag", {ms: [1.0] * 4 for ms in sent_ms})
    found = replayed(spec, bag, sleep_after_s=sleep_after_s)
    motor = [item.fields for item in messages(found, SPIKES) if item.topic == "spikes/motor"]
    starts_ms = [(fields["header"]["stamp"] - START_NS) // MS for fields in motor]
    return starts_ms, [
        start_ms + fields["span_ns"] // MS
        for start_ms, fields in zip(starts_ms, motor, strict=True)
    ]


def test_a_silence_of_minutes_is_run_through_as_a_live_clock_would(
    spec: NetworkSpec, tmp_path: Path
) -> None:
    starts_ms, ends_ms = spans_of_silence(spec, tmp_path, 0.0)
    assert ends_ms[:-1] == starts_ms[1:]
    assert starts_ms[0] == 0


def test_a_network_sleeps_through_a_silence(spec: NetworkSpec, tmp_path: Path) -> None:
    starts_ms, ends_ms = spans_of_silence(spec, tmp_path, 1.0)
    slept = [
        (end, start) for end, start in zip(ends_ms, starts_ms[1:], strict=False) if end != start
    ]
    ((asleep_ms, awake_ms),) = slept
    assert 1200 <= asleep_ms <= 1340
    assert 130_000 <= awake_ms <= 130_010


def test_energy_is_reported_for_the_whole_recording(spec: NetworkSpec, tmp_path: Path) -> None:
    path = write(tmp_path / "bag", {ms: [1.0] * 4 for ms in range(0, 2000, 100)})
    reports = messages(replayed(spec, path), ENERGY)
    assert sum(item.fields["ticks"] for item in reports) == pytest.approx(2100, abs=20)


def test_rewards_of_a_recording_teach_the_same_every_time(
    spec: NetworkSpec, tmp_path: Path
) -> None:
    rule = RewardStdp(learning_rate=0.5)
    projections = (Projection("scan", "motor", 0.7, plasticity=rule),)
    learner = dataclasses.replace(spec, projections=projections)
    path = write(tmp_path / "bag", {ms: [1.0] * 4 for ms in range(0, 2000, 100)})
    given = tmp_path / "rewarded"
    with open_recording(path) as recording, RecordingWriter(given) as writer:
        for number, message in enumerate(recording.messages(["/scan"])):
            writer.write("/scan", SCAN, message.raw, message.log_ns)
            writer.write("/reward", FLOAT32, {"data": -0.5 if number < 15 else 7.0}, message.log_ns)

    def learned(topics: dict[str, str]) -> tuple[Values, list[Rejected]]:
        pipeline = Pipeline(StreamingNetwork(learner))
        hardware = Hardware(find_hardware("loihi2"), find_hardware("horowitz_45nm_fp32"))
        with open_recording(given) as recording:
            found = list(replay(pipeline, recording, topics, EnergyAccount(hardware)))
        assert pipeline.core.learning
        weights = pipeline.core.learning.learned().weights["scan -> motor"]
        return weights, [item for item in found if isinstance(item, Rejected)]

    weights, rejected = learned({"scan": "/scan", "reward": "/reward"})
    assert np.all(learned({"scan": "/scan"})[0] == np.float32(0.7))
    assert not np.any(weights == np.float32(0.7))
    assert np.array_equal(learned({"scan": "/scan", "reward": "/reward"})[0], weights)
    assert [each.reason for each in rejected] == ["reward 7.0 is outside of -1..1"] * 5
