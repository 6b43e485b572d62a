"""Spike-timing-dependent plasticity of pairs of spikes."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.plasticity.bounds import Amplitude, Bounded, bounded
from neuromorphic_ros.snn.plasticity.scaling import Scaled
from neuromorphic_ros.snn.plasticity.traces import Pairing, TauMs, TraceRules, trace_rules

NEEDS_PRE_TRACE = True


class PairConstants(NamedTuple):
    """Bounds, and the change by a pair without time between its spikes."""

    w_min: Any
    w_max: Any
    soft: Any
    potentiation: Any
    depression: Any


def on_pre(constants: Any, weight: Any, pre: Any, post: Any, gain: Any) -> Any:
    """Return a weight after a spike arrived; the traces are those before it."""
    return bounded(constants, weight, -gain * constants.depression * post.fast)


def on_post(constants: Any, weight: Any, pre: Any, post: Any, gain: Any) -> Any:
    """Return a weight after a spike of the target; the traces of the target are those before it."""
    return bounded(constants, weight, gain * constants.potentiation * pre.fast)


@dataclass(frozen=True, config=STRICT, kw_only=True)
class PairStdp(Bounded, Scaled):
    """Exponential windows of pairs of spikes (Bi & Poo, J. Neuroscience 18, 10464, 1998).

    A source spike that arrives s >= 0 before a spike of the target adds
    learning_rate potentiation exp(-s / tau_plus); one that arrives s > 0 after it subtracts
    learning_rate depression exp(-s / tau_minus). all_to_all: of all pairs; nearest: of each spike
    with the last one of the other neuron (Morrison, Diesmann & Gerstner 2008, section 4.2,
    symmetric). Defaults: Song, Miller & Abbott 2000.
    """

    type: Literal["pair_stdp"] = "pair_stdp"
    tau_plus_ms: TauMs = 20.0
    tau_minus_ms: TauMs = 20.0
    potentiation: Amplitude = 1.0
    depression: Amplitude = 1.05
    pairing: Pairing = "all_to_all"

    def traces(self, dt_ms: float) -> TraceRules:
        """Return the rules of its traces."""
        return trace_rules(dt_ms, self.pairing, self.tau_plus_ms, self.tau_minus_ms)

    def constants(self) -> PairConstants:
        """Return the constants of its changes, float64."""
        return PairConstants(
            *self.bound_constants(),
            self.learning_rate * self.potentiation,
            self.learning_rate * self.depression,
        )
