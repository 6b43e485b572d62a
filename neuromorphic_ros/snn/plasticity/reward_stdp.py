"""Reward-modulated STDP: pairs of spikes leave a trace that a later reward turns into a change."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, NamedTuple

from numba.extending import register_jitable
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.elementwise import ONE
from neuromorphic_ros.snn.plasticity.bounds import Amplitude, Bounded, bounded
from neuromorphic_ros.snn.plasticity.scaling import Scaled
from neuromorphic_ros.snn.plasticity.traces import Pairing, TauMs, TraceRules, trace_rules

Octaves = Annotated[float, Field(ge=-4, le=4)]


class RewardConstants(NamedTuple):
    """Bounds, and the eligibility by a pair without time between its spikes."""

    w_min: Any
    w_max: Any
    soft: Any
    potentiation: Any
    depression: Any


class Lag(NamedTuple):
    """What is left of an eligibility since its row was settled, and what it has changed by then.

    A synapse that keeps the weight v and the eligibility e has the weight v + e change and the
    eligibility e share.
    """

    share: Any
    change: Any


class Modulation(NamedTuple):
    """What a tick needs beside the constants: of serotonin, only its effect.

    eligibility_decay, phasic_decay: what is left of them after a tick. rate: change of a weight in
    a tick with eligibility and dopamine 1.
    """

    eligibility_decay: float
    phasic_decay: float
    rate: float


@register_jitable(forceinline=True)
def after_tick(lag: Any, decay: Any, change: Any) -> Lag:
    """Return the lag of a row after a tick; change: of a weight with eligibility 1."""
    share = lag.share * decay
    return Lag(share, lag.change + share * change)


@register_jitable(forceinline=True)
def settled(constants: Any, weight: Any, eligibility: Any, lag: Any) -> tuple[Any, Any]:
    """Return weight and eligibility of a synapse as they are now."""
    return bounded(constants, weight, eligibility * lag.change), eligibility * lag.share


@register_jitable(forceinline=True)
def eligible(weight: Any, eligibility: Any, lag: Any, more: Any) -> tuple[Any, Any]:
    """Return what a synapse keeps after its eligibility grew, which has changed no weight yet."""
    kept = more * (ONE / lag.share)
    return weight - kept * lag.change, eligibility + kept


@dataclass(frozen=True, config=STRICT, kw_only=True)
class RewardStdp(Bounded, Scaled):
    """The distal reward rule of Izhikevich (Cerebral Cortex 17, 2443, 2007).

    Pairs of spikes change the eligibility c of a synapse as `pair_stdp` changes a weight:
    dc/dt = -c / tau_eligibility + pairs, dw/dt = learning_rate c d, time in s. Dopamine d is the
    tonic level plus the phasic one, to which each reward adds; that decays with tau_dopamine. In a
    tick, c decays, changes the weight, and then grows by the pairs of the tick.

    Serotonin, -1 to 1, stands for patience: it scales the time over which rewards are credited
    (Doya, Neural Networks 15, 495, 2002: serotonin sets the time scale of reward prediction) by
    2^(patience level), and the learning rate (Iigaya et al., Nature Communications 9, 2477, 2018:
    stimulation of serotonin neurons raises it) by 2^(readiness level).

    Bounds are additive; they apply whenever a weight is used.
    """

    type: Literal["reward_stdp"] = "reward_stdp"
    tau_plus_ms: TauMs = 20.0
    tau_minus_ms: TauMs = 20.0
    potentiation: Amplitude = 1.0
    depression: Amplitude = 1.5
    pairing: Pairing = "all_to_all"
    tau_eligibility_ms: TauMs = 1000.0
    tau_dopamine_ms: TauMs = 200.0
    patience: Octaves = 1.0
    readiness: Octaves = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bounds != "additive":
            raise ValueError("the bounds of reward_stdp are additive")

    def traces(self, dt_ms: float) -> TraceRules:
        """Return the rules of its traces."""
        return trace_rules(dt_ms, self.pairing, self.tau_plus_ms, self.tau_minus_ms)

    def constants(self) -> RewardConstants:
        """Return the constants of its changes, float64."""
        return RewardConstants(*self.bound_constants(), self.potentiation, self.depression)

    def modulation(self, dt_ms: float, serotonin: float) -> Modulation:
        """Return what a tick needs under a level of serotonin, -1 to 1."""
        tau_ms = self.tau_eligibility_ms * 2 ** (self.patience * serotonin)
        rate = self.learning_rate * 2 ** (self.readiness * serotonin)
        return Modulation(
            math.exp(-dt_ms / tau_ms), math.exp(-dt_ms / self.tau_dopamine_ms), rate * dt_ms * 1e-3
        )
