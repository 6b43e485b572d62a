"""A robot that is told where to go."""

from __future__ import annotations

import math

import pytest

from neuromorphic_ros.simulation.goal_plant import REACH_M, GoalPlant
from neuromorphic_ros.simulation.readings import Pose2D, Velocity2D
from neuromorphic_ros.simulation.sensor_sample import SensorSample, odometry

SECOND_NS = 1_000_000_000


class Robot:
    """A robot that is where it is put."""

    def __init__(self) -> None:
        self.at = Pose2D(0.0, 0.0, 0.0)
        self.in_collision = False
        self.calls: list[object] = []

    def pose(self) -> Pose2D:
        return self.at

    def command(self, linear_m_s: float, angular_rad_s: float) -> None:
        self.calls.append((linear_m_s, angular_rad_s))

    def step(self, until_ns: int) -> None:
        self.calls.append(until_ns)

    def sense(self, elapsed_ns: int) -> list[SensorSample]:
        return [odometry(elapsed_ns, self.at, Velocity2D(0.0, 0.0))]

    def close(self) -> None:
        self.calls.append("close")


def topics(plant: GoalPlant, elapsed_ns: int) -> list[str]:
    return [sample.topic for sample in plant.sense(elapsed_ns)]


def test_the_goal_comes_before_the_odometry_and_every_second() -> None:
    plant = GoalPlant(Robot(), 3.0, 4.0)
    assert topics(plant, 0) == ["/goal_pose"]
    assert topics(plant, SECOND_NS // 2) == ["/odom"]
    assert topics(plant, SECOND_NS) == ["/goal_pose", "/odom"]


def test_the_goal_is_in_the_frame_of_the_odometry() -> None:
    goal, odom = GoalPlant(Robot(), 3.0, 4.0).sense(SECOND_NS)
    assert goal.fields["header"] == odom.fields["header"] | {"stamp": goal.log_ns}
    assert goal.fields["pose"]["position"] == {"x": 3.0, "y": 4.0, "z": 0.0}


def test_it_arrives_within_reach() -> None:
    robot = Robot()
    plant = GoalPlant(robot, 3.0, 4.0)
    assert plant.distance_m == pytest.approx(5.0)
    assert not plant.arrived
    robot.at = Pose2D(3.0, 4.0 - REACH_M, math.pi)
    assert plant.arrived


def test_everything_else_is_the_robots() -> None:
    robot = Robot()
    plant = GoalPlant(robot, 0.0, 0.0)
    plant.command(0.1, 0.2)
    plant.step(5)
    plant.close()
    assert robot.calls == [(0.1, 0.2), 5, "close"]
    robot.in_collision = True
    assert plant.in_collision
