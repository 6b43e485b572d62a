"""What is read from the recording of a run."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.encoding.scan import Scan
from neuromorphic_ros.pipeline.outputs import ENERGY, SPIKES
from neuromorphic_ros.report.record import LONGEST_SIDE, Record, nearest_of, read_record

from .conftest import SPIKES_A_STEP, START_NS, STEPS, write_run


def test_every_kind_is_read(record: Record) -> None:
    assert record.network == "made_up"
    assert len(record.pictures) == len(record.commands) == len(record.detections) == STEPS
    assert list(record.spikes) == ["dvs", "motor"]
    assert len(record.spikes["motor"]) == STEPS * SPIKES_A_STEP
    assert record.counts["/cmd_vel"] == STEPS
    assert sum(len(found.boxes) for found in record.detections) == STEPS // 2
    line = record.diagnostics["pipeline: input scan"]
    assert (line.worst, line.worst_message, line.values["rejected"]) == (1, "<odd>", "2")
    assert record.unreadable == 0


def test_totals_of_energy_are_not_windows(tmp_path) -> None:
    with RecordingWriter(tmp_path / "energy") as writer:
        for topic in ("/robot1/energy", "/robot1/energy/total", "/energy/total"):
            writer.write(topic, ENERGY, {"window_s": 1.0}, START_NS)
    assert len(read_record(tmp_path / "energy").energy) == 1


def test_time_begins_with_the_run(record: Record) -> None:
    assert record.seconds(START_NS) == 0.0
    assert record.seconds(np.array([START_NS + 500_000_000])).tolist() == [0.5]


def test_the_nearest_return_of_each_side_is_found(record: Record) -> None:
    assert record.nearest[0].metres == {"left": 4.0, "ahead": 3.0, "right": 1.0}


@pytest.mark.parametrize("turns", [-1, 1])
def test_a_scan_may_begin_behind_the_robot(turns: int) -> None:
    ranges = np.array([5.0, 2.0], np.float32)
    scan = Scan(ranges, turns * math.tau, math.pi, 0.1, 10.0)
    assert nearest_of(scan, 0).metres["ahead"] == 5.0


def test_returns_that_are_none_do_not_count() -> None:
    ranges = np.array([0.05, math.nan, math.inf, 20.0], np.float32)
    scan = Scan(ranges, -0.2, 0.1, 0.1, 10.0)
    assert nearest_of(scan, 0).metres == dict.fromkeys(("left", "ahead", "right"), math.inf)


def test_large_pictures_are_kept_small(tmp_path) -> None:
    image = {"height": 400, "width": 1000, "encoding": "mono8", "step": 1000}
    with RecordingWriter(tmp_path / "large") as writer:
        writer.write(
            "/image",
            "sensor_msgs/msg/Image",
            image | {"data": np.zeros(400_000, np.uint8)},
            START_NS,
        )
    assert read_record(tmp_path / "large").pictures[0].grey.shape == (192, LONGEST_SIDE)


def test_unreadable_messages_are_counted(tmp_path) -> None:
    wrong = {"population": "odd", "shape": np.array([1], np.uint32)}
    wrong |= {"address": np.array([9], np.uint32), "offset_ns": np.array([0], np.uint32)}
    with RecordingWriter(tmp_path / "odd") as writer:
        writer.write("/spikes/odd", SPIKES, wrong, START_NS)
    record = read_record(tmp_path / "odd")
    assert record.unreadable == 1
    assert record.spikes == {}


def test_equal_runs_give_equal_records(tmp_path, record: Record) -> None:
    write_run(tmp_path / "again")
    again = read_record(tmp_path / "again")
    assert again.commands == record.commands
    assert again.spikes == record.spikes
