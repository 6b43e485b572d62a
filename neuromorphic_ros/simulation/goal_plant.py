"""A simulated robot that is told where to go."""

from __future__ import annotations

import math
from typing import Protocol

from neuromorphic_ros.simulation.plant import Plant
from neuromorphic_ros.simulation.readings import Pose2D
from neuromorphic_ros.simulation.sensor_sample import START_NS, SensorSample, goal_pose

REACH_M = 0.3
_GOAL_PERIOD_NS = 1_000_000_000


class LocatedPlant(Plant, Protocol):
    """A plant that knows where it is."""

    def pose(self) -> Pose2D:
        """Return the true pose."""


class GoalPlant:
    """Let a robot sense, once per second, /goal_pose too: the place at (`x_m`, `y_m`).

    Its odometry begins one period late, when it has a goal.
    """

    def __init__(self, robot: LocatedPlant, x_m: float, y_m: float) -> None:
        """robot: with odometry in the frame of the goal."""
        self.robot = robot
        self.x_m = x_m
        self.y_m = y_m

    @property
    def distance_m(self) -> float:
        """How far the goal is, as the crow flies."""
        x_m, y_m, _ = self.robot.pose()
        return math.hypot(x_m - self.x_m, y_m - self.y_m)

    @property
    def arrived(self) -> bool:
        """Whether the goal is within `REACH_M`."""
        return self.distance_m <= REACH_M

    @property
    def in_collision(self) -> bool:
        """Whether the robot touched something during the last `step`."""
        return self.robot.in_collision

    def command(self, linear_m_s: float, angular_rad_s: float) -> None:
        """Set the velocity that the robot follows from now on, as Plant does."""
        self.robot.command(linear_m_s, angular_rad_s)

    def step(self, until_ns: int) -> None:
        """Advance as Plant does."""
        self.robot.step(until_ns)

    def sense(self, elapsed_ns: int) -> list[SensorSample]:
        """Read the robot's sensors that are due, after the goal."""
        samples = self.robot.sense(elapsed_ns)
        if elapsed_ns == 0:
            samples = [sample for sample in samples if sample.topic != "/odom"]
        if elapsed_ns % _GOAL_PERIOD_NS == 0:
            samples.insert(0, goal_pose(START_NS + elapsed_ns, self.x_m, self.y_m))
        return samples

    def close(self) -> None:
        """Release what the robot holds."""
        self.robot.close()
