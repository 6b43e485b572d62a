"""Spikes that count edges to the time until what is seen ahead is hit."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.decoding.duty import Duties, filtered
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import Shape, SpikeBatch

EXPANSION, EDGES = range(2)


def check_shape(shape: Shape) -> None:
    """Raise NetworkError unless a population of a shape has two neurons."""
    if math.prod(shape) != 2:
        raise NetworkError(
            f"a time to contact reads 2 neurons (moved outwards, all edges), not {math.prod(shape)}"
        )


@dataclass(frozen=True, config=STRICT)
class TimeToContact:
    """Compare a neuron that counts edges which move outwards with one that counts all.

    Of edges on a log-polar retina, the share that moves on to the next ring within a fixed time is
    proportional to 1 / time to contact (Lee, "A theory of visual control of braking based on
    information about time-to-collision", Perception 5, 1976, calls it tau).
    """

    gain_s: Annotated[
        float, Field(gt=0, le=100, description="Time to contact at equal rates of both [s]")
    ] = 0.72
    tau_ms: Annotated[
        float, Field(ge=1, le=10_000, description="Time constant of the filter [ms]")
    ] = 300.0
    min_edges_hz: Annotated[
        float, Field(ge=0, le=10_000, description="Rate of edges below which nothing is told [Hz]")
    ] = 5.0


def step(
    parameters: TimeToContact,
    duty: Duties,
    spikes: SpikeBatch,
    start_ns: int,
    stop_ns: int,
    dt_ns: int,
) -> Duties:
    """Return the duties at `stop_ns`, given those at `start_ns` and all spikes in between.

    duty: float64[2], zeros at first. dt_ns: tick of the network.
    Raises NetworkError as `check_shape` does.
    """
    check_shape(spikes.shape)
    return filtered(duty, spikes, start_ns, stop_ns, dt_ns, parameters.tau_ms)


def time_to_contact_s(parameters: TimeToContact, duty: Duties, dt_ns: int) -> float:
    """Return the time to contact [s], inf if nothing approaches, nan if too little is seen."""
    if duty[EDGES] * 1e9 / dt_ns < parameters.min_edges_hz:
        return math.nan
    if duty[EXPANSION] <= 0.0:
        return math.inf
    return float(parameters.gain_s * duty[EDGES] / duty[EXPANSION])
