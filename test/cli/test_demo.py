"""`neuromorphic demo`: what it refuses, and one of each way in which it ends."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.cli import node_commands
from neuromorphic_ros.cli.demo_source import recorded
from neuromorphic_ros.cli.domain import own_domain
from neuromorphic_ros.cli.main import main
from neuromorphic_ros.cli.node_log import LogError, NodeLog
from neuromorphic_ros.report.record import read_record
from neuromorphic_ros.resources import share_directory

ROBOT = share_directory() / "recordings" / "wheeled_robot"
IMAGE = ("/camera", "sensor_msgs/msg/Image")
SCAN = ("/scan", "sensor_msgs/msg/LaserScan")
IMU = ("/imu", "sensor_msgs/msg/Imu")
STAMP_NS = 5_000_000_000
PATIENCE_S = 60.0


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a recording of one empty message per topic."""

    def write(*topics: tuple[str, str]) -> Path:
        path = tmp_path / "bag"
        with RecordingWriter(path) as writer:
            for topic, kind in topics:
                writer.write(topic, kind, {}, STAMP_NS)
        return path

    return write


def refusal(capfd: pytest.CaptureFixture[str], out: Path, *arguments: str) -> str:
    assert main(["demo", "--out", str(out), *arguments]) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("neuromorphic: ")
    assert captured.err.count("\n") == 1
    assert not out.exists()
    return captured.err


@pytest.mark.parametrize(
    ("topics", "network"),
    [
        ((IMAGE, SCAN, IMU), "robot"),
        ((IMAGE, SCAN), "obstacle_avoider"),
        ((SCAN,), "obstacle_avoider"),
        ((IMAGE, IMU), "motion_detector"),
    ],
)
def test_the_network_follows_from_the_recording(
    record: Callable[..., Path], topics: tuple[tuple[str, str], ...], network: str
) -> None:
    assert recorded(record(*topics), None, {}, 40.0).network == network


def test_a_topic_can_be_chosen(record: Callable[..., Path]) -> None:
    path = record(SCAN, ("/rear_scan", SCAN[1]))
    assert recorded(path, None, {"scan": "/rear_scan"}, 40.0).topics == {"scan": "/rear_scan"}


def test_long_recordings_are_cut() -> None:
    assert recorded(ROBOT, None, {}, 40.0).duration_s == pytest.approx(19.98)
    assert recorded(ROBOT, None, {}, 3.0).duration_s == 3.0


def test_a_video_drives_the_motion_detector(tmp_path: Path) -> None:
    path = tmp_path / "video.avi"
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (32, 24))
    for _ in range(20):
        video.write(np.zeros((24, 32, 3), np.uint8))
    video.release()
    source = recorded(path, None, {}, 40.0)
    assert (source.network, source.topics) == ("motion_detector", {"camera": "/camera/image_raw"})


def test_a_recording_without_a_usable_topic_is_refused(
    record: Callable[..., Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    error = refusal(capfd, tmp_path / "out", str(record(IMU)))
    assert "neither images nor laser scans" in error
    assert "sensor_msgs/msg/Imu" in error


def test_a_truncated_recording_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = next(ROBOT.glob("*.mcap"))
    broken = tmp_path / file.name
    broken.write_bytes(file.read_bytes()[:100_000])
    assert "truncated" in refusal(capfd, tmp_path / "out", str(broken))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("/nonexistent",), "does not exist"),
        (("--device", "99"), "camera or video '99' cannot be opened"),
        (("--device", "99", "--network", "robot"), "listens to imu, scan as well"),
        (("--duration", "0"), "--duration is 0"),
        (("--duration", "nan"), "--duration is nan"),
        (("--network", "none_such"), "network 'none_such'"),
        (("--profile", "none_such"), "profile 'none_such'"),
        (("--topic", "scan"), "'scan' is not NAME=VALUE"),
        (("--topic", "scan=/none_such"), "/none_such"),
    ],
)
def test_wrong_arguments_are_refused(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    complaint: str,
) -> None:
    assert complaint in refusal(capfd, tmp_path / "out", *arguments)


def test_without_ros_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(node_commands.importlib.util, "find_spec", lambda name: None)
    assert "need ROS 2" in refusal(capfd, tmp_path / "out")


def test_domains_are_not_shared() -> None:
    with own_domain() as one, own_domain() as other:
        assert one != other
        assert {one, other} <= set(range(1, 102))


def test_the_log_remembers_who_failed(tmp_path: Path) -> None:
    with NodeLog(tmp_path / "new" / "nodes.log") as log:
        for number in range(20):
            log.write(f"[pipeline] line {number}\n")
        log.write("[recorder] all is well\n")
        log.write("neuromorphic: pipeline has ended with exit code 3; stopping the others\n")
        assert not log.was_interrupted
        lines = log.failure().splitlines()
    assert lines[0] == "pipeline has ended with exit code 3"
    assert lines[-1] == "line 19"
    assert len(lines) == 13
    assert (tmp_path / "new" / "nodes.log").read_text().startswith("[pipeline] line 0\n")


def test_a_log_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="cannot be written"):
        NodeLog(tmp_path)


def started(out: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a demonstration as a user would, its output not on a terminal."""
    pytest.importorskip("rclpy", reason="no ROS 2; run `make`, or source a ROS installation")
    command = [sys.executable, "-m", "neuromorphic_ros.cli.main", "demo", "--out", str(out)]
    return subprocess.Popen(
        [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def until_lines_come(process: subprocess.Popen[str]) -> None:
    """Return when the first line of live figures has come."""
    assert process.stdout
    for line in process.stdout:
        if " s | " in line:
            return
    raise AssertionError("it ended without a line of figures")


@pytest.mark.ros
@pytest.mark.slow
def test_a_run_ends_by_itself_with_a_report(tmp_path: Path) -> None:
    begun_s = time.monotonic()
    # Energy is told once in a second, by a node that a busy machine may connect late.
    process = started(tmp_path, "--duration", "10")
    output, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    assert time.monotonic() - begun_s < PATIENCE_S

    lines = [line for line in output.splitlines() if " s | " in line]
    assert lines
    for part in ("camera", "scan", "imu", "cmd_vel", "J/tick", "measured: not measured"):
        assert part in lines[-1]

    run = read_record(tmp_path / "recording")
    assert run.network == "robot"
    assert 9.0 < (run.end_ns - run.start_ns) / 1e9 < 11.0
    assert {"dvs", "scan", "imu", "motor"} <= run.spikes.keys()
    assert len(run.spikes["dvs"]) > 1000
    assert len(run.spikes["motor"]) > 10
    assert max(abs(command.linear_m_s) for command in run.commands) > 0.05
    assert len(run.nearest) > 20
    assert run.detections
    assert run.energy
    assert run.unreadable == 0

    page = (tmp_path / "report.html").read_text()
    sections = re.findall(r"<section><h2>(.*?)</h2>(.*?)</section>", page, re.DOTALL)
    assert len(sections) == 7
    for title, content in sections[1:6]:
        assert "data:image/png;base64," in content, f"no figure of {title}"


@pytest.mark.ros
@pytest.mark.slow
def test_an_interrupted_run_has_a_report_of_what_was_received(tmp_path: Path) -> None:
    process = started(tmp_path)
    until_lines_come(process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    assert (tmp_path / "report.html").is_file()
    assert "/camera/image_raw" in read_record(tmp_path / "recording").types


@pytest.mark.ros
@pytest.mark.slow
def test_a_node_that_dies_is_named(tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    process = started(tmp_path)
    until_lines_come(process)
    children = psutil.Process(process.pid).children()
    (victim,) = [child for child in children if "energy_monitor" in " ".join(child.cmdline())]
    victim.kill()
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "energy_monitor has ended with SIGKILL" in errors
    assert (tmp_path / "report.html").is_file()
    _, alive = psutil.wait_procs(children, timeout=1)
    assert not alive
