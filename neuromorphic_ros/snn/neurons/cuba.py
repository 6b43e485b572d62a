"""Current-based neurons with exponential synapses: CUBA-LIF and the non-spiking CUBA-LI."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass
from scipy.special import exprel

from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.array import Quantity, as_numpy
from neuromorphic_ros.snn.elementwise import ZERO
from neuromorphic_ros.snn.neurons.firing import Firing, Spike, fire
from neuromorphic_ros.snn.neurons.leaky import Membrane, decay_of
from neuromorphic_ros.snn.neurons.traits import Traits


class CubaConstants(NamedTuple):
    """One tick: i <- synapse_decay i + synapse_gain I, v <- decay v + gain i + drift; firing."""

    synapse_decay: Any
    synapse_gain: Any
    decay: Any
    gain: Any
    drift: Any
    threshold: Any
    reset_value: Any
    floor: Any
    refractory_ticks: Any


class CubaState(NamedTuple):
    """Synaptic current, membrane, ticks of refractoriness left, spikes yet to reset it."""

    synapse: Any
    membrane: Any
    refractory_left: Any
    unreset: Any


class CubaRules(NamedTuple):
    """Conventions of firing, and whether input acts on the membrane a tick later."""

    subtract: bool
    reset_next_tick: bool
    strict: bool
    multi_spike: bool
    refractory: bool
    bounded: bool
    lower_first: bool
    input_next_tick: bool


def step(
    spike: Spike, constants: Any, rules: Any, state: Any, current: Any
) -> tuple[Any, CubaState]:
    """Advance spiking neurons by one tick; returns spikes and state."""
    synapse = state.synapse * constants.synapse_decay + current * constants.synapse_gain
    driving = state.synapse if rules.input_next_tick else synapse
    membrane = state.membrane * constants.decay + driving * constants.gain + constants.drift
    fired, membrane, left, unreset = fire(
        spike, rules, constants, constants.threshold, state, membrane
    )
    return fired, CubaState(synapse, membrane, left, unreset)


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Synapse:
    """An exponential synapse before a membrane: tau_syn di/dt = -i + tau_syn I.

    Spikes add their weights to i, which decays by exp(-dt/tau_syn), or by 1 - dt/tau_syn under
    euler; input_gain scales the weights.
    """

    tau_syn_ms: Annotated[
        Quantity, Field(ge=1e-6, le=1e6, description="Time constant of the synapse [ms]")
    ] = 5.0
    input_gain: Annotated[
        Quantity, Field(ge=-1e6, le=1e6, description="Jump of the synaptic current per weight")
    ] = 1.0
    input_in: Annotated[
        Literal["same_tick", "next_tick"],
        Field(description="When input reaches the membrane through the synapse"),
    ] = "same_tick"


def exact_gain(tau_mem_ms: Any, tau_syn_ms: Any, dt_ms: float) -> Any:
    """Return the membrane after a tick per unit of a synaptic current at its begin, float64.

    The solution of tau_mem dv/dt = -v + i, tau_syn di/dt = -i from v = 0, i = 1 (Rotter & Diesmann,
    Biological Cybernetics 81, 381, 1999), written so that time constants may be equal.
    """
    mem, syn = as_numpy(tau_mem_ms), as_numpy(tau_syn_ms)
    slower = np.exp(-dt_ms / np.maximum(mem, syn))
    return dt_ms / mem * slower * exprel(-dt_ms * np.abs(1.0 / mem - 1.0 / syn))


@dataclass(frozen=True, config=STRICT, kw_only=True)
class CubaMembrane(Membrane, Synapse):
    """A leaky membrane driven through an exponential synapse.

    tau_mem dv/dt = (rest - v) + r i. exact: both equations solved over the tick. Without
    `resistance` the synaptic current itself is the jump of the membrane: v <- rest + (v - rest) a
    + i.
    """

    def membrane_gain(self, dt_ms: float) -> Any:
        """Return the membrane jump of one tick per synaptic current, float64."""
        if self.resistance is None or self.integrator == "euler":
            return self.gain(dt_ms)
        return as_numpy(self.resistance) * exact_gain(self.tau_mem_ms, self.tau_syn_ms, dt_ms)


@dataclass(frozen=True, config=STRICT, kw_only=True)
class CubaLif(CubaMembrane, Firing):
    """Leaky integrate-and-fire neuron with an exponential synapse.

    Source: CubaLIF of NIR (Pedersen et al., Nature Communications 15, 8122, 2024).
    """

    model: Literal["cuba_lif"] = "cuba_lif"

    step = staticmethod(step)

    def rules(self, dt_ms: float) -> CubaRules:  # type: ignore[override]
        """Return the conventions of the population."""
        return CubaRules(*Firing.rules(self, dt_ms), self.input_in == "next_tick")

    def constants(self, dt_ms: float) -> CubaConstants:
        """Return the constants of one tick, float64."""
        return CubaConstants(
            decay_of(self.tau_syn_ms, dt_ms, self.integrator),
            as_numpy(self.input_gain),
            self.decay(dt_ms),
            self.membrane_gain(dt_ms),
            self.drift(dt_ms),
            *self.firing_constants(dt_ms),
        )

    def state(self) -> CubaState:
        """Return the state at the start, float64."""
        return CubaState(ZERO, self.start(), ZERO, ZERO)


class CubaReadoutConstants(NamedTuple):
    """One tick: i <- synapse_decay i + synapse_gain I, v <- decay v + gain i + drift."""

    synapse_decay: Any
    synapse_gain: Any
    decay: Any
    gain: Any
    drift: Any


class CubaReadoutState(NamedTuple):
    """Synaptic current and membrane."""

    synapse: Any
    membrane: Any


class CubaReadoutRules(NamedTuple):
    """Whether input acts on the membrane a tick later."""

    input_next_tick: bool


def step_readout(
    spike: Spike, constants: Any, rules: Any, state: Any, current: Any
) -> tuple[Any, CubaReadoutState]:
    """Advance neurons that never fire by one tick; returns the membrane as output, and state."""
    synapse = state.synapse * constants.synapse_decay + current * constants.synapse_gain
    driving = state.synapse if rules.input_next_tick else synapse
    membrane = state.membrane * constants.decay + driving * constants.gain + constants.drift
    return membrane, CubaReadoutState(synapse, membrane)


@dataclass(frozen=True, config=STRICT, kw_only=True)
class CubaLi(CubaMembrane, Traits):
    """Leaky integrator with an exponential synapse: never fires, its membrane is the output."""

    model: Literal["cuba_li"] = "cuba_li"

    spikes: ClassVar[bool] = False
    step = staticmethod(step_readout)

    def rules(self, dt_ms: float) -> CubaReadoutRules:
        """Return the conventions of the population."""
        return CubaReadoutRules(self.input_in == "next_tick")

    def constants(self, dt_ms: float) -> CubaReadoutConstants:
        """Return the constants of one tick, float64."""
        return CubaReadoutConstants(
            decay_of(self.tau_syn_ms, dt_ms, self.integrator),
            as_numpy(self.input_gain),
            self.decay(dt_ms),
            self.membrane_gain(dt_ms),
            self.drift(dt_ms),
        )

    def state(self) -> CubaReadoutState:
        """Return the state at the start, float64."""
        return CubaReadoutState(ZERO, self.start())
