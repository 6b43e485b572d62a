"""A differential-drive robot with lidar and odometry on a course of obstacles, moved by ir-sim."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation.course import SIDE_M, Circle, Course, Obstacle, draw_course
from neuromorphic_ros.simulation.irsim_engine import load_irsim
from neuromorphic_ros.simulation.plant import TICK_NS
from neuromorphic_ros.simulation.readings import LidarScan, Pose2D, Velocity2D
from neuromorphic_ros.simulation.sensor_sample import (
    START_NS,
    SensorSample,
    laser_scan,
    odometry,
)

irsim = load_irsim()

RADIUS_M = 0.2
LIDAR_BEAMS = 360
RANGE_MIN_M = 0.1
RANGE_MAX_M = 8.0

_ODOMETRY_PERIOD_NS = 50_000_000
_SCAN_PERIOD_NS = 100_000_000
_RANGE_NOISE_M = 0.01
_ANGLE_INCREMENT_RAD = 2.0 * math.pi / LIDAR_BEAMS


class CourseRobot:
    """Drive a round robot of 0.2 m radius through the course drawn from `seed`.

    It moves as commanded until it touches something, where it stays. Everything it does and senses
    follows from the seed and the commands; time starts at 0 ns.
    Raises BackendError if the seed is negative or no course is found.
    """

    def __init__(self, seed: int) -> None:
        if seed < 0:
            raise BackendError(f"seed {seed} must not be negative")
        layout, lidar = np.random.SeedSequence(seed).spawn(2)
        self.course: Course = draw_course(np.random.default_rng(layout))
        self._noise = np.random.default_rng(lidar)
        self._environment = _make(self.course)
        self._robot = self._environment.robot
        # Read when it is due instead of in every step, of which it would take most of the time.
        self._lidar = self._robot.sensors.pop()
        self._command = np.zeros((2, 1))
        self._ticks = 0

    @property
    def in_collision(self) -> bool:
        """Whether it touches something, from which it never gets away again."""
        return bool(self._robot.collision)

    def command(self, linear_m_s: float, angular_rad_s: float) -> None:
        """Set the velocity that it follows from now on; positive turns left.

        Raises BackendError if a value is not finite.
        """
        if not (math.isfinite(linear_m_s) and math.isfinite(angular_rad_s)):
            raise BackendError(f"command ({linear_m_s}, {angular_rad_s}) must be finite")
        self._command = np.array([[linear_m_s], [angular_rad_s]])

    def step(self, until_ns: int) -> None:
        """Advance to the first tick at or after `until_ns`."""
        while self._ticks * TICK_NS < until_ns:
            self._environment.step(self._command)
            self._ticks += 1

    def pose(self) -> Pose2D:
        """Return the true pose of the robot's middle."""
        x_m, y_m, heading_rad = self._robot.state[:3, 0]
        return Pose2D(float(x_m), float(y_m), float(heading_rad))

    def velocity(self) -> Velocity2D:
        """Return the true velocity in the robot's axes."""
        linear_m_s, angular_rad_s = self._robot.velocity[:2, 0]
        return Velocity2D(float(linear_m_s), float(angular_rad_s))

    def scan(self) -> LidarScan:
        """Measure the distances around the robot, with 10 mm of noise."""
        self._lidar.step(self._robot.state[:3])
        seen = self._lidar.get_scan()
        range_m = seen["ranges"] + self._noise.normal(0.0, _RANGE_NOISE_M, LIDAR_BEAMS)
        range_m[range_m < RANGE_MIN_M] = -np.inf
        range_m[~seen["valid"] | (range_m > RANGE_MAX_M)] = np.inf
        return LidarScan(
            range_m.astype(np.float32),
            angle_min=float(seen["angle_min"]),
            angle_increment=float(seen["angle_increment"]),
            range_min=RANGE_MIN_M,
            range_max=RANGE_MAX_M,
        )

    def sense(self, elapsed_ns: int) -> list[SensorSample]:
        """Read the sensors that are due: /odom, the truth, at 20 Hz and /scan at 10 Hz."""
        stamp_ns = START_NS + elapsed_ns
        samples = []
        if elapsed_ns % _ODOMETRY_PERIOD_NS == 0:
            samples.append(odometry(stamp_ns, self.pose(), self.velocity()))
        if elapsed_ns % _SCAN_PERIOD_NS == 0:
            samples.append(laser_scan(stamp_ns, self.scan(), _SCAN_PERIOD_NS))
        return samples

    def close(self) -> None:
        """Release the simulator's world."""
        self._environment.end()


def _make(course: Course) -> Any:
    """Build the simulator's world, which it reads from a file only."""
    described = {
        "world": {
            "width": SIDE_M,
            "height": SIDE_M,
            "step_time": TICK_NS * 1e-9,
            "sample_time": TICK_NS * 1e-9,
            "collision_mode": "stop",
        },
        "robot": [
            {
                "kinematics": {"name": "diff"},
                "shape": {"name": "circle", "radius": RADIUS_M},
                "state": list(course.start),
                "vel_min": [-1.0, -4.0],
                "vel_max": [1.0, 4.0],
                "sensors": [
                    {
                        "type": "lidar2d",
                        "range_min": 0.0,
                        "range_max": RANGE_MAX_M,
                        "angle_range": 2.0 * math.pi - _ANGLE_INCREMENT_RAD,
                        "number": LIDAR_BEAMS,
                    }
                ],
            }
        ],
        "obstacle": [
            *map(_described, course.obstacles),
            {
                "shape": {
                    "name": "linestring",
                    "vertices": [[0, 0], [SIDE_M, 0], [SIDE_M, SIDE_M], [0, SIDE_M], [0, 0]],
                },
                "state": [0, 0, 0],
            },
        ],
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "course.yaml")
        file.write_text(yaml.safe_dump(described))
        return irsim.make(str(file), headless=True, log_level="ERROR", seed=0)


def _described(obstacle: Obstacle) -> dict[str, Any]:
    if isinstance(obstacle, Circle):
        shape: dict[str, Any] = {"name": "circle", "radius": obstacle.radius_m}
        return {"shape": shape, "state": [obstacle.x_m, obstacle.y_m, 0.0]}
    shape = {"name": "polygon", "vertices": [list(corner) for corner in obstacle.corners_m]}
    return {"shape": shape, "state": [0.0, 0.0, 0.0]}
