"""Synaptic scaling: all weights of a target grow or shrink together until it fires as it should."""

from __future__ import annotations

import math
from typing import Annotated, Any, NamedTuple

from numba.extending import register_jitable
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.elementwise import ONE, ZERO, where
from neuromorphic_ros.snn.plasticity.bounds import clipped

# A weight is scaled at least this often in a time constant.
STEPS = 50


class ScalingConstants(NamedTuple):
    """Scaling of one projection.

    activity_decay: what is left of an activity after a tick. target: spikes per tick to hold.
    scaling: share of the time constant in a step. scaled_per_tick: rows, one after the other.
    """

    activity_decay: float
    target: float
    scaling: float
    scaled_per_tick: int


@register_jitable(forceinline=True)
def scaled(constants: Any, weight: Any, activity: Any, target: Any, share: Any) -> Any:
    """Return a weight of a target with an activity in spikes per tick, one step on."""
    factor = ONE + share * (ONE - activity / target)
    return clipped(
        constants, weight * where(weight > ZERO, where(factor > ZERO, factor, ZERO), ONE)
    )


@dataclass(frozen=True, config=STRICT, kw_only=True)
class SynapticScaling:
    """Hold the rates of the targets by their excitatory weights (Turrigiano, Cell 135, 422, 2008).

    tau_scaling dw/dt = w (1 - rate / target_rate), in steps, with the rate over the last tau_rate
    (van Rossum, Bi & Turrigiano, J. Neuroscience 20, 8812, 2000). In an animal it
    takes days; here it should still be much slower than tau_rate. Weights below 0 stay.
    """

    target_rate_hz: Annotated[float, Field(ge=1e-3, le=1e5, description="Rate to hold [Hz]")] = 5.0
    tau_scaling_ms: Annotated[float, Field(ge=1, le=1e9, description="Of the weights [ms]")] = 3e4
    tau_rate_ms: Annotated[float, Field(ge=1, le=1e9, description="Of the rate [ms]")] = 1e3

    def constants(self, dt_ms: float, rows: int) -> ScalingConstants:
        """Return the constants of a tick of a projection with so many sources, float64."""
        interval_ms = max(dt_ms, self.tau_scaling_ms / STEPS)
        per_tick = math.ceil(rows * dt_ms / interval_ms)
        return ScalingConstants(
            activity_decay=math.exp(-dt_ms / self.tau_rate_ms),
            target=self.target_rate_hz * dt_ms * 1e-3,
            scaling=rows / per_tick * dt_ms / self.tau_scaling_ms,
            scaled_per_tick=per_tick,
        )


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Scaled:
    """The field of every rule for scaling beside it; with learning_rate 0 there is only that."""

    scaling: SynapticScaling | None = None
