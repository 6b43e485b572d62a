"""Hebbian plasticity with forgetting: the rule of Oja, and plain decay."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.elementwise import ONE
from neuromorphic_ros.snn.plasticity.bounds import Amplitude, Bounded, bounded
from neuromorphic_ros.snn.plasticity.scaling import Scaled
from neuromorphic_ros.snn.plasticity.traces import TauMs, TraceRules, trace_rules

# Without activity of its source a weight is forgotten.
NEEDS_PRE_TRACE = False
on_pre = None


class HebbianConstants(NamedTuple):
    """Bounds, and the factors of growth and forgetting."""

    w_min: Any
    w_max: Any
    soft: Any
    growth: Any
    normalization: Any
    decay: Any


def on_post(constants: Any, weight: Any, pre: Any, post: Any, gain: Any) -> Any:
    """Return a weight after a spike of the target; the traces of the target are those before it."""
    active = post.fast + ONE
    forgotten = (constants.normalization * active * active + constants.decay) * weight
    return bounded(constants, weight, gain * (constants.growth * pre.fast * active - forgotten))


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Hebbian(Bounded, Scaled):
    """Hebb's rule with the forgetting of Oja (J. Mathematical Biology 15, 267, 1982) or decay.

    At each spike of the target, w changes by
    learning_rate (x y - normalization y^2 w - decay w), with the trace x of the source and y of
    the target, that spike included: activities in spikes per time constant. normalization 1 is
    Oja's rule, 0 plain Hebb.
    """

    type: Literal["hebbian"] = "hebbian"
    tau_pre_ms: TauMs = 20.0
    tau_post_ms: TauMs = 20.0
    normalization: Amplitude = 1.0
    decay: Amplitude = 0.0

    def traces(self, dt_ms: float) -> TraceRules:
        """Return the rules of its traces."""
        return trace_rules(dt_ms, "all_to_all", self.tau_pre_ms, self.tau_post_ms)

    def constants(self) -> HebbianConstants:
        """Return the constants of its changes, float64."""
        return HebbianConstants(
            *self.bound_constants(),
            self.learning_rate,
            self.learning_rate * self.normalization,
            self.learning_rate * self.decay,
        )
