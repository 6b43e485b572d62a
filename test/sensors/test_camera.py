from __future__ import annotations

from contextlib import closing
from itertools import pairwise
from pathlib import Path

import cv2
import pytest

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.sensors import camera as camera_module
from neuromorphic_ros.sensors.camera import Camera, CameraRequest, frames

from .ip_camera import IpCamera
from .videos import number, write_variable_rate_video, write_video


def grab_all(camera: Camera) -> None:
    while camera.grab():
        pass


@pytest.mark.parametrize(
    ("source", "live"),
    [
        ("0", True),
        ("/dev/video0", True),
        ("/dev/v4l/by-id/usb-camera-index0", True),
        ("rtsp://camera/stream", True),
        ("nvarguscamerasrc ! video/x-raw(memory:NVMM) ! nvvidconv ! appsink", True),
        ("v4l2src uri=http://host ! appsink", True),
        ("video.mp4", False),
        ("folder/0/video.mkv", False),
    ],
)
def test_what_paces_itself_is_known(source: str, live: bool) -> None:
    assert CameraRequest(source).is_live is live


@pytest.mark.parametrize("suffix", [".avi", ".mkv"])
def test_frames_come_with_their_times(tmp_path: Path, suffix: str) -> None:
    read = list(frames(str(write_video(tmp_path / f"v{suffix}", 7))))
    assert [number(frame.picture) for frame in read] == list(range(7))
    assert [frame.position_ns for frame in read] == [i * 100_000_000 for i in range(7)]
    assert read[0].picture.shape == (16, 32, 3)


def test_a_variable_rate_is_kept(tmp_path: Path) -> None:
    times_ms = [0, 30, 200, 210, 900]
    path = write_variable_rate_video(tmp_path / "v.mkv", times_ms)
    assert [frame.position_ns // 1_000_000 for frame in frames(str(path))] == times_ms


@pytest.mark.data
def test_the_variable_rate_of_a_real_video_is_kept(shared_data: Path) -> None:
    video = shared_data / "videos" / "tree.avi"
    positions_ns = [frame.position_ns for frame in frames(str(video))]
    steps_ms = {round((b - a) / 1e6) for a, b in pairwise(positions_ns)}
    assert len(positions_ns) == 68
    assert min(steps_ms) == 333
    assert max(steps_ms) == 733


def test_a_video_begins_again(tmp_path: Path) -> None:
    with closing(Camera(CameraRequest(str(write_video(tmp_path / "v.avi", 3))))) as camera:
        grab_all(camera)
        assert not camera.grab()
        camera.rewind()
        assert camera.grab()
        assert number(camera.picture()) == 0
        assert camera.period_ns == 100_000_000


def test_a_video_that_is_gone_does_not_begin_again(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.avi", 3)
    with closing(Camera(CameraRequest(str(path)))) as camera:
        path.unlink()
        with pytest.raises(SensorError, match=r"v\.avi' does not exist"):
            camera.rewind()


def test_what_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(SensorError, match=r"video '.*no\.mp4' does not exist"):
        Camera(CameraRequest(str(tmp_path / "no.mp4")))


@pytest.mark.parametrize("content", [b"", b"not a video", bytes(10_000)])
def test_what_is_no_video_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "v.mp4"
    path.write_bytes(content)
    with pytest.raises(SensorError, match=r"v\.mp4' cannot be opened; check"):
        Camera(CameraRequest(str(path)))


def test_a_video_without_pictures_is_named(tmp_path: Path) -> None:
    content = write_video(tmp_path / "v.avi", 5).read_bytes()
    path = tmp_path / "short.avi"
    path.write_bytes(content[: content.index(b"movi") + 4])
    with pytest.raises(SensorError, match=r"short\.avi' (holds no pictures|cannot be opened)"):
        list(frames(str(path)))


@pytest.mark.parametrize("source", ["97", "/dev/video97"])
def test_a_device_that_is_not_there_is_named(source: str) -> None:
    with pytest.raises(SensorError, match=f"'{source}' cannot be opened; check that it exists"):
        Camera(CameraRequest(source, 640, 480, 30.0))


def test_a_stream_that_is_cut_fails_until_it_is_back() -> None:
    with closing(IpCamera()) as served:
        with closing(Camera(CameraRequest(served.url))) as camera:
            assert camera.grab()
            assert camera.picture().mean() == 90.0
            served.plugged = False
            with pytest.raises(SensorError, match=f"'{served.url}' gives no picture; check"):
                grab_all(camera)
        with pytest.raises(SensorError, match=f"'{served.url}' cannot be opened"):
            Camera(CameraRequest(served.url))
        served.plugged = True
        with closing(Camera(CameraRequest(served.url))) as camera:
            assert camera.grab()


def test_a_stream_that_hangs_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_module, "STREAM_TIMEOUT_MS", 500)
    with closing(IpCamera()) as served, closing(Camera(CameraRequest(served.url))) as camera:
        served.frozen = True
        with pytest.raises(SensorError, match="gives no picture"):
            grab_all(camera)


def test_a_pipeline_without_a_sink_is_completed_in_the_message() -> None:
    with pytest.raises(SensorError, match=r"does not end in appsink; append `! videoconvert"):
        Camera(CameraRequest("videotestsrc ! fakesink"))


@pytest.mark.skipif(
    cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER), reason="OpenCV has GStreamer"
)
def test_an_opencv_without_gstreamer_is_named() -> None:
    with pytest.raises(SensorError, match="is built without GStreamer, as all of PyPI are"):
        Camera(CameraRequest("videotestsrc ! videoconvert ! appsink"))


@pytest.mark.skipif(
    not cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER), reason="OpenCV has no GStreamer"
)
def test_a_pipeline_gives_pictures_until_it_ends() -> None:
    source = "videotestsrc num-buffers=3 ! videoconvert ! video/x-raw,format=BGR ! appsink"
    with closing(Camera(CameraRequest(source))) as camera:
        for _ in range(3):
            assert camera.grab()
            assert camera.picture().shape[2] == 3
        with pytest.raises(SensorError, match="gives no picture"):
            camera.grab()
