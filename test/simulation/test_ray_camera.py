from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest

from neuromorphic_ros.simulation.ray_camera import RayCamera, Room, Thing
from neuromorphic_ros.simulation.readings import Pose2D
from neuromorphic_ros.simulation.texture import TEXELS, Texture

HEIGHT, WIDTH = 60, 80
ABOVE_M = 0.5
# A field of 90 degrees: the focal length is half the width.
CAMERA = RayCamera(WIDTH, HEIGHT, math.pi / 2.0, ABOVE_M)
START = Pose2D(0.0, 0.0, 0.0)


def plain(grey: float) -> Texture:
    return Texture(np.full((1, TEXELS, TEXELS), grey, np.float32))


ROOM = Room(4.0, -4.0, 2.0, 1.5, plain(0.2), plain(0.4), plain(0.6))


def thing(shape: Literal["ball", "box"], x_m: float, y_m: float = 0.0) -> Thing:
    return Thing(shape, x_m, y_m, ABOVE_M, 0.5, plain(1.0))


def width_of(picture: npt.NDArray[np.float32], grey: float) -> int:
    """Return how many pixels of the middle row are of a grey."""
    return int(np.isclose(picture[HEIGHT // 2], grey).sum())


def test_the_room_is_seen_in_perspective() -> None:
    picture = CAMERA.render(START, ROOM, None)
    # The wall ahead, 4 m away, is 1.5 m high, a pixel being 1/10 m there.
    column = picture[:, WIDTH // 2]
    assert np.isclose(column, 0.2).sum() == pytest.approx(15, abs=1)
    assert column[0] == pytest.approx(0.6)
    assert column[-1] == pytest.approx(0.4)


@pytest.mark.parametrize("distance_m", [1.0, 2.0, 3.0])
def test_a_box_grows_as_it_comes_nearer(distance_m: float) -> None:
    picture = CAMERA.render(START, ROOM, thing("box", distance_m + 0.5))
    assert width_of(picture, 1.0) == pytest.approx(40.0 / distance_m, abs=1.5)


@pytest.mark.parametrize("distance_m", [1.0, 2.0, 3.0])
def test_a_ball_is_as_wide_as_its_tangents(distance_m: float) -> None:
    picture = CAMERA.render(START, ROOM, thing("ball", distance_m))
    half = 0.5 / math.sqrt(distance_m**2 - 0.25)
    # A pixel at either edge sees a part of it.
    assert width_of(picture, 1.0) == pytest.approx(80.0 * half - 1.0, abs=1.0)


def test_what_is_to_the_left_is_seen_to_the_left() -> None:
    seen = np.flatnonzero(CAMERA.render(START, ROOM, thing("ball", 2.0, 1.0))[HEIGHT // 2] > 0.9)
    assert seen.size
    assert seen.max() < WIDTH // 2


def test_who_turns_left_sees_it_ahead() -> None:
    turned = Pose2D(0.0, 0.0, math.atan2(1.0, 2.0))
    seen = np.flatnonzero(CAMERA.render(turned, ROOM, thing("ball", 2.0, 1.0))[HEIGHT // 2] > 0.9)
    assert seen.mean() == pytest.approx((WIDTH - 1) / 2, abs=1.0)


@pytest.mark.parametrize("shape", ["ball", "box"])
def test_what_is_behind_is_not_seen(shape: Literal["ball", "box"]) -> None:
    picture = CAMERA.render(START, ROOM, thing(shape, -2.0))
    assert np.array_equal(picture, CAMERA.render(START, ROOM, None))
