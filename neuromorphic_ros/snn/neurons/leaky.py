"""Neurons with one state variable: IF and LIF, and I and LI, which do not spike."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.array import Quantity, as_numpy
from neuromorphic_ros.snn.elementwise import ZERO
from neuromorphic_ros.snn.neurons.firing import Firing, Spike, fire
from neuromorphic_ros.snn.neurons.traits import Traits


class LeakyConstants(NamedTuple):
    """One tick of the membrane, v <- decay v + gain I + drift, and its firing."""

    decay: Any
    gain: Any
    drift: Any
    threshold: Any
    reset_value: Any
    floor: Any
    refractory_ticks: Any


class LeakyState(NamedTuple):
    """What a neuron remembers: membrane, ticks of refractoriness left, spikes yet to reset it."""

    membrane: Any
    refractory_left: Any
    unreset: Any


def step(
    spike: Spike, constants: Any, rules: Any, state: Any, current: Any
) -> tuple[Any, LeakyState]:
    """Advance spiking neurons by one tick; returns spikes and state."""
    membrane = state.membrane * constants.decay + current * constants.gain + constants.drift
    fired, membrane, left, unreset = fire(
        spike, rules, constants, constants.threshold, state, membrane
    )
    return fired, LeakyState(membrane, left, unreset)


def decay_of(tau_ms: Any, dt_ms: float, integrator: str) -> Any:
    """Return the share of an exponential that is left after a tick, float64."""
    if integrator == "euler":
        return 1.0 - dt_ms / as_numpy(tau_ms)
    return np.exp(-dt_ms / as_numpy(tau_ms))


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Membrane:
    """A membrane that leaks: tau_mem dv/dt = (rest - v) + r I.

    exact: over a tick in which I is constant, v <- rest + (v - rest) a + r (1 - a) I with
    a = exp(-dt/tau_mem). euler: the same with a = 1 - dt/tau_mem. Without `resistance` a weight is
    the jump of the membrane that one spike causes: v <- rest + (v - rest) a + I.

    Source: Gerstner, Kistler, Naud, Paninski, Neuronal Dynamics (2014), section 1.3; LIF and LI of
    NIR (Pedersen et al., Nature Communications 15, 8122, 2024).
    """

    tau_mem_ms: Annotated[
        Quantity, Field(ge=1e-6, le=1e6, description="Time constant of the membrane [ms]")
    ] = 10.0
    integrator: Annotated[
        Literal["exact", "euler"], Field(description="How a tick is integrated")
    ] = "exact"
    resistance: Annotated[
        Quantity | None,
        Field(ge=-1e6, le=1e6, description="Membrane resistance; none: weights are membrane jumps"),
    ] = None
    rest: Annotated[Quantity, Field(ge=-1e6, le=1e6, description="Membrane without input")] = 0.0
    bias: Annotated[
        Quantity, Field(ge=-1e6, le=1e6, description="Jump of the membrane in every tick")
    ] = 0.0
    initial: Annotated[
        Quantity | None,
        Field(ge=-1e6, le=1e6, description="Membrane at the start; none: rest"),
    ] = None

    def decay(self, dt_ms: float) -> Any:
        """Return the share of the membrane that is left after one tick, float64."""
        return decay_of(self.tau_mem_ms, dt_ms, self.integrator)

    def gain(self, dt_ms: float) -> Any:
        """Return the membrane jump per unit of summed weight in one tick, float64."""
        if self.resistance is None:
            return np.float64(1.0)
        return as_numpy(self.resistance) * (1.0 - self.decay(dt_ms))

    def drift(self, dt_ms: float) -> Any:
        """Return the membrane jump of one tick without input and from v = 0, float64."""
        return as_numpy(self.rest) * (1.0 - self.decay(dt_ms)) + as_numpy(self.bias)

    def start(self) -> Any:
        """Return the membrane at the start, float64."""
        return as_numpy(self.rest if self.initial is None else self.initial)


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Lif(Membrane, Firing):
    """Leaky integrate-and-fire neuron."""

    model: Literal["lif"] = "lif"

    step = staticmethod(step)

    def constants(self, dt_ms: float) -> LeakyConstants:
        """Return the constants of one tick, float64."""
        return LeakyConstants(
            self.decay(dt_ms), self.gain(dt_ms), self.drift(dt_ms), *self.firing_constants(dt_ms)
        )

    def state(self) -> LeakyState:
        """Return the state at the start, float64."""
        return LeakyState(self.start(), ZERO, ZERO)


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Integration:
    """A membrane without leak: dv/dt = r I, v <- v + r dt I + bias.

    Without `resistance_per_s` a weight is the jump of the membrane that one spike causes.
    Source: IF and I of NIR (Pedersen et al., Nature Communications 15, 8122, 2024); r in 1/s there.
    """

    resistance_per_s: Annotated[
        Quantity | None,
        Field(ge=-1e9, le=1e9, description="Resistance [1/s]; none: weights are membrane jumps"),
    ] = None
    bias: Annotated[
        Quantity, Field(ge=-1e6, le=1e6, description="Jump of the membrane in every tick")
    ] = 0.0
    initial: Annotated[Quantity, Field(ge=-1e6, le=1e6, description="Membrane at the start")] = 0.0

    def gain(self, dt_ms: float) -> Any:
        """Return the membrane jump per unit of summed weight in one tick, float64."""
        if self.resistance_per_s is None:
            return np.float64(1.0)
        return as_numpy(self.resistance_per_s) * (1e-3 * dt_ms)


@dataclass(frozen=True, config=STRICT, kw_only=True)
class If(Integration, Firing):
    """Integrate-and-fire neuron without leak."""

    model: Literal["if"] = "if"

    step = staticmethod(step)

    def constants(self, dt_ms: float) -> LeakyConstants:
        """Return the constants of one tick, float64."""
        return LeakyConstants(
            np.float64(1.0),
            self.gain(dt_ms),
            as_numpy(self.bias),
            *self.firing_constants(dt_ms),
        )

    def state(self) -> LeakyState:
        """Return the state at the start, float64."""
        return LeakyState(as_numpy(self.initial), ZERO, ZERO)


class ReadoutConstants(NamedTuple):
    """One tick of a membrane that never fires, v <- decay v + gain I + drift."""

    decay: Any
    gain: Any
    drift: Any


class ReadoutState(NamedTuple):
    """What a neuron that never fires remembers."""

    membrane: Any


class NoRules(NamedTuple):
    """A model without conventions to choose."""


def step_readout(
    spike: Spike, constants: Any, rules: Any, state: Any, current: Any
) -> tuple[Any, ReadoutState]:
    """Advance neurons that never fire by one tick; returns the membrane as output, and state."""
    membrane = state.membrane * constants.decay + current * constants.gain + constants.drift
    return membrane, ReadoutState(membrane)


class NonSpiking(Traits):
    """What models have in common whose only state is a membrane that is their output."""

    spikes: ClassVar[bool] = False
    step = staticmethod(step_readout)

    def rules(self, dt_ms: float) -> NoRules:
        """Return the conventions of the population: none."""
        return NoRules()


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Li(Membrane, NonSpiking):
    """Leaky integrator: a membrane that never fires and is itself the output, for readouts."""

    model: Literal["li"] = "li"

    def constants(self, dt_ms: float) -> ReadoutConstants:
        """Return the constants of one tick, float64."""
        return ReadoutConstants(self.decay(dt_ms), self.gain(dt_ms), self.drift(dt_ms))

    def state(self) -> ReadoutState:
        """Return the state at the start, float64."""
        return ReadoutState(self.start())


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Integrator(Integration, NonSpiking):
    """Integrator: a membrane that neither leaks nor fires and is itself the output."""

    model: Literal["integrator"] = "integrator"

    def constants(self, dt_ms: float) -> ReadoutConstants:
        """Return the constants of one tick, float64."""
        return ReadoutConstants(np.float64(1.0), self.gain(dt_ms), as_numpy(self.bias))

    def state(self) -> ReadoutState:
        """Return the state at the start, float64."""
        return ReadoutState(as_numpy(self.initial))
