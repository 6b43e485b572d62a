from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("mujoco", reason="needs pip install 'neuromorphic_ros[simulation]'")

from neuromorphic_ros.simulation.drive import MAX_ANGULAR_RAD_S, MAX_LINEAR_M_S, steer
from neuromorphic_ros.simulation.readings import LidarScan
from neuromorphic_ros.simulation.wheeled_robot import WheeledRobot

ANGLES_RAD = -math.pi + 2.0 * math.pi / 360 * np.arange(360)


def scan_of(ranges: np.ndarray) -> LidarScan:
    return LidarScan(ranges.astype(np.float32), -math.pi, 2.0 * math.pi / 360, 0.1, 8.0)


def scan_with_block(bearing_rad: float, distance_m: float) -> LidarScan:
    ranges_m = np.full(360, np.inf)
    ranges_m[np.abs(ANGLES_RAD - bearing_rad) < 0.2] = distance_m
    return scan_of(ranges_m)


def test_open_space_is_driven_straight_at_full_speed() -> None:
    assert steer(scan_of(np.full(360, np.inf))) == (MAX_LINEAR_M_S, 0.0)


def test_an_obstacle_on_the_left_turns_right() -> None:
    assert steer(scan_with_block(0.25, 0.8)).angular_rad_s < 0.0


def test_an_obstacle_on_the_right_turns_left() -> None:
    assert steer(scan_with_block(-0.25, 0.8)).angular_rad_s > 0.0


def test_an_obstacle_behind_changes_nothing() -> None:
    assert steer(scan_with_block(3.0, 0.5)) == (MAX_LINEAR_M_S, 0.0)


def test_a_wall_ahead_stops_the_robot_and_turns_it() -> None:
    ranges_m = np.where(np.cos(ANGLES_RAD) > 0.1, 0.4 / np.maximum(np.cos(ANGLES_RAD), 0.1), np.inf)
    velocity = steer(scan_of(ranges_m))

    assert velocity.linear_m_s == 0.0
    assert abs(velocity.angular_rad_s) == MAX_ANGULAR_RAD_S


def test_velocities_stay_within_limits() -> None:
    generator = np.random.default_rng(0)
    for _ in range(200):
        linear_m_s, angular_rad_s = steer(scan_of(generator.uniform(0.1, 8.0, 360)))
        assert 0.0 <= linear_m_s <= MAX_LINEAR_M_S
        assert abs(angular_rad_s) <= MAX_ANGULAR_RAD_S


@pytest.mark.parametrize("seed", range(8))
def test_it_drives_without_touching_anything(seed: int) -> None:
    robot = WheeledRobot(seed, camera=False)
    start = robot.pose()
    farthest_m = 0.0
    for tick in range(1, 201):
        robot.command(*steer(robot.scan()))
        robot.step(tick * 100_000_000)
        assert not robot.in_collision
        pose = robot.pose()
        farthest_m = max(farthest_m, math.hypot(pose.x_m - start.x_m, pose.y_m - start.y_m))
    assert farthest_m > 2.5
