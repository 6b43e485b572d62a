"""The robot that ir-sim moves."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from neuromorphic_ros.errors import BackendError

pytest.importorskip("irsim", reason="needs pip install 'neuromorphic_ros[simulation]'")

from neuromorphic_ros.simulation.course import Circle
from neuromorphic_ros.simulation.course_robot import RADIUS_M, CourseRobot

SECOND_NS = 1_000_000_000
SEED = 3


def nearest_m(robot: CourseRobot) -> float:
    """Return the gap to the nearest circle."""
    x_m, y_m, _ = robot.pose()
    circles = [each for each in robot.course.obstacles if isinstance(each, Circle)]
    return min(math.dist((x_m, y_m), each[:2]) - each.radius_m for each in circles)


def test_it_moves_as_commanded() -> None:
    robot = CourseRobot(SEED)
    begun = robot.pose()
    assert begun == pytest.approx(robot.course.start)
    robot.command(0.0, 1.0)
    robot.step(SECOND_NS // 2)
    assert math.remainder(robot.pose().heading_rad - begun.heading_rad - 0.5, 2 * math.pi) == (
        pytest.approx(0.0, abs=1e-6)
    )
    robot.command(0.2, 0.0)
    robot.step(SECOND_NS)
    assert math.dist(robot.pose()[:2], begun[:2]) == pytest.approx(0.1, abs=1e-6)
    assert robot.velocity() == pytest.approx((0.2, 0.0))
    assert not robot.in_collision
    robot.close()


def test_what_it_touches_holds_it() -> None:
    robot = CourseRobot(SEED)
    robot.command(1.0, 0.0)
    robot.step(10 * SECOND_NS)
    assert robot.in_collision
    held_at = robot.pose()
    robot.command(-1.0, 0.0)
    robot.step(11 * SECOND_NS)
    assert robot.pose() == held_at
    robot.close()


def test_the_lidar_sees_the_nearest_circle() -> None:
    robot = CourseRobot(SEED)
    scan = robot.scan()
    x_m, y_m, heading_rad = robot.pose()
    angle_rad = heading_rad + scan.angles_rad
    finite = np.isfinite(scan.ranges)
    at_m = np.array((x_m, y_m)) + scan.ranges[:, None] * np.stack(
        (np.cos(angle_rad), np.sin(angle_rad)), axis=1
    )
    for circle in robot.course.obstacles:
        if isinstance(circle, Circle):
            gap_m = np.hypot(*(at_m[finite] - circle[:2]).T) - circle.radius_m
            assert gap_m.min() > -0.06
    assert scan.ranges.shape == (360,)
    assert scan.angle_min == pytest.approx(-math.pi + scan.angle_increment / 2)
    assert 0.0 < scan.ranges[finite].min() < nearest_m(robot) + 0.06
    robot.close()


def test_two_robots_do_not_disturb_each_other() -> None:
    alone = CourseRobot(SEED)
    alone.step(SECOND_NS)
    expected = alone.scan().ranges
    one, other = CourseRobot(SEED), CourseRobot(SEED + 1)
    other.command(0.1, 0.1)
    one.step(SECOND_NS)
    other.step(SECOND_NS)
    other.scan()
    np.testing.assert_array_equal(one.scan().ranges, expected)
    for robot in (alone, one, other):
        robot.close()


def test_it_starts_where_there_is_room() -> None:
    robot = CourseRobot(SEED)
    assert nearest_m(robot) > 2 * RADIUS_M
    robot.close()


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(BackendError, match="seed -1 must not be negative"):
        CourseRobot(-1)


def test_the_import_prints_nothing_and_leaves_the_window_system_alone() -> None:
    check = (
        "import matplotlib; matplotlib.use('Agg');"
        "import neuromorphic_ros.simulation.course_robot;"
        "assert matplotlib.get_backend().lower() == 'agg'"
    )
    done = subprocess.run([sys.executable, "-c", check], check=True, capture_output=True)
    assert done.stdout == b""
