"""The zero-rate output of a gyroscope, measured at rest."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pydantic
from pydantic import Field

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import STRICT

# Zero-rate output: 20 deg/s initially, 20 more over the temperature range. MPU-6000 and MPU-6050
# Product Specification, PS-MPU-6000A-00 revision 3.4, section 6.1.
MAX_BIAS_RAD_S = math.radians(40.0)
MOST_SAMPLES = 1000

Bias = Annotated[float, Field(ge=-MAX_BIAS_RAD_S, le=MAX_BIAS_RAD_S)]


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class GyroCalibration:
    """Parameters of the calibration, and its result."""

    gyro_bias_rad_s: Annotated[
        tuple[Bias, Bias, Bias],
        Field(description="Angular velocity of x, y, z at rest, which is subtracted [rad/s]"),
    ] = (0.0, 0.0, 0.0)
    calibration_samples: Annotated[
        int,
        Field(
            ge=20, le=MOST_SAMPLES, description="How many of the last samples a calibration takes"
        ),
    ] = 200
    calibration_max_std_rad_s: Annotated[
        float,
        Field(ge=1e-4, le=1.0, description="Standard deviation above which it moves [rad/s]"),
    ] = 0.01


def gyro_bias(
    samples: npt.NDArray[np.float64], calibration: GyroCalibration
) -> tuple[float, float, float]:
    """Return the mean angular velocity of x, y, z [rad/s] over the last samples.

    samples: float64[n, 3], uncorrected [rad/s].
    Raises SensorError if there are too few, or naming the axis and the value if one varies too much
    or has a mean that no chip has at rest.
    """
    wanted = calibration.calibration_samples
    if len(samples) < wanted:
        raise SensorError(
            f"gyroscope has given {len(samples)} samples without a break, a calibration takes "
            f"{wanted}; keep it still and calibrate again"
        )
    last = samples[-wanted:]
    for axis, mean, deviation in zip("xyz", last.mean(axis=0), last.std(axis=0), strict=True):
        if not deviation <= calibration.calibration_max_std_rad_s:
            raise SensorError(
                f"gyroscope moves: axis {axis} has a standard deviation of {deviation:.4f} rad/s, "
                f"above {calibration.calibration_max_std_rad_s:g}; keep it still and calibrate "
                "again"
            )
        if not abs(mean) <= MAX_BIAS_RAD_S:
            raise SensorError(
                f"gyroscope turns: axis {axis} has a mean of {mean:.3f} rad/s, and no chip has "
                f"more than {MAX_BIAS_RAD_S:.3f} at rest; keep it still and calibrate again"
            )
    x, y, z = map(float, last.mean(axis=0))
    return x, y, z
