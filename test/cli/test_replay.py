"""`neuromorphic replay`, as scripts use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.cli.main import main
from neuromorphic_ros.resources import share_directory

RECORDING = share_directory() / "recordings" / "wheeled_robot"


def replayed(capsys: pytest.CaptureFixture[str], recording: Path, *options: str) -> dict[str, Any]:
    assert main(["replay", str(recording), "--json", *options]) == 0
    summary: dict[str, Any] = json.loads(capsys.readouterr().out)
    return summary


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["replay", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.strip().splitlines()
    assert lines[-1].startswith("neuromorphic: ")
    return lines[-1]


@pytest.fixture
def short_recording(tmp_path: Path) -> Path:
    """A copy of the first two seconds of the shipped recording."""
    path = tmp_path / "short"
    with open_recording(RECORDING) as recording, RecordingWriter(path) as writer:
        for message in recording.messages():
            if message.log_ns < recording.start_ns + 2_000_000_000:
                writer.write(message.topic, message.type, message.raw, message.log_ns)
    return path


def test_twice_gives_the_same_bytes(
    short_recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summaries = [
        replayed(
            capsys, short_recording, "--network", "robot", "--out", str(tmp_path / run / "out")
        )
        for run in ("first", "second")
    ]
    assert summaries[0]["topics"] == summaries[1]["topics"]
    files = [sorted((tmp_path / run / "out").iterdir()) for run in ("first", "second")]
    assert [file.name for file in files[0]] == [file.name for file in files[1]]
    for first, second in zip(*files, strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_the_summary_agrees_with_the_bag_that_is_written(
    short_recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    summary = replayed(capsys, short_recording, "--network", "robot", "--out", str(out))
    with open_recording(out) as written:
        assert {topic: (info.type, info.count) for topic, info in written.topics.items()} == {
            topic: (item["type"], item["count"]) for topic, item in summary["topics"].items()
        }
        spikes: dict[str, int] = {}
        for message in written.messages():
            if message.type == "neuromorphic_ros/msg/SpikeArray":
                array = message.decode()
                spikes[array.population] = spikes.get(array.population, 0) + array.address.size
    assert spikes == summary["spikes"]
    assert summary["topics"]["/cmd_vel"]["type"] == "geometry_msgs/msg/TwistStamped"
    assert summary["topics"]["/detections"]["count"] > 0
    assert summary["duration_s"] == pytest.approx(1.98)
    assert summary["ticks"] > 1000
    assert summary["energy"]["measured_j"] is None


def test_a_parameter_changes_the_outcome(
    short_recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = replayed(capsys, short_recording, "--network", "obstacle_avoider")
    slower = replayed(
        capsys,
        short_recording,
        "--network",
        "obstacle_avoider",
        "-p",
        "limits.max_linear_m_s=0.05",
    )
    assert usual["topics"]["/spikes/motor"] == slower["topics"]["/spikes/motor"]
    assert usual["topics"]["/cmd_vel"] != slower["topics"]["/cmd_vel"]


@pytest.mark.data
def test_every_kind_of_recording_is_replayed(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hokuyo = replayed(
        capsys,
        shared_data / "bag_scan_dual_hokuyo",
        "--network",
        "obstacle_avoider",
        "--topic",
        "scan=/rear_scan",
    )
    sqlite = replayed(
        capsys, shared_data / "bag_scan_ydlidar_ros2", "--network", "obstacle_avoider"
    )
    assert hokuyo["duration_s"] == pytest.approx(33.0, abs=0.1)
    assert hokuyo["late_spikes"] == sqlite["late_spikes"] == 0
    assert hokuyo["realtime_factor"] > 1


EVENTS = "bag_events_evt3_vga_ros2"


@pytest.mark.data
def test_an_event_camera_drives_the_network_of_an_ordinary_one(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person walks through the middle of the picture in the second half of the recording."""
    out = tmp_path / "out"
    options = (shared_data / EVENTS, "--network", "motion_detector")
    first = replayed(capsys, *options, "--out", str(out))
    assert first["counters"]["dvs.packets"] == 517
    assert first["counters"]["dvs.decoded_events"] == 343_474
    assert first["counters"]["dvs.lost_packets"] == first["counters"]["dvs.invalid_events"] == 0
    assert first["topics"] == replayed(capsys, *options)["topics"]
    with open_recording(out) as written:
        windows = [message.decode() for message in written.messages(["/detections"])]
    boxes = [box for window in windows for box in window.detections]
    assert sum(bool(window.detections) for window in windows[8:16]) >= 6
    assert {(window.image_width, window.image_height) for window in windows[1:]} == {(640, 480)}
    assert all(300 < box.center_x < 420 for box in boxes)


@pytest.mark.data
def test_lost_packets_and_a_region_that_does_not_fit_are_told(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "lossy"
    with open_recording(shared_data / EVENTS) as recording, RecordingWriter(path) as writer:
        for index, message in enumerate(recording.messages()):
            if not 100 <= index < 110:
                writer.write(message.topic, message.type, message.raw, message.log_ns)
    options = [str(path), "--network", "motion_detector"]
    assert main(["replay", *options]) == 0
    captured = capsys.readouterr()
    assert "dvs: 10 packets were lost on the way" in captured.err
    assert "dvs.lost_packets: 10" in captured.out
    assert main(["replay", *options, "-p", "dvs.roi_x_offset=600", "-p", "dvs.roi_width=128"]) == 0
    said = capsys.readouterr().err
    assert "region of 128x480 pixels at (600, 0) is not inside the picture of 640x480" in said


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--network", "nowhere"], "shipped are"),
        (["--network", "adaptive_avoider", "--profile", "loihi"], "near -> motor[1:3] learns"),
        (["--network", "robot", "--profile", "nowhere"], "shipped are"),
        (["--network", "robot", "--topic", "scan=/nowhere"], "it has"),
        (["--network", "robot", "--topic", "scan"], "NAME=VALUE"),
        (["--network", "robot", "-p", "drive.gain=1"], "is unknown"),
        (["--network", "robot", "-p", "drive.tau_ms=-1"], "greater than"),
        (["--network", "robot", "-p", "drive.tau_ms=fast"], "valid number"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    options: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reason in refusal(capsys, str(RECORDING), *options)


def test_the_integers_of_loihi_command_nearly_what_float_does(
    short_recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = replayed(capsys, short_recording, "--profile", "loihi")["agreement"]
    assert found["commands"]["compared"] > 50
    for axis in ("linear_rms_m_s", "angular_rms_rad_s"):
        commands = found["commands"]
        assert commands[axis] < 0.1 * commands[f"reference_{axis}"]
    rates = {name: of["rates"] for name, of in found["populations"].items()}
    assert min(rates.values()) > 0.95, rates


def test_a_missing_recording_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "does not exist" in refusal(capsys, str(tmp_path / "nowhere"), "--network", "robot")


def test_a_recording_without_a_needed_sensor_is_refused(
    short_recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "imu_only"
    with open_recording(short_recording) as recording, RecordingWriter(path) as writer:
        for message in recording.messages(["/imu"]):
            writer.write(message.topic, message.type, message.raw, message.log_ns)
    assert "no topic for 'scan'" in refusal(capsys, str(path), "--network", "obstacle_avoider")


def test_what_was_written_is_not_overwritten_unasked(
    short_recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    replayed(capsys, short_recording, "--network", "robot", "--out", str(out))
    before = sorted(file.read_bytes() for file in out.iterdir())
    message = refusal(capsys, str(short_recording), "--network", "robot", "--out", str(out))
    assert "exists already" in message
    assert sorted(file.read_bytes() for file in out.iterdir()) == before


def test_a_run_on_other_hardware_is_compared_with_that_in_float(
    short_recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--network", "obstacle_avoider", "--profile")
    in_float = replayed(capsys, short_recording, *options, "jetson")
    on_cores = replayed(capsys, short_recording, *options, "truenorth")
    motor = in_float["agreement"]["populations"]["motor"]
    assert motor["spikes"] == motor["rates"] == 1
    assert motor["fired"] == in_float["spikes"]["motor"]
    assert in_float["agreement"]["commands"]["angular_rms_rad_s"] == 0
    motor = on_cores["agreement"]["populations"]["motor"]
    assert motor["fired"] == on_cores["spikes"]["motor"]
    assert motor["reference_fired"] == in_float["spikes"]["motor"]
    assert 0.5 < motor["rates"] <= 1
    compared = on_cores["agreement"]["commands"]
    assert compared["compared"] == on_cores["topics"]["/cmd_vel"]["count"]
    assert 0 <= compared["linear_rms_m_s"] < compared["reference_linear_rms_m_s"]
