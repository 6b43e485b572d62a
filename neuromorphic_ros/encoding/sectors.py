"""Angular sectors around a sensor, and the nearest distance in each."""

from __future__ import annotations

import math
from typing import Annotated

import numba
import numpy as np
import numpy.typing as npt
import pydantic
from pydantic import Field

from neuromorphic_ros.parameters import STRICT

# LaserScan carries angles as float32: neighbouring sectors must not swap beams over its rounding.
_ANGLE_TOLERANCE_RAD = 1e-5


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class SectorParameters:
    """Which distances count, and how they are divided into sectors."""

    sectors: Annotated[
        int, Field(ge=1, le=4096, description="number of equal angular sectors [1]")
    ] = 36
    angle_min_rad: Annotated[
        float, Field(ge=-2 * math.pi, le=2 * math.pi, description="right edge of sector 0 [rad]")
    ] = -math.pi
    angle_max_rad: Annotated[
        float,
        Field(ge=-2 * math.pi, le=2 * math.pi, description="left edge of the last sector [rad]"),
    ] = math.pi
    near_m: Annotated[
        float,
        Field(ge=0.0, le=1000.0, description="distance at and below which response is full [m]"),
    ] = 0.2
    far_m: Annotated[
        float,
        Field(ge=0.0, le=1000.0, description="distance at and above which there is none [m]"),
    ] = 5.0
    range_min_m: Annotated[
        float,
        Field(ge=0.0, le=1000.0, description="nearer points of a cloud are the robot's own [m]"),
    ] = 0.1
    height_min_m: Annotated[
        float,
        Field(ge=-1000.0, le=1000.0, description="lowest point of a cloud that counts [m]"),
    ] = -0.2
    height_max_m: Annotated[
        float,
        Field(ge=-1000.0, le=1000.0, description="highest point of a cloud that counts [m]"),
    ] = 0.5

    def __post_init__(self) -> None:
        span = self.angle_max_rad - self.angle_min_rad
        if not 0.0 < span <= 2 * math.pi + _ANGLE_TOLERANCE_RAD:
            raise ValueError(
                f"angle_max_rad {self.angle_max_rad} must be above angle_min_rad"
                f" {self.angle_min_rad} by a full turn at most"
            )
        if self.far_m <= self.near_m:
            raise ValueError(f"far_m {self.far_m} must be above near_m {self.near_m}")
        if self.height_max_m <= self.height_min_m:
            raise ValueError(
                f"height_max_m {self.height_max_m} must be above height_min_m {self.height_min_m}"
            )


@numba.njit(inline="always")
def _sector(angle: float, span: float, sectors: int) -> int:
    """Return the sector of an angle, from a tolerance before sector 0 on; -1 if in none."""
    turn = 2.0 * math.pi
    angle -= math.floor(angle / turn) * turn
    if angle > span + 2.0 * _ANGLE_TOLERANCE_RAD:
        return -1
    return min(int(angle / span * sectors), sectors - 1)


# The signature compiles at import, from the cache when there is one: no scan ever waits for it.
@numba.njit(
    numba.void(
        numba.types.Array(numba.float32, 1, "C", readonly=True),
        numba.float64,
        numba.float64,
        numba.float64,
        numba.float64,
        numba.float64,
        numba.float64,
        numba.float64[::1],
    ),
    cache=True,
    nogil=True,
)
def pool_beams(
    ranges: npt.NDArray[np.float32],
    scan_angle_min: float,
    scan_angle_increment: float,
    range_min: float,
    range_max: float,
    angle_min: float,
    span: float,
    nearest: npt.NDArray[np.float64],
) -> None:
    """Lower `nearest`, float64[sectors], to the beams of a scan, as `sector_distances` says."""
    start = scan_angle_min - angle_min + _ANGLE_TOLERANCE_RAD
    for beam in range(ranges.size):
        distance = np.float64(ranges[beam])
        if distance == -math.inf:
            distance = range_min
        elif distance > range_max:
            distance = math.inf
        elif not (distance >= range_min and distance > 0.0):
            continue
        sector = _sector(start + beam * scan_angle_increment, span, nearest.size)
        if sector >= 0 and not nearest[sector] <= distance:
            nearest[sector] = distance


@numba.njit(
    numba.void(
        numba.float64[::1],
        numba.float64[::1],
        numba.float64[::1],
        numba.float64,
        numba.float64,
        numba.float64,
        numba.float64,
        numba.float64,
        numba.float64[::1],
    ),
    cache=True,
    nogil=True,
)
def pool_points(
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    z: npt.NDArray[np.float64],
    range_min: float,
    height_min: float,
    height_max: float,
    angle_min: float,
    span: float,
    nearest: npt.NDArray[np.float64],
) -> None:
    """Lower `nearest`, float64[sectors], to the points of a cloud, as `cloud_distances` says."""
    for point in range(x.size):
        # One sum tells whether all three are finite.
        if not math.isfinite(x[point] + y[point] + z[point]):
            continue
        distance = math.sqrt(x[point] * x[point] + y[point] * y[point])
        if distance < range_min or distance == 0.0:
            continue
        if not height_min <= z[point] <= height_max:
            distance = math.inf
        angle = math.atan2(y[point], x[point]) - angle_min + _ANGLE_TOLERANCE_RAD
        sector = _sector(angle, span, nearest.size)
        if sector >= 0 and not nearest[sector] <= distance:
            nearest[sector] = distance
