"""The recorder."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import numpy as np
import pytest
from harness import Robot, eventually

from neuromorphic_ros.bags.reader import open_recording

pytestmark = pytest.mark.ros

SCAN = "sensor_msgs/msg/LaserScan"
IMAGE = "sensor_msgs/msg/Image"


def test_it_records_all_that_is_published(robot: Robot, tmp_path: Path) -> None:
    path = tmp_path / "bag"
    publisher = robot.listener.publisher("/scan", SCAN)
    recorder = robot.start("recorder", {"path": path, "topics": ["/scan"]})
    eventually(publisher.get_subscription_count, "the recorder listens")
    fields = {"range_max": 5.0, "ranges": np.arange(7, dtype=np.float32)}
    for _ in range(10):
        robot.listener.publish(publisher, SCAN, fields)
        time.sleep(0.1)
    assert not path.exists(), "a recording appears when it is complete"
    assert robot.stop(recorder) == 0, recorder.output
    with open_recording(path) as recording:
        assert set(recording.topics) == {"/scan"}
        # Not the bytes: what DDS pads fields with is left to chance.
        scans = [message.decode() for message in recording.messages()]
    assert [(scan.range_max, scan.ranges.tolist()) for scan in scans] == [(5.0, [*range(7)])] * 10


def test_it_ends_by_itself_and_thins_images(robot: Robot, tmp_path: Path) -> None:
    path = tmp_path / "bag"
    publisher = robot.listener.publisher("/image", IMAGE)
    limits = {"duration_s": 5.0, "image_period_s": 0.4}
    # It may have ended before it could be asked for its state.
    recorder = robot.start("recorder", {"path": path, **limits}, until="")

    def has_ended() -> bool:
        robot.listener.publish(publisher, IMAGE, {"height": 1})
        time.sleep(0.02)
        return not recorder.is_alive

    eventually(has_ended, "the recorder ends")
    assert recorder.wait() == 0, recorder.output
    with open_recording(path) as recording:
        assert 2 <= recording.topics["/image"].count <= 15
        assert "/diagnostics" in recording.topics


def test_a_recording_that_exists_is_kept(robot: Robot, tmp_path: Path) -> None:
    mine = tmp_path / "bag" / "mine"
    mine.parent.mkdir()
    mine.touch()
    recorder = robot.start("recorder", {"path": tmp_path / "bag"}, until="unconfigured")
    eventually(lambda: "exists already" in recorder.output, "it says why")
    assert robot.stop(recorder) == 0
    assert list(mine.parent.iterdir()) == [mine]


def test_it_ends_with_0_when_interrupted_twice(robot: Robot, tmp_path: Path) -> None:
    process = robot.start("recorder", {"path": tmp_path / "bag"})
    process.signal(signal.SIGINT)
    process.signal(signal.SIGINT)
    assert process.wait() == 0, process.output
    assert "Traceback" not in process.output
