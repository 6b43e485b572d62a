"""Traces: what synapses know of the past spikes of the neurons they join."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, NamedTuple

from numba.extending import register_jitable
from pydantic import Field

from neuromorphic_ros.snn.elementwise import ONE, ZERO, where

TauMs = Annotated[float, Field(ge=1e-3, le=1e6, description="Time constant of a trace [ms]")]
Pairing = Literal["all_to_all", "nearest"]


class Trace(NamedTuple):
    """Two traces of one neuron, which decay with time: fast and slow."""

    fast: Any
    slow: Any


class TraceRules(NamedTuple):
    """What is left of the traces of sources and targets after a tick; whether a spike sets them.

    nearest: a spike sets a trace to 1, so that only the last one counts; else it adds 1.
    """

    pre_fast: float
    pre_slow: float
    post_fast: float
    post_slow: float
    nearest: bool


def trace_rules(
    dt_ms: float, pairing: Pairing, pre_ms: float, post_ms: float, *slow_ms: float
) -> TraceRules:
    """Return the rules of traces with time constants; slow_ms: of pre and post, or none."""
    pre_slow, post_slow = (math.exp(-dt_ms / tau_ms) for tau_ms in slow_ms or (pre_ms, post_ms))
    return TraceRules(
        pre_fast=math.exp(-dt_ms / pre_ms),
        pre_slow=pre_slow,
        post_fast=math.exp(-dt_ms / post_ms),
        post_slow=post_slow,
        nearest=pairing == "nearest",
    )


@register_jitable(forceinline=True)
def after_spike(trace: Any, nearest: Any) -> Trace:
    """Return the traces of a neuron after a spike of it."""
    kept = where(nearest, ZERO, ONE)
    return Trace(kept * trace.fast + ONE, kept * trace.slow + ONE)
