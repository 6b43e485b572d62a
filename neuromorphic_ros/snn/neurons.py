"""Neuron models: their parameters and their discretisation."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT


@dataclass(frozen=True, config=STRICT)
class Lif:
    """Leaky integrate-and-fire neuron.

    tau_mem dv/dt = -v + r I, integrated exactly over a tick in which I is constant:
    v <- v exp(-dt/tau_mem) + r (1 - exp(-dt/tau_mem)) I + bias. Without `resistance` a weight is
    the jump of the membrane that one spike causes. A spike is fired at v >= threshold; v is then
    reset in the same tick and held for the refractory period.

    Source: Gerstner, Kistler, Naud, Paninski, Neuronal Dynamics (2014), section 1.3; the same
    discretisation as LIF in NIR (Pedersen et al., Nature Communications 15, 8122, 2024).
    """

    model: Literal["lif"] = "lif"
    tau_mem_ms: Annotated[
        float, Field(ge=1e-6, le=1e6, description="Time constant of the membrane [ms]")
    ] = 10.0
    threshold: Annotated[
        float, Field(ge=1e-6, le=1e6, description="Membrane value at which a spike is fired")
    ] = 1.0
    reset: Annotated[
        Literal["zero", "subtract"],
        Field(description="zero: v = 0 after a spike; subtract: v = v - threshold"),
    ] = "zero"
    refractory_ms: Annotated[
        float, Field(ge=0, le=1e6, description="Time without a spike after a spike [ms]")
    ] = 0.0
    resistance: Annotated[
        float | None,
        Field(ge=-1e6, le=1e6, description="Membrane resistance; none: weights are membrane jumps"),
    ] = None
    bias: Annotated[
        float, Field(ge=-1e6, le=1e6, description="Jump of the membrane in every tick")
    ] = 0.0
    floor: Annotated[float, Field(ge=-1e6, le=0, description="Lower bound of the membrane")] = -1e6

    def decay(self, dt_ms: float) -> float:
        """Return the share of the membrane that is left after one tick."""
        return math.exp(-dt_ms / self.tau_mem_ms)

    def gain(self, dt_ms: float) -> float:
        """Return the membrane jump per unit of summed weight in one tick."""
        if self.resistance is None:
            return 1.0
        return self.resistance * (1.0 - self.decay(dt_ms))

    def refractory_ticks(self, dt_ms: float) -> int:
        """Return the refractory period in whole ticks."""
        return round(self.refractory_ms / dt_ms)


Neuron = Lif
