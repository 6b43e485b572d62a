"""Planar velocity of a robot and the limits it is held to."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT


class Velocity(NamedTuple):
    """Velocity of the base in its own frame (REP-103: x forward, rotation counter-clockwise)."""

    linear_m_s: float
    angular_rad_s: float

    @property
    def is_finite(self) -> bool:
        """Tell whether both parts are numbers."""
        return math.isfinite(self.linear_m_s) and math.isfinite(self.angular_rad_s)


STANDSTILL = Velocity(0.0, 0.0)


@dataclass(frozen=True, config=STRICT)
class VelocityLimits:
    """Bounds of velocity and acceleration; the defaults are those of Nav2's velocity smoother."""

    max_linear_m_s: Annotated[
        float, Field(ge=0, le=10, description="Largest speed forwards or backwards [m/s]")
    ] = 0.5
    max_angular_rad_s: Annotated[
        float, Field(ge=0, le=20, description="Largest rate of turn [rad/s]")
    ] = 2.5
    max_linear_m_s2: Annotated[
        float, Field(ge=0, le=100, description="Largest change of speed [m/s2]")
    ] = 2.5
    max_angular_rad_s2: Annotated[
        float, Field(ge=0, le=1000, description="Largest change of the rate of turn [rad/s2]")
    ] = 40.0


def limit(
    limits: VelocityLimits, previous: Velocity, wanted: Velocity, elapsed_s: float
) -> Velocity:
    """Return the velocity closest to `wanted` that the limits allow `elapsed_s` after `previous`.

    A `wanted` that is not finite asks for standstill; time that runs backwards allows no change.
    """
    if not wanted.is_finite:
        wanted = STANDSTILL
    elapsed_s = max(0.0, elapsed_s)
    return Velocity(
        _approach(
            previous.linear_m_s,
            _clip(wanted.linear_m_s, limits.max_linear_m_s),
            limits.max_linear_m_s2 * elapsed_s,
        ),
        _approach(
            previous.angular_rad_s,
            _clip(wanted.angular_rad_s, limits.max_angular_rad_s),
            limits.max_angular_rad_s2 * elapsed_s,
        ),
    )


def _clip(value: float, bound: float) -> float:
    # In this order a bound of zero gives 0.0, not -0.0.
    return min(bound, max(-bound, value))


def _approach(previous: float, wanted: float, step: float) -> float:
    return max(previous - step, min(previous + step, wanted))
