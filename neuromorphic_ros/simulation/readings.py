"""What the simulated sensors report, in the units and frames of REP-103 and REP-145."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

# An MPU-6050 behind its 100 Hz filter: 0.05 deg/s rms, 400 ug/sqrt(Hz)
# (InvenSense PS-MPU-6000A-00, sections 6.1 and 6.2).
GYRO_NOISE_RAD_S = math.radians(0.05)
ACCELEROMETER_NOISE_M_S2 = 400e-6 * math.sqrt(100.0) * 9.80665

# A HMC5883L: 2 mG rms; one measurement takes 6 ms (Honeywell 900405 Rev E, specifications).
MAGNETOMETER_NOISE_T = 0.2e-6


class LidarScan(NamedTuple):
    """Hold one turn of a planar lidar, field by field as sensor_msgs/LaserScan.

    ranges: float32[n] in metres; +inf without a return, -inf closer than `range_min` (REP-117).
    angle_min, angle_increment: radians; 0 is forward, positive is left.
    range_min, range_max: metres.
    """

    ranges: npt.NDArray[np.float32]
    angle_min: float
    angle_increment: float
    range_min: float
    range_max: float

    @property
    def angles_rad(self) -> npt.NDArray[np.float64]:
        """Direction of each beam, float64[n]."""
        return self.angle_min + self.angle_increment * np.arange(self.ranges.size, dtype=np.float64)


class ImuSample(NamedTuple):
    """Hold one reading of an inertial unit in the robot's axes: x forward, y left, z up.

    angular_velocity_rad_s: float64[3].
    linear_acceleration_m_s2: float64[3], with gravity: +9.81 on z at rest.
    """

    angular_velocity_rad_s: npt.NDArray[np.float64]
    linear_acceleration_m_s2: npt.NDArray[np.float64]


class Pose2D(NamedTuple):
    """Place the robot in the room; heading is counter-clockwise from x, in (-pi, pi]."""

    x_m: float
    y_m: float
    heading_rad: float


class Velocity2D(NamedTuple):
    """Hold a speed forward and a turning rate, positive to the left."""

    linear_m_s: float
    angular_rad_s: float
