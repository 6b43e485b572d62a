"""The video node over DDS, with real files and devices that are not there."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from harness import Received, Robot, eventually
from sensors.calibrations import write_calibration
from sensors.ip_camera import IpCamera
from sensors.videos import number, write_variable_rate_video, write_video

pytestmark = pytest.mark.ros

IMAGE = "sensor_msgs/msg/Image"
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
SOURCE = "video_source: source"
CALIBRATION = "video_source: calibration"
ERROR = 2


def stamp_ns(received: Received) -> int:
    stamp = received.message.header.stamp
    return int(stamp.sec * 1_000_000_000 + stamp.nanosec)


def steps_s(pictures: list[Received]) -> np.ndarray:
    return np.diff([stamp_ns(picture) for picture in pictures]) / 1e9


def numbers(pictures: list[Received]) -> list[int]:
    return [number(np.asarray(picture.message.data)) for picture in pictures]


def watch(robot: Robot) -> tuple[list[Received], list[Received]]:
    """Return what comes on image_raw and camera_info."""
    pictures = robot.listener.collect("image_raw", IMAGE)
    return pictures, robot.listener.collect("camera_info", CAMERA_INFO)


@pytest.fixture
def ip_camera() -> Iterator[IpCamera]:
    with closing(IpCamera()) as served:
        yield served


def play_from_the_start(robot: Robot, **values: object) -> None:
    """Start it so that nothing is missed of a video that is played once."""
    robot.start("video_source", values | {"autostart": False}, until="unconfigured")
    for transition in ("configure", "activate"):
        assert robot.listener.transition("video_source", transition)


def test_a_video_is_played_once_at_its_own_times(robot: Robot, tmp_path: Path) -> None:
    times_ms = [0, 50, 100, 500, 550, 1000]
    video = write_variable_rate_video(tmp_path / "v.mkv", times_ms)
    pictures, infos = watch(robot)
    before_ns = time.time_ns()
    play_from_the_start(robot, source=video, loop=False, frame_id="eye")
    robot.listener.reports(SOURCE, "has ended")
    eventually(lambda: len(pictures) == len(infos) == len(times_ms), "all pictures came")
    assert numbers(pictures) == list(range(6))
    assert steps_s(pictures) == pytest.approx(np.diff(times_ms) / 1000, abs=0.05)
    assert before_ns < stamp_ns(pictures[0])
    assert stamp_ns(pictures[-1]) < time.time_ns()
    picture = pictures[0].message
    assert (picture.height, picture.width, picture.step) == (16, 32, 96)
    assert (picture.encoding, picture.header.frame_id) == ("bgr8", "eye")
    assert [stamp_ns(info) for info in infos] == [stamp_ns(picture) for picture in pictures]


def test_an_uncalibrated_camera_says_its_size_alone(robot: Robot, tmp_path: Path) -> None:
    _, infos = watch(robot)
    robot.start("video_source", {"source": write_video(tmp_path / "v.avi"), "frame_id": "eye"})
    info = eventually(lambda: infos, "camera_info")[0].message
    assert (info.width, info.height, info.header.frame_id) == (32, 16, "eye")
    assert not np.concatenate([info.d, info.k, info.r, info.p]).any()
    assert robot.listener.reports(CALIBRATION, "none: camera_info holds the size alone")


def test_a_calibration_comes_with_every_picture(robot: Robot, tmp_path: Path) -> None:
    file = write_calibration(tmp_path / "camera.yaml", image_width=32, image_height=16)
    _, infos = watch(robot)
    video = write_video(tmp_path / "v.avi")
    robot.start("video_source", {"source": video, "camera_info_url": f"file://{file}"})
    info = eventually(lambda: infos, "camera_info")[0].message
    assert (info.width, info.height, info.distortion_model) == (32, 16, "plumb_bob")
    assert info.k[0] == 438.783
    assert info.p[2] == 322.797
    assert list(info.d) == [-0.361976, 0.110511, 0.001014, 0.000505, 0.0]
    assert robot.listener.reports(CALIBRATION, "calibrated") == "calibrated"


def test_a_wrong_calibration_is_reported_and_not_used(robot: Robot, tmp_path: Path) -> None:
    large = write_calibration(tmp_path / "large.yaml")
    _, infos = watch(robot)
    video = write_video(tmp_path / "v.avi")
    robot.start("video_source", {"source": video, "camera_info_url": large})
    robot.listener.reports(CALIBRATION, "of 640x480 pictures, not of 32x16, and not used")
    assert not eventually(lambda: infos, "camera_info")[0].message.k.any()
    for url, reason in (
        (str(tmp_path / "no.yaml"), "cannot be read"),
        ("package://no_such_package/camera.yaml", "'no_such_package' is not installed"),
    ):
        assert robot.listener.set_parameters("video_source", camera_info_url=url) == [""]
        robot.listener.reports(CALIBRATION, reason)
        assert robot.listener.status(CALIBRATION)[0] == ERROR
    small = write_calibration(tmp_path / "small.yaml", image_width=32, image_height=16)
    assert robot.listener.set_parameters("video_source", camera_info_url=str(small)) == [""]
    robot.listener.reports(CALIBRATION, "calibrated")


def test_a_loop_goes_on_without_a_gap_at_any_rate(robot: Robot, tmp_path: Path) -> None:
    pictures, _ = watch(robot)
    video = write_video(tmp_path / "v.avi", 5)
    robot.start("video_source", {"source": video, "rate": 2.0})
    eventually(lambda: len(pictures) >= 23, "the video is over four times")
    came = pictures[:23]
    first = numbers(came)[0]
    assert numbers(came) == [(first + index) % 5 for index in range(23)]
    assert np.median(steps_s(came)) == pytest.approx(0.05, abs=0.01)
    assert steps_s(came).sum() == pytest.approx(22 * 0.05, rel=0.1)
    assert robot.listener.set_parameters("video_source", rate=0.5) == [""]
    before = len(pictures) + 2
    eventually(lambda: len(pictures) >= before + 6, "it plays more slowly")
    assert np.median(steps_s(pictures[before:])) == pytest.approx(0.2, abs=0.02)


def test_a_video_that_vanishes_is_reported_and_played_when_it_is_back(
    robot: Robot, tmp_path: Path
) -> None:
    video = write_video(tmp_path / "v.avi", 5)
    pictures, _ = watch(robot)
    robot.start("video_source", {"source": video})
    eventually(lambda: pictures, "it plays")
    video.rename(tmp_path / "away.avi")
    said = robot.listener.reports(SOURCE, "does not exist")
    assert said.endswith("; trying again in 0.25 s")
    assert robot.listener.status(SOURCE)[0] == ERROR
    robot.listener.reports(SOURCE, "trying again in 1 s")
    (tmp_path / "away.avi").rename(video)
    before = len(pictures)
    robot.listener.reports(SOURCE, "capturing")
    eventually(lambda: len(pictures) > before, "it plays again")
    assert steps_s(pictures).min() > 0.0


def test_a_camera_that_is_unplugged_is_reported_and_used_when_it_is_back(
    robot: Robot, ip_camera: IpCamera
) -> None:
    pictures, infos = watch(robot)
    robot.start("video_source", {"source": ip_camera.url, "loop": False})
    eventually(lambda: len(pictures) > 20, "it captures")
    assert np.median(steps_s(pictures)) == pytest.approx(0.05, abs=0.01)
    age_s = pictures[-1].at_s - time.monotonic() + time.time() - stamp_ns(pictures[-1]) / 1e9
    assert 0.0 < age_s < 0.1
    ip_camera.plugged = False
    robot.listener.reports(SOURCE, "gives no picture; check its cable")
    robot.listener.reports(SOURCE, "cannot be opened")
    assert robot.listener.status(SOURCE)[0] == ERROR
    before = len(pictures)
    ip_camera.plugged = True
    robot.listener.reports(SOURCE, "capturing")
    eventually(lambda: len(pictures) > before + 5, "it captures again")
    assert steps_s(pictures).min() > 0.0
    eventually(lambda: len(infos) >= len(pictures), "camera_info comes with each")


def test_a_camera_that_hangs_is_reported_until_it_goes_on(
    robot: Robot, ip_camera: IpCamera
) -> None:
    pictures, _ = watch(robot)
    robot.start("video_source", {"source": ip_camera.url, "timeout_s": 0.5})
    eventually(lambda: pictures, "it captures")
    ip_camera.frozen = True
    robot.listener.reports(SOURCE, "gives no picture and does not answer")
    assert robot.listener.status(SOURCE)[0] == ERROR
    ip_camera.frozen = False
    robot.listener.reports(SOURCE, "capturing")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (97, "camera or video '97' cannot be opened; check that it exists"),
        ("/dev/video97", "camera or video '/dev/video97' cannot be opened"),
        ("'nvarguscamerasrc ! fakesink'", "does not end in appsink"),
    ],
)
def test_what_cannot_be_opened_is_reported_and_retried(
    robot: Robot, source: object, reason: str
) -> None:
    process = robot.start("video_source", {"source": source})
    said = robot.listener.reports(SOURCE, reason)
    assert "; trying again in" in said
    eventually(
        lambda: int(robot.listener.status_values(SOURCE).get("failures", 0)) >= 3, "it tries again"
    )
    process.signal(signal.SIGINT)
    process.signal(signal.SIGINT)
    assert process.wait() == 0, process.output
    assert "Traceback" not in process.output


def test_another_source_is_used_at_once(robot: Robot, tmp_path: Path) -> None:
    pictures, _ = watch(robot)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a video")
    robot.start("video_source", {"source": broken})
    robot.listener.reports(SOURCE, "cannot be opened")
    video = str(write_video(tmp_path / "v.avi"))
    assert robot.listener.set_parameters("video_source", source=video) == [""]
    robot.listener.reports(SOURCE, f"capturing '{video}'")
    eventually(lambda: pictures, "it plays")


def test_a_source_that_hangs_is_reported_and_does_not_keep_the_node(
    robot: Robot, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe.avi"
    os.mkfifo(pipe)
    process = robot.start("video_source", {"source": pipe, "timeout_s": 0.5})
    said = robot.listener.reports(SOURCE, "gives no picture and does not answer")
    assert str(pipe) in said
    assert robot.listener.status(SOURCE)[0] == ERROR
    began_s = time.monotonic()
    assert robot.stop(process) == 0, process.output
    assert time.monotonic() - began_s < 5.0
    assert "Traceback" not in process.output


@pytest.mark.data
def test_a_real_video_comes_at_its_rate(robot: Robot, shared_data: Path) -> None:
    pictures, infos = watch(robot)
    robot.start("video_source", {"source": shared_data / "videos" / "bikes.mp4"})
    eventually(lambda: len(pictures) >= 50 and len(infos) >= 50, "two seconds of it")
    assert np.median(steps_s(pictures)) == pytest.approx(0.04, abs=0.005)
    assert steps_s(pictures).sum() == pytest.approx(0.04 * (len(pictures) - 1), rel=0.05)
    picture = pictures[0].message
    assert (picture.width, picture.height, len(picture.data)) == (640, 272, 640 * 272 * 3)
