from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.video import EPOCH_NS
from neuromorphic_ros.bags.video_writer import VideoWriter
from neuromorphic_ros.errors import BagError

COLOUR = (200, 100, 30)


def picture(height: int = 32, width: int = 48) -> np.ndarray:
    return np.full((height, width, 3), COLOUR, np.uint8)


def write(path: Path, pictures: Iterable[np.ndarray] | None = None, rate_hz: float = 20.0) -> Path:
    with VideoWriter(path, rate_hz) as video:
        for each in [picture()] * 3 if pictures is None else pictures:
            video.write(each)
    return path


def test_a_video_is_read_as_it_was_written(tmp_path: Path) -> None:
    with open_recording(write(tmp_path / "new" / "a.mp4")) as recording:
        messages = list(recording.messages())
    assert [message.log_ns - EPOCH_NS for message in messages] == [0, 50_000_000, 100_000_000]
    image = messages[-1].decode()
    assert (image.height, image.width) == (32, 48)
    blue_green_red = image.data.reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(blue_green_red, COLOUR[::-1], atol=6)
    assert [each.name for each in (tmp_path / "new").iterdir()] == ["a.mp4"]


def test_equal_pictures_give_equal_files(tmp_path: Path) -> None:
    assert write(tmp_path / "a.mp4").read_bytes() == write(tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize(("height", "width", "size"), [(33, 48, (48, 34)), (32, 49, (50, 32))])
def test_odd_sizes_become_even(
    tmp_path: Path, height: int, width: int, size: tuple[int, int]
) -> None:
    capture = cv2.VideoCapture(str(write(tmp_path / "a.mp4", [picture(height, width)])))
    assert (capture.get(3), capture.get(4)) == size


@pytest.mark.parametrize(
    ("rate_hz", "written_hz"), [(30.0, 30.0), (1e9 / 33_333_333, 30.0), (26.784, 26.78), (1e6, 240)]
)
def test_rates_are_those_that_the_format_can_have(
    tmp_path: Path, rate_hz: float, written_hz: float
) -> None:
    capture = cv2.VideoCapture(str(write(tmp_path / "a.mp4", rate_hz=rate_hz)))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(written_hz)


def interrupted() -> Iterator[np.ndarray]:
    yield picture()
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("pictures", "error", "message"),
    [
        (interrupted(), ZeroDivisionError, None),
        ([], BagError, r"a\.mp4: there are no pictures"),
        ([picture(), picture(34)], BagError, "differs from"),
    ],
)
def test_a_failure_leaves_what_was_there(
    tmp_path: Path, pictures: Iterable[np.ndarray], error: type[Exception], message: str | None
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"before")
    with pytest.raises(error, match=message):
        write(path, pictures)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_video_that_lost_its_end_is_not_kept(tmp_path: Path) -> None:
    def full_disk() -> Iterator[np.ndarray]:
        yield picture()
        (hidden,) = tmp_path.glob(".a.mp4.*/*")
        hidden.unlink()

    with pytest.raises(BagError, match="check the space"):
        write(tmp_path / "a.mp4", full_disk())
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BagError, match=r"file/a\.mp4: .*can be written"):
        VideoWriter(tmp_path / "file" / "a.mp4", 20.0)
    with pytest.raises(BagError, match=r"a\.avi: videos are written as \.mp4"):
        VideoWriter(tmp_path / "a.avi", 20.0)
    with pytest.raises(BagError, match="no video of 20000x32 pixels"):
        write(tmp_path / "a.mp4", [picture(32, 20_000)])
