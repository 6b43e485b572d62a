"""Integrate-and-fire neuron with nonlinear dendrites, gated by a neuromodulator."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from numba.extending import register_jitable
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.array import Quantity, as_numpy
from neuromorphic_ros.snn.elementwise import ONE, ZERO, exp, where
from neuromorphic_ros.snn.neurons.firing import Firing, Spike, fire
from neuromorphic_ros.snn.neurons.leaky import Membrane, decay_of

# A sigmoid is 0 in 32 bits below this.
LOWEST = np.float32(-80)


class DendriticConstants(NamedTuple):
    """One tick of the soma and of each dendrite; firing."""

    decay: Any
    gain: Any
    drift: Any
    dendrite_decay: Any
    dendrite_threshold: Any
    dendrite_slope: Any
    dendritic_gain: Any
    sensitivity: Any
    threshold: Any
    reset_value: Any
    floor: Any
    refractory_ticks: Any


class SomaState(NamedTuple):
    """Membrane, ticks of refractoriness left, spikes yet to reset it, level of the modulator."""

    membrane: Any
    refractory_left: Any
    unreset: Any
    modulation: Any


class DendriticState(NamedTuple):
    """State of the soma, and the potential of each dendrite: one more, leading dimension."""

    membrane: Any
    refractory_left: Any
    unreset: Any
    modulation: Any
    dendrites: Any


def branch(constants: Any, dendrite: Any, current: Any) -> tuple[Any, Any]:
    """Advance one dendrite of each neuron; returns its drive of the soma and its potential.

    The drive is 0 at rest and at most 1: s((u - threshold) / slope) - s(-threshold / slope).
    """
    dendrite = dendrite * constants.dendrite_decay + current
    active = _sigmoid((dendrite - constants.dendrite_threshold) / constants.dendrite_slope)
    return active - _sigmoid(-constants.dendrite_threshold / constants.dendrite_slope), dendrite


@register_jitable(forceinline=True)
def _sigmoid(value: Any) -> Any:
    # An infinite exponential would have no gradient.
    return ONE / (ONE + exp(where(value < LOWEST, -LOWEST, -value)))


def soma(
    spike: Spike, constants: Any, rules: Any, state: Any, current: Any, drive: Any
) -> tuple[Any, SomaState]:
    """Advance the somata by one tick with the summed drive of their dendrites."""
    gated = constants.dendritic_gain * (ONE + constants.sensitivity * state.modulation)
    total = current + gated * drive
    membrane = state.membrane * constants.decay + total * constants.gain + constants.drift
    fired, membrane, left, unreset = fire(
        spike, rules, constants, constants.threshold, state, membrane
    )
    return fired, SomaState(membrane, left, unreset, state.modulation)


def step(
    spike: Spike, constants: Any, rules: Any, state: Any, current: Any
) -> tuple[Any, DendriticState]:
    """Advance neurons by one tick; returns spikes and state.

    current: (1 + dendrites, ...), the soma first, then each dendrite.
    """
    drive, dendrites = current[0] * ZERO, []
    for index in range(len(state.dendrites)):
        driven, dendrite = branch(constants, state.dendrites[index], current[1 + index])
        drive = drive + driven
        dendrites.append(dendrite)
    fired, after = soma(spike, constants, rules, state, current[0], drive)
    return fired, DendriticState(*after, dendrites)


@dataclass(frozen=True, config=STRICT, kw_only=True)
class DendriticLif(Membrane, Firing):
    """Leaky integrate-and-fire neuron with `dendrites` nonlinear branches.

    Each branch integrates its own input, tau_dendrite du/dt = -u + tau_dendrite I, and drives the
    soma through a sigmoid, so that inputs close in time on one branch count for more than the same
    inputs spread over branches: a two-layer network in one neuron (Poirazi, Brannon & Mel, Neuron
    37, 989, 2003). The drives add to the soma's own input, times
    dendritic_gain (1 + sensitivity m), with the level m of a neuromodulator in -1..1.
    A projection reaches branch k with `compartment: k`, the soma with 0.
    """

    model: Literal["dendritic_lif"] = "dendritic_lif"
    dendrites: Annotated[int, Field(ge=1, le=64, description="Number of branches")] = 2
    tau_dendrite_ms: Annotated[
        Quantity, Field(ge=1e-6, le=1e6, description="Time constant of a branch [ms]")
    ] = 20.0
    dendrite_threshold: Annotated[
        Quantity, Field(ge=-1e6, le=1e6, description="Potential of half the drive")
    ] = 2.0
    dendrite_slope: Annotated[
        Quantity, Field(ge=1e-3, le=1e6, description="Width of the sigmoid")
    ] = 0.25
    dendritic_gain: Annotated[
        Quantity, Field(ge=-1e6, le=1e6, description="Input of the soma from a saturated branch")
    ] = 1.0
    sensitivity: Annotated[
        Quantity, Field(ge=-1e3, le=1e3, description="Change of the gain with the modulator")
    ] = 1.0

    step = staticmethod(step)

    @property
    def compartments(self) -> int:
        """Number of places that projections can reach."""
        return 1 + self.dendrites

    def constants(self, dt_ms: float) -> DendriticConstants:
        """Return the constants of one tick, float64."""
        return DendriticConstants(
            self.decay(dt_ms),
            self.gain(dt_ms),
            self.drift(dt_ms),
            decay_of(self.tau_dendrite_ms, dt_ms, self.integrator),
            as_numpy(self.dendrite_threshold),
            as_numpy(self.dendrite_slope),
            as_numpy(self.dendritic_gain),
            as_numpy(self.sensitivity),
            *self.firing_constants(dt_ms),
        )

    def state(self) -> DendriticState:
        """Return the state at the start, float64."""
        return DendriticState(self.start(), ZERO, ZERO, ZERO, [ZERO] * self.dendrites)
