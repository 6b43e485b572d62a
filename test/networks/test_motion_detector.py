from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import behaviour
import cv2
import numpy as np
import numpy.typing as npt
import pytest

from neuromorphic_ros.decoding.detection import Detections
from neuromorphic_ros.simulation.sensor_sample import START_NS

HEIGHT, WIDTH, SIDE = 480, 640, 100
# A neuron stands for a cell of 40 px and hears the cells around it.
REACH_PX = 80
FRAME_NS = 1_000_000_000 // 30


@functools.cache
def scene() -> npt.NDArray[np.uint8]:
    """Return a smooth texture between 60 and 180 DN."""
    noise = np.random.default_rng(0).random((HEIGHT, WIDTH))
    texture = cv2.GaussianBlur(noise, (0, 0), 12.0)
    return np.dstack([np.interp(texture, (texture.min(), texture.max()), (60, 180))] * 3).astype(
        np.uint8
    )


def left_edge(index: int) -> int:
    return 40 + 8 * index


def moving_square(count: int) -> Iterator[behaviour.Message]:
    """Yield a bright square that moves to the right, 8 px a frame."""
    for index in range(count):
        picture = scene().copy()
        left = left_edge(index)
        picture[200 : 200 + SIDE, left : left + SIDE] = 230
        yield behaviour.image(picture, START_NS + index * FRAME_NS)


def count_of(found: list[Detections]) -> int:
    return sum(len(window.boxes) for window in found)


def test_boxes_follow_what_moves() -> None:
    found = behaviour.detections(moving_square(60))
    seen = [window for window in found if window.stamp_ns - 200_000_000 > START_NS]
    seen = [window for window in seen if window.stamp_ns <= START_NS + 59 * FRAME_NS]
    assert len(seen) > 10
    for window in seen:
        age = (window.stamp_ns - START_NS) // FRAME_NS
        assert window.boxes
        for box in window.boxes:
            rows, columns = behaviour.pixels_of(box, (HEIGHT, WIDTH))
            assert rows.start >= 200 - REACH_PX
            assert rows.stop <= 200 + SIDE + REACH_PX
            assert columns.start >= left_edge(age - 4) - REACH_PX
            assert columns.stop <= left_edge(age + 1) + SIDE + REACH_PX


@pytest.mark.parametrize("noise_dn", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("brightness_dn", [8, 40, 120, 250])
def test_a_plain_wall_gives_no_box(noise_dn: float, brightness_dn: int) -> None:
    picture = np.full((HEIGHT, WIDTH, 3), brightness_dn, np.uint8)
    assert count_of(behaviour.detections(behaviour.still(picture, noise_dn, 45))) == 0


@pytest.mark.parametrize("noise_dn", [0.0, 1.0, 2.0])
def test_a_static_scene_gives_no_box(noise_dn: float) -> None:
    found = behaviour.detections(behaviour.still(scene(), noise_dn, 90))
    # Without a spike it sleeps after a second, and sends no windows then.
    assert len(found) >= 10
    assert count_of(found) == 0


@pytest.mark.parametrize("change", [-0.4, 0.4])
def test_a_change_of_exposure_gives_no_box(change: float) -> None:
    messages = [
        behaviour.image(
            np.clip(scene() * (1 + change * min(index / 30, 1)), 0, 255).astype(np.uint8),
            START_NS + index * FRAME_NS,
        )
        for index in range(45)
    ]
    assert count_of(behaviour.detections(messages)) == 0


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "covered"), [("videos/car-detection.mp4", 0.85), ("videos/cup.mp4", 0.8)]
)
def test_boxes_lie_on_real_motion(shared_data: Path, name: str, covered: float) -> None:
    messages = list(behaviour.video(shared_data / name))
    score = behaviour.motion_score(messages, behaviour.detections(messages))
    assert score.boxes > 50
    assert score.precise >= 0.98
    assert score.covered >= covered
    assert score.noticed >= 0.98
    assert score.false_boxes == 0


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("name", ["again", "book", "no", "walk", "want", "yes"])
def test_boxes_lie_on_gestures(shared_data: Path, name: str) -> None:
    messages = list(behaviour.video(shared_data / f"videos_asl_gestures/{name}.mkv"))
    score = behaviour.motion_score(messages, behaviour.detections(messages))
    assert score.precise >= 0.98
    assert score.covered >= 0.7
    assert score.noticed >= 0.75
