"""Spike-timing-dependent plasticity of pairs and triplets of spikes."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.plasticity.bounds import Amplitude, Bounded, bounded
from neuromorphic_ros.snn.plasticity.scaling import Scaled
from neuromorphic_ros.snn.plasticity.traces import Pairing, TauMs, TraceRules, trace_rules

NEEDS_PRE_TRACE = True


class TripletConstants(NamedTuple):
    """Bounds, and the changes by pairs and triplets without time between their spikes."""

    w_min: Any
    w_max: Any
    soft: Any
    pair_potentiation: Any
    triplet_potentiation: Any
    pair_depression: Any
    triplet_depression: Any


def on_pre(constants: Any, weight: Any, pre: Any, post: Any, gain: Any) -> Any:
    """Return a weight after a spike arrived; the traces are those before it."""
    amplitude = constants.pair_depression + constants.triplet_depression * pre.slow
    return bounded(constants, weight, -gain * post.fast * amplitude)


def on_post(constants: Any, weight: Any, pre: Any, post: Any, gain: Any) -> Any:
    """Return a weight after a spike of the target; the traces of the target are those before it."""
    amplitude = constants.pair_potentiation + constants.triplet_potentiation * post.slow
    return bounded(constants, weight, gain * pre.fast * amplitude)


@dataclass(frozen=True, config=STRICT, kw_only=True)
class TripletStdp(Bounded, Scaled):
    """The triplet rule of Pfister & Gerstner (J. Neuroscience 26, 9673, 2006), equations 3 and 4.

    With traces r1, r2 of the source and o1, o2 of the target, a spike that arrives subtracts
    learning_rate o1 (A2- + A3- r2), one of the target adds learning_rate r1 (A2+ + A3+ o2), where
    r2 and o2 are those just before the spike. nearest: each trace counts the last spike only.
    Defaults: all_to_all of the visual cortex, Table 4 of the paper.
    """

    type: Literal["triplet_stdp"] = "triplet_stdp"
    learning_rate: Annotated[
        float, Field(ge=0, le=1e6, description="Factor of all changes of weights")
    ] = 1.0
    tau_plus_ms: TauMs = 16.8
    tau_minus_ms: TauMs = 33.7
    tau_x_ms: TauMs = 101.0
    tau_y_ms: TauMs = 125.0
    a2_plus: Amplitude = 5e-10
    a2_minus: Amplitude = 7e-3
    a3_plus: Amplitude = 6.2e-3
    a3_minus: Amplitude = 2.3e-4
    pairing: Pairing = "all_to_all"

    def traces(self, dt_ms: float) -> TraceRules:
        """Return the rules of its traces: r1 and r2, o1 and o2."""
        fast = self.tau_plus_ms, self.tau_minus_ms
        return trace_rules(dt_ms, self.pairing, *fast, self.tau_x_ms, self.tau_y_ms)

    def constants(self) -> TripletConstants:
        """Return the constants of its changes, float64."""
        return TripletConstants(
            *self.bound_constants(),
            self.learning_rate * self.a2_plus,
            self.learning_rate * self.a3_plus,
            self.learning_rate * self.a2_minus,
            self.learning_rate * self.a3_minus,
        )
