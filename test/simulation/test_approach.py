from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation.approach import BODY_RADIUS_M, Approach
from neuromorphic_ros.simulation.plant import TICK_NS

SEEDS = range(8)


def kind(robot: Approach) -> str:
    return robot.scene.thing.shape if robot.scene.thing else "wall"


def picture(robot: Approach) -> npt.NDArray[np.uint8]:
    (image,) = [sample for sample in robot.sense(40_000_000) if "image" in sample.topic]
    seen: npt.NDArray[np.uint8] = image.fields["data"]
    return seen


def drive(robot: Approach, speed_m_s: float, seconds: float) -> list[bool]:
    """Drive straight on and return when it was in collision."""
    robot.command(speed_m_s, 0.0)
    touched = []
    for elapsed_ns in range(0, round(seconds * 1e9), TICK_NS):
        robot.step(elapsed_ns)
        touched.append(robot.in_collision)
    return touched


def test_there_are_walls_balls_and_boxes() -> None:
    assert {kind(Approach(seed, camera=False)) for seed in range(20)} == {"wall", "ball", "box"}


@pytest.mark.parametrize("seed", SEEDS)
def test_it_hits_what_is_in_its_way_after_the_gap(seed: int) -> None:
    robot = Approach(seed, camera=False)
    gap_m = robot.gap_m
    assert 1.4 < gap_m < 3.3
    touched = drive(robot, 1.0, gap_m + 0.2)
    # The wheels lag by 50 ms.
    assert touched.index(True) * TICK_NS * 1e-9 == pytest.approx(gap_m + 0.05, abs=0.03)
    assert robot.gap_m == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("seed", SEEDS)
def test_it_passes_by_at_the_clearance(seed: int) -> None:
    robot = Approach(seed, camera=False, clearance_m=0.2)
    thing = robot.scene.thing
    assert thing is not None
    aside_m = abs(robot.pose.y_m - thing.y_m)
    assert aside_m == pytest.approx(BODY_RADIUS_M + thing.radius_m + 0.2)
    beyond_m = thing.x_m + thing.radius_m - robot.pose.x_m
    assert not any(drive(robot, 1.0, beyond_m))
    assert robot.pose.x_m > thing.x_m


def test_it_follows_commands() -> None:
    robot = Approach(0, camera=False)
    robot.command(0.1, 0.5)
    robot.step(1_000_000_000)
    assert robot.velocity == pytest.approx((0.1, 0.5), abs=1e-6)
    assert robot.pose.heading_rad == pytest.approx(0.5 * (1.0 - 0.05), abs=0.005)


def test_its_camera_sees_what_comes_nearer() -> None:
    robot = Approach(1)
    before = picture(robot)
    assert before.shape == (72 * 96,)
    drive(robot, 0.5, 1.0)
    assert np.abs(picture(robot).astype(int) - before).mean() > 3.0


def test_the_same_seed_sees_the_same() -> None:
    assert np.array_equal(picture(Approach(3)), picture(Approach(3)))
    assert not np.array_equal(picture(Approach(3)), picture(Approach(4)))


@pytest.mark.parametrize("clearance_m", [-0.1, math.nan, math.inf])
def test_an_impossible_clearance_is_refused(clearance_m: float) -> None:
    with pytest.raises(BackendError, match="clearance"):
        Approach(0, camera=False, clearance_m=clearance_m)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(BackendError, match="seed -1 must not be negative"):
        Approach(-1)
