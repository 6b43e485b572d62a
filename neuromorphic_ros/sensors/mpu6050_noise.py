"""Noise of the MPU6050 from its datasheet."""

from __future__ import annotations

import math
from typing import NamedTuple

STANDARD_GRAVITY_M_S2 = 9.80665

# MPU-6000 and MPU-6050 Product Specification, PS-MPU-6000A-00 revision 3.4: rate noise spectral
# density in section 6.1 (0.005 deg/s/sqrt(Hz), which is its total of 0.05 deg/s rms at 100 Hz),
# power spectral density of the accelerometer in section 6.2 (400 ug/sqrt(Hz)).
GYRO_DENSITY = math.radians(0.005)
ACCELEROMETER_DENSITY = 400e-6 * STANDARD_GRAVITY_M_S2

# Bandwidth of the gyroscope by that of the accelerometer [Hz], for DLPF_CFG 0 to 6. Register Map
# and Descriptions, RM-MPU-6000A-00 revision 4.2, section 4.3.
GYRO_BANDWIDTH_HZ = {260: 256, 184: 188, 94: 98, 44: 42, 21: 20, 10: 10, 5: 5}


class NoiseVariance(NamedTuple):
    """Variance of one axis: of acceleration [m2/s4], of angular velocity [rad2/s2]."""

    acceleration: float
    angular_velocity: float


def noise_variance(
    bandwidth_hz: int, acceleration_lsb_m_s2: float, angular_velocity_lsb_rad_s: float
) -> NoiseVariance:
    """Return the variances behind a filter: density times bandwidth, and that of rounding.

    bandwidth_hz: one of GYRO_BANDWIDTH_HZ. The lsb are the steps of the chosen ranges, the rounding
    to which adds 1/12 of their square; at a narrow bandwidth and a wide range that is the most.
    """
    return NoiseVariance(
        ACCELEROMETER_DENSITY**2 * bandwidth_hz + acceleration_lsb_m_s2**2 / 12,
        GYRO_DENSITY**2 * GYRO_BANDWIDTH_HZ[bandwidth_hz] + angular_velocity_lsb_rad_s**2 / 12,
    )
