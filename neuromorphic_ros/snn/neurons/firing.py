"""Threshold, reset and refractory period, shared by the neuron models that spike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple

from numba.extending import register_jitable
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.array import Quantity, as_numpy
from neuromorphic_ros.snn.elementwise import ONE, ZERO, detach, floor, where
from neuromorphic_ros.snn.neurons.traits import Traits


class FiringRules(NamedTuple):
    """The conventions of a population, the same for all of its neurons."""

    subtract: bool
    reset_next_tick: bool
    strict: bool
    multi_spike: bool
    refractory: bool
    bounded: bool
    lower_first: bool


PLAIN = FiringRules(
    subtract=False,
    reset_next_tick=False,
    strict=False,
    multi_spike=False,
    refractory=False,
    bounded=False,
    lower_first=False,
)
"""A spike at v >= threshold, and nothing else."""


class FiringConstants(NamedTuple):
    """The last constants of every model that spikes."""

    threshold: Any
    reset_value: Any
    floor: Any
    refractory_ticks: Any


# (membrane, threshold, rules) -> spikes: 0 or 1, with multi_spike any whole number. None stands for
# `heaviside`, others are surrogates of it that have a gradient.
Spike = Callable[[Any, Any, Any], Any] | None


@register_jitable(forceinline=True)
def heaviside(membrane: Any, threshold: Any, rules: Any) -> Any:
    """Return the spikes of a membrane: 0, 1 or, with multi_spike, how many thresholds it holds."""
    if rules.multi_spike:
        return where(membrane >= threshold, floor(membrane / threshold), ZERO)
    if rules.strict:
        return where(membrane > threshold, ONE, ZERO)
    return where(membrane >= threshold, ONE, ZERO)


@register_jitable(forceinline=True)
def spikes_of(spike: Spike, membrane: Any, threshold: Any, rules: Any) -> Any:
    """Return the spikes of a membrane through a surrogate, or none."""
    if spike is None:
        return heaviside(membrane, threshold, rules)
    return spike(membrane, threshold, rules)


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Firing(Traits):
    """When a neuron fires and what that does to its membrane.

    A spike is fired at v >= threshold (v > threshold if strict). The membrane is then reset, in the
    same tick or after the integration of the next one, and held for the refractory period.
    Frameworks differ in every one of these: docs/networks.md lists who does what.
    """

    threshold: Annotated[
        Quantity, Field(ge=1e-6, le=1e6, description="Membrane value at which a spike is fired")
    ] = 1.0
    reset: Annotated[
        Literal["hard", "subtract"],
        Field(description="hard: v = reset_value after a spike; subtract: v = v - threshold"),
    ] = "hard"
    reset_value: Annotated[
        Quantity, Field(ge=-1e6, le=1e6, description="Membrane after a hard reset")
    ] = 0.0
    reset_in: Annotated[
        Literal["same_tick", "next_tick"], Field(description="When a spike resets the membrane")
    ] = "same_tick"
    lower_first: Annotated[
        bool,
        Field(
            description="What subtraction left above the threshold is lowered by it before it may "
            "fire again, as in snntorch with reset_delay=False"
        ),
    ] = False
    strict: Annotated[
        bool, Field(description="A spike needs v > threshold; multi_spike takes >= all the same")
    ] = False
    multi_spike: Annotated[
        bool, Field(description="Fire floor(v / threshold) spikes in a tick instead of one")
    ] = False
    refractory_ms: Annotated[
        float, Field(ge=0, le=1e6, description="Time without a spike after a spike [ms]")
    ] = 0.0
    floor: Annotated[
        Quantity | None,
        Field(ge=-1e6, le=1e6, description="Lower bound of the membrane; none: unbounded"),
    ] = None

    def refractory_ticks(self, dt_ms: float) -> int:
        """Return the refractory period in whole ticks."""
        return round(self.refractory_ms / dt_ms)

    def rules(self, dt_ms: float) -> FiringRules:
        """Return the conventions of the population."""
        return FiringRules(
            subtract=self.reset == "subtract",
            reset_next_tick=self.reset_in == "next_tick",
            strict=self.strict,
            multi_spike=self.multi_spike,
            refractory=self.refractory_ticks(dt_ms) > 0,
            bounded=self.floor is not None,
            lower_first=self.lower_first
            and self.reset == "subtract"
            and self.reset_in == "same_tick",
        )

    def firing_constants(self, dt_ms: float) -> FiringConstants:
        """Return what firing needs, float64."""
        return FiringConstants(
            threshold=as_numpy(self.threshold),
            reset_value=as_numpy(self.reset_value),
            floor=as_numpy(0.0 if self.floor is None else self.floor),
            refractory_ticks=as_numpy(self.refractory_ticks(dt_ms)),
        )


@register_jitable(forceinline=True)
def fire(
    spike: Spike,
    rules: Any,
    constants: Any,
    threshold: Any,
    state: Any,
    membrane: Any,
) -> tuple[Any, Any, Any, Any]:
    """Fire and reset integrated membranes.

    state: before integration: membrane, refractory_left [ticks] and unreset, the spikes of the last
    tick if rules.reset_next_tick.
    Returns spikes, membrane, refractory_left and unreset.
    """
    refractory_left, unreset = state.refractory_left, state.unreset
    if rules.reset_next_tick:
        membrane = _reset(rules, constants, threshold, membrane, unreset)
    if rules.refractory:
        membrane = where(refractory_left > ZERO, state.membrane, membrane)
    if rules.bounded:
        membrane = where(membrane < constants.floor, constants.floor, membrane)
    lowered = heaviside(state.membrane, threshold, rules) if rules.lower_first else ZERO
    if rules.lower_first:
        membrane = membrane - lowered * threshold
    fired = spikes_of(spike, membrane, threshold, rules)
    if rules.refractory:
        fired = where(refractory_left > ZERO, ZERO, fired)
        counted = where(refractory_left > ZERO, refractory_left - ONE, ZERO)
        refractory_left = where(fired > ZERO, constants.refractory_ticks, counted)
    if rules.reset_next_tick:
        return fired, membrane, refractory_left, detach(fired)
    if rules.lower_first:
        membrane = membrane - (detach(fired) - lowered) * threshold
        return fired, membrane, refractory_left, unreset
    return fired, _reset(rules, constants, threshold, membrane, fired), refractory_left, unreset


@register_jitable(forceinline=True)
def _reset(rules: Any, constants: Any, threshold: Any, membrane: Any, fired: Any) -> Any:
    if rules.subtract:
        return membrane - detach(fired) * threshold
    return where(fired > ZERO, constants.reset_value, membrane)
