"""When spikes act on Loihi, where every connection takes a tick, and how far populations lag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from neuromorphic_ros.backends.retiming import Path, retimed
from neuromorphic_ros.snn.neurons.cuba import CubaLif
from neuromorphic_ros.snn.spec import NetworkSpec, Projection

CONNECTION_TICKS = 1
"""What every connection takes."""


class Timing(NamedTuple):
    """How a network keeps time.

    lag_ticks: how much later each population fires than in the network. takes_ticks: of each
    projection, from a spike to the change of the membrane; at least CONNECTION_TICKS. late_ticks:
    how much of that is more than lags make up for, in loops that are faster than connections.
    """

    lag_ticks: Mapping[str, int]
    takes_ticks: tuple[int, ...]
    late_ticks: tuple[int, ...]


def timed(spec: NetworkSpec) -> Timing:
    """Return the least lags with which spikes meet as they do in the network.

    Where a population begins before its input can reach it, by a bias or its initial state, it is
    ahead of its lag.
    """
    names = [population.name for population in spec.execution_order()]
    # What is no population is an input, and inputs do not lag.
    place = {name: index for index, name in enumerate(names)}
    paths = [
        Path(
            place.get(spec.end(each.pre).name, len(names)),
            place[spec.end(each.post).name],
            _asked(spec, each),
            CONNECTION_TICKS,
        )
        for each in spec.projections
    ]
    timing = retimed(len(names) + 1, paths)
    return Timing(
        dict(zip(names, timing.lags, strict=False)),
        tuple(
            delay + timing.lags[path.post] - timing.lags[path.pre]
            for path, delay in zip(paths, timing.delays, strict=True)
        ),
        tuple(delay - path.delay for path, delay in zip(paths, timing.delays, strict=True)),
    )


def _asked(spec: NetworkSpec, projection: Projection) -> int:
    """Return after how many ticks a spike acts on the membrane in the network."""
    neuron = spec.population(spec.end(projection.post).name).neuron
    next_tick = isinstance(neuron, CubaLif) and neuron.input_in == "next_tick"
    return projection.delay_ticks + next_tick
