"""Adaptive exponential integrate-and-fire neuron: AdEx."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.array import Quantity, as_numpy
from neuromorphic_ros.snn.elementwise import ONE, ZERO, exp, where
from neuromorphic_ros.snn.neurons.firing import Spike, spikes_of
from neuromorphic_ros.snn.neurons.traits import Traits

# The largest argument of the exponential that a membrane below v_peak may have; exp(100) is finite
# in float64 with all that is multiplied to it.
MAX_EXPONENT = 100.0


class AdExConstants(NamedTuple):
    """Parameters in mV, pA, nS, pF and ms; dt_ms is that of a substep."""

    dt_ms: Any
    capacitance: Any
    leak: Any
    rest: Any
    slope: Any
    exponential_threshold: Any
    tau_w_ms: Any
    subthreshold: Any
    spike_triggered: Any
    peak: Any
    reset_value: Any
    synapse_decay: Any
    bias: Any
    refractory_substeps: Any


class AdExState(NamedTuple):
    """Membrane [mV], adaptation current [pA], synaptic current [pA], substeps refractory."""

    membrane: Any
    adaptation: Any
    synapse: Any
    refractory_left: Any


class AdExRules(NamedTuple):
    """The conventions of a population; substeps: of a tick."""

    strict: bool
    multi_spike: bool
    refractory: bool
    substeps: int


def step(
    spike: Spike, constants: Any, rules: Any, state: Any, current: Any
) -> tuple[Any, AdExState]:
    """Advance neurons by one tick of `rules.substeps` Euler steps; returns spikes and state."""
    c = constants
    membrane, adaptation, left = state.membrane, state.adaptation, state.refractory_left
    synapse = state.synapse * c.synapse_decay + current
    drive = synapse + c.bias
    total = synapse * ZERO
    for _ in range(rules.substeps):
        upstroke = c.leak * c.slope * exp((membrane - c.exponential_threshold) / c.slope)
        net = upstroke - c.leak * (membrane - c.rest) - adaptation + drive
        raised = membrane + c.dt_ms * (net / c.capacitance)
        adaptation = adaptation + c.dt_ms * (
            (c.subthreshold * (membrane - c.rest) - adaptation) / c.tau_w_ms
        )
        if rules.refractory:
            raised = where(left > ZERO, membrane, raised)
            left = where(left > ZERO, left - ONE, ZERO)
        fired = spikes_of(spike, raised, c.peak, rules)
        membrane = where(fired > ZERO, c.reset_value, raised)
        adaptation = adaptation + fired * c.spike_triggered
        if rules.refractory:
            left = where(fired > ZERO, c.refractory_substeps, left)
        total = total + fired
    return total, AdExState(membrane, adaptation, synapse, left)


@dataclass(frozen=True, config=STRICT, kw_only=True)
class AdEx(Traits):
    """Adaptive exponential integrate-and-fire neuron.

    C dv/dt = -g_L (v - E_L) + g_L D exp((v - v_T) / D) - w + i + bias
    tau_w dw/dt = a (v - E_L) - w
    At v > v_peak a spike is fired, v = v_reset and w = w + b; v is held for the refractory period.
    Forward Euler with `substeps` steps a tick. Weights are in pA: without tau_syn_ms they drive the
    neuron for one tick, with it they jump a current i that decays exponentially from tick to tick.

    Source: Brette & Gerstner, Journal of Neurophysiology 94, 3637 (2005), whose values are the
    defaults; firing patterns: Naud et al., Biological Cybernetics 99, 335 (2008).
    """

    model: Literal["adex"] = "adex"
    capacitance_pf: Annotated[
        Quantity, Field(ge=1e-3, le=1e6, description="Capacitance C of the membrane [pF]")
    ] = 281.0
    leak_ns: Annotated[Quantity, Field(ge=1e-3, le=1e6, description="Leak g_L [nS]")] = 30.0
    rest_mv: Annotated[Quantity, Field(ge=-1e3, le=1e3, description="Resting E_L [mV]")] = -70.6
    slope_mv: Annotated[Quantity, Field(ge=0.1, le=1e3, description="Slope factor D [mV]")] = 2.0
    threshold_mv: Annotated[
        Quantity, Field(ge=-1e3, le=1e3, description="Threshold v_T of the upstroke [mV]")
    ] = -50.4
    tau_w_ms: Annotated[
        Quantity, Field(ge=1e-3, le=1e6, description="Time constant of the adaptation [ms]")
    ] = 144.0
    subthreshold_ns: Annotated[
        Quantity, Field(ge=-1e6, le=1e6, description="Adaptation a to the membrane [nS]")
    ] = 4.0
    spike_triggered_pa: Annotated[
        Quantity, Field(ge=-1e6, le=1e6, description="Adaptation b with every spike [pA]")
    ] = 80.5
    peak_mv: Annotated[
        Quantity, Field(ge=-1e3, le=1e3, description="Membrane v_peak at which it fires [mV]")
    ] = -40.4
    reset_mv: Annotated[
        Quantity, Field(ge=-1e3, le=1e3, description="Membrane v_reset after a spike [mV]")
    ] = -70.6
    bias_pa: Annotated[
        Quantity, Field(ge=-1e6, le=1e6, description="Constant input current [pA]")
    ] = 0.0
    tau_syn_ms: Annotated[
        Quantity | None,
        Field(ge=1e-3, le=1e6, description="Time constant of the synapse [ms]; none: one tick"),
    ] = None
    refractory_ms: Annotated[
        float, Field(ge=0, le=1e6, description="Time without a spike after a spike [ms]")
    ] = 0.0
    substeps: Annotated[int, Field(ge=1, le=1000, description="Euler steps in a tick")] = 1

    # The exponential amplifies rounding: 32 bits would shift spikes within a second.
    dtype: ClassVar[type[np.floating[Any]]] = np.float64
    step = staticmethod(step)

    def __post_init__(self) -> None:
        highest = np.maximum(
            np.maximum(as_numpy(self.peak_mv), as_numpy(self.rest_mv)), as_numpy(self.reset_mv)
        )
        exponent = (highest - as_numpy(self.threshold_mv)) / as_numpy(self.slope_mv)
        if np.any(exponent > MAX_EXPONENT):
            raise ValueError(
                f"peak_mv, rest_mv or reset_mv is more than {MAX_EXPONENT:g} slope_mv above "
                "threshold_mv: the exponential would overflow"
            )

    def rules(self, dt_ms: float) -> AdExRules:
        """Return the conventions of the population."""
        refractory = round(self.refractory_ms / dt_ms * self.substeps) > 0
        return AdExRules(
            strict=True, multi_spike=False, refractory=refractory, substeps=self.substeps
        )

    def constants(self, dt_ms: float) -> AdExConstants:
        """Return the constants of one tick, float64."""
        step_ms = dt_ms / self.substeps
        synapse = 0.0 if self.tau_syn_ms is None else np.exp(-dt_ms / as_numpy(self.tau_syn_ms))
        return AdExConstants(
            dt_ms=np.float64(step_ms),
            capacitance=as_numpy(self.capacitance_pf),
            leak=as_numpy(self.leak_ns),
            rest=as_numpy(self.rest_mv),
            slope=as_numpy(self.slope_mv),
            exponential_threshold=as_numpy(self.threshold_mv),
            tau_w_ms=as_numpy(self.tau_w_ms),
            subthreshold=as_numpy(self.subthreshold_ns),
            spike_triggered=as_numpy(self.spike_triggered_pa),
            peak=as_numpy(self.peak_mv),
            reset_value=as_numpy(self.reset_mv),
            synapse_decay=np.float64(synapse) if np.ndim(synapse) == 0 else synapse,
            bias=as_numpy(self.bias_pa),
            refractory_substeps=as_numpy(round(self.refractory_ms / step_ms)),
        )

    def state(self) -> AdExState:
        """Return the state at the start, float64."""
        return AdExState(as_numpy(self.rest_mv), ZERO, ZERO, ZERO)
