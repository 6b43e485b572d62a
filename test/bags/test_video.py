from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.recording import TopicInfo
from neuromorphic_ros.bags.typestore import stamp_ns
from neuromorphic_ros.bags.video import EPOCH_NS
from neuromorphic_ros.errors import BagError

from .bagfiles import read_until_damage

TOPIC = "/camera/image_raw"


def write_video(path: Path, frames: int = 20, fps: float = 10.0) -> Path:
    """Write frames that get brighter, left half black."""
    codec = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), codec, fps, (32, 16))
    assert writer.isOpened()
    for i in range(frames):
        image = np.zeros((16, 32, 3), np.uint8)
        image[:, 16:, 2] = 100 + 5 * (i % 20)
        writer.write(image)
    writer.release()
    return path


@pytest.mark.parametrize("suffix", [".avi", ".mkv", ".AVI"])
def test_frames_become_images(tmp_path: Path, suffix: str) -> None:
    with open_recording(write_video(tmp_path / f"v{suffix}")) as recording:
        assert dict(recording.topics) == {TOPIC: TopicInfo("sensor_msgs/msg/Image", 20)}
        messages = list(recording.messages())
        assert list(recording.messages([])) == []
    times = [message.log_ns for message in messages]
    assert times == [EPOCH_NS + i * 100_000_000 for i in range(20)]
    assert (recording.start_ns, recording.end_ns) == (times[0], times[-1])
    images = [message.decode() for message in messages]
    assert [stamp_ns(image) for image in images] == times
    last = images[-1]
    assert (last.height, last.width, last.step, last.encoding) == (16, 32, 96, "bgr8")
    pixels = last.data.reshape(16, 32, 3)
    assert np.abs(pixels[8, 24].astype(int) - (0, 0, 195)).max() < 15
    assert pixels[8, 4].max() < 15


def test_frames_are_read_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = write_video(tmp_path / "v.avi")
    with open_recording(video) as recording:
        reads = 0

        class Counting:
            """Wrap rather than derive: OpenCV crashes on subclasses of its captures."""

            def __init__(self, *arguments: object) -> None:
                self.capture = open_capture(*arguments)

            def read(self) -> tuple[bool, np.ndarray]:
                nonlocal reads
                reads += 1
                return self.capture.read()

            def __getattr__(self, name: str) -> object:
                return getattr(self.capture, name)

        open_capture = cv2.VideoCapture
        monkeypatch.setattr(cv2, "VideoCapture", Counting)
        messages: Iterator[object] = recording.messages()
        next(messages)
        next(messages)
    assert reads == 2


def test_text_is_not_a_video(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_text("hello")
    with pytest.raises(BagError, match=r"v\.mp4.*not a video"):
        open_recording(tmp_path / "v.mp4")


def test_truncated_video_yields_its_start_then_raises(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.avi", frames=100)
    data = video.read_bytes()
    video.write_bytes(data[: len(data) // 2])
    messages, error = read_until_damage(video)
    assert "v.avi: breaks off" in error
    assert 20 < len(messages) < 80


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cut=st.integers(1, 20_000), place=st.integers(0, 6000), junk=st.binary(max_size=20))
def test_damaged_bytes_raise_nothing_but_bag_errors(
    tmp_path: Path, cut: int, place: int, junk: bytes
) -> None:
    original = tmp_path / "original.avi"
    if not original.exists():
        write_video(original, frames=5)
    data = bytearray(original.read_bytes())
    data[place : place + len(junk)] = junk
    (tmp_path / "v.avi").write_bytes(data[:cut])
    messages, error = read_until_damage(tmp_path / "v.avi")
    times = [message.log_ns for message in messages]
    assert times == sorted(set(times))
    assert not error or "v.avi" in error


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "frames", "size"),
    [
        ("videos/bikes.mp4", 250, (640, 272)),
        ("videos/car-detection.mp4", 377, (768, 432)),
        ("videos/cup.mp4", 217, (640, 480)),
        ("videos/tree.avi", 68, (320, 240)),
        ("videos_asl_gestures/again.mkv", 77, (640, 480)),
        ("videos_asl_gestures/book.mkv", 109, (640, 480)),
        ("videos_asl_gestures/no.mkv", 66, (640, 480)),
        ("videos_asl_gestures/walk.mkv", 89, (640, 480)),
        ("videos_asl_gestures/want.mkv", 47, (640, 480)),
        ("videos_asl_gestures/yes.mkv", 65, (640, 480)),
    ],
)
def test_real_videos(shared_data: Path, name: str, frames: int, size: tuple[int, int]) -> None:
    with open_recording(shared_data / name) as recording:
        assert recording.topics[TOPIC].count == frames
        times = []
        for message in recording.messages():
            times.append(message.log_ns)
        image = message.decode()
    assert len(times) == frames
    assert times == sorted(set(times))
    assert (times[0], times[-1]) == (recording.start_ns, recording.end_ns)
    assert (image.width, image.height) == size
