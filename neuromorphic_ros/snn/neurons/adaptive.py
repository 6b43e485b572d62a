"""Integrate-and-fire neuron with an adaptive threshold: ALIF."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.array import Quantity, as_numpy
from neuromorphic_ros.snn.elementwise import ZERO, detach, where
from neuromorphic_ros.snn.neurons.firing import Firing, Spike, fire
from neuromorphic_ros.snn.neurons.leaky import Membrane, decay_of


class AdaptiveConstants(NamedTuple):
    """One tick of the membrane, of its adaptation and of its homeostasis; firing."""

    decay: Any
    gain: Any
    drift: Any
    adaptation_decay: Any
    adaptation: Any
    homeostasis: Any
    target_per_tick: Any
    offset_min: Any
    threshold: Any
    reset_value: Any
    floor: Any
    refractory_ticks: Any


class AdaptiveState(NamedTuple):
    """Membrane, adaptation and homeostatic offset of the threshold, refractoriness, reset."""

    membrane: Any
    adaptation: Any
    offset: Any
    refractory_left: Any
    unreset: Any


def step(
    spike: Spike, constants: Any, rules: Any, state: Any, current: Any
) -> tuple[Any, AdaptiveState]:
    """Advance neurons by one tick; returns spikes and state."""
    membrane = state.membrane * constants.decay + current * constants.gain + constants.drift
    threshold = constants.threshold + state.adaptation + state.offset
    fired, membrane, left, unreset = fire(spike, rules, constants, threshold, state, membrane)
    adaptation = state.adaptation * constants.adaptation_decay + fired * constants.adaptation
    excess = detach(fired) - constants.target_per_tick
    offset = state.offset + excess * constants.homeostasis
    offset = where(offset < constants.offset_min, constants.offset_min, offset)
    return fired, AdaptiveState(membrane, adaptation, offset, left, unreset)


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Alif(Membrane, Firing):
    """Leaky integrate-and-fire neuron whose threshold adapts.

    It fires at v >= threshold + a + h. Every spike raises a by `adaptation`; a decays with
    tau_adaptation (Bellec et al., NeurIPS 2018, with adaptation = beta (1 - rho)).
    h holds the neuron at a rate: h <- h + homeostasis (spikes - target dt) in every tick, but never
    below threshold_min - threshold (Lazar, Pipa & Triesch, Frontiers in Computational Neuroscience
    3:23, 2009, intrinsic plasticity).
    """

    model: Literal["alif"] = "alif"
    tau_adaptation_ms: Annotated[
        Quantity, Field(ge=1e-6, le=1e6, description="Time constant of the adaptation [ms]")
    ] = 200.0
    adaptation: Annotated[
        Quantity, Field(ge=0, le=1e6, description="Rise of the threshold with every spike")
    ] = 0.1
    target_rate_hz: Annotated[
        Quantity, Field(ge=0, le=1e5, description="Rate that homeostasis holds [Hz]")
    ] = 10.0
    homeostasis: Annotated[
        Quantity,
        Field(ge=0, le=1e6, description="Rise of the threshold per spike too many; 0: off"),
    ] = 0.0
    threshold_min: Annotated[
        Quantity, Field(ge=1e-6, le=1e6, description="Homeostasis never goes below this threshold")
    ] = 0.01

    step = staticmethod(step)

    def constants(self, dt_ms: float) -> AdaptiveConstants:
        """Return the constants of one tick, float64."""
        return AdaptiveConstants(
            self.decay(dt_ms),
            self.gain(dt_ms),
            self.drift(dt_ms),
            decay_of(self.tau_adaptation_ms, dt_ms, self.integrator),
            as_numpy(self.adaptation),
            as_numpy(self.homeostasis),
            as_numpy(self.target_rate_hz) * dt_ms / 1000.0,
            as_numpy(self.threshold_min) - as_numpy(self.threshold),
            *self.firing_constants(dt_ms),
        )

    def state(self) -> AdaptiveState:
        """Return the state at the start, float64."""
        return AdaptiveState(self.start(), ZERO, ZERO, ZERO, ZERO)
