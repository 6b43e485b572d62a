"""How the spikes of a changed network differ from those of the network as it was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.learning.classification import Network
from neuromorphic_ros.pipeline.agreement import RATE_WINDOW_NS
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.spike_agreement import spike_agreement
from neuromorphic_ros.snn.spike_train_distance import van_rossum_distance
from neuromorphic_ros.snn.tick_spikes import TickSpikes
from neuromorphic_ros.spikes import SpikeBatch, merge

TAU_NS = 10_000_000
"""Time constant of the distance; van Rossum's paper takes 10 ms for its examples."""
# Between two pieces, so that no train reaches into the next.
APART = 20


class SpikeComparison(NamedTuple):
    """Of one population.

    same_spikes: share that both have in the same tick, 0 to 1; same_rates: in the same 100 ms.
    distance: van Rossum's, per spike of both; 1/2 for single spikes without any partner, more for
    those that follow each other closely.
    spikes, reference_spikes: how many there are.
    """

    population: str
    same_spikes: float
    same_rates: float
    distance: float
    spikes: int
    reference_spikes: int


def run_pieces(network: Network, pieces: Sequence[TickSpikes]) -> list[TickSpikes]:
    """Return what a network fires for each piece, from rest."""
    fired = []
    for piece in pieces:
        network.reset()
        fired.append(network.run(piece).one_by_one())
    return fired


def compare_spikes(
    spec: NetworkSpec,
    fired: Sequence[TickSpikes],
    reference_spec: NetworkSpec,
    reference: Sequence[TickSpikes],
) -> tuple[SpikeComparison, ...]:
    """Compare the populations that spike and have the same neurons in both networks.

    fired, reference: of the same pieces, as of `run_pieces`.
    """
    found = _by_population(spec, fired)
    given = _by_population(reference_spec, reference)
    same = (
        each.name
        for each in reference_spec.populations
        if each.neuron.spikes and spec.shapes.get(each.name) == each.shape
    )
    return tuple(_compared(name, found[name], given[name], spec.dt_ns) for name in same)


def unit_spikes(
    spec: NetworkSpec, fired: Sequence[TickSpikes]
) -> dict[str, npt.NDArray[np.float64]]:
    """Count the spikes of each population by place along its first extent."""
    batches = _by_population(spec, fired)
    return {
        name: np.bincount(batch.address, minlength=math.prod(batch.shape))
        .reshape(batch.shape[0], -1)
        .sum(axis=1)
        .astype(np.float64)
        for name, batch in batches.items()
    }


def _by_population(spec: NetworkSpec, fired: Sequence[TickSpikes]) -> dict[str, SpikeBatch]:
    order, tick = spec.execution_order(), 0
    apart = math.ceil(APART * TAU_NS / spec.dt_ns)
    pieces: dict[str, list[SpikeBatch]] = {
        each.name: [SpikeBatch.empty(each.shape)] for each in order
    }
    for each in fired:
        for name, batch in each.by_node(order, spec.dt_ns, tick).items():
            pieces[name].append(batch)
        tick += each.ticks + apart
    return {name: merge(batches) for name, batches in pieces.items()}


def _compared(name: str, spikes: SpikeBatch, reference: SpikeBatch, dt_ns: int) -> SpikeComparison:
    total = len(spikes) + len(reference)
    distance = van_rossum_distance(spikes, reference, TAU_NS) / max(total, 1)
    return SpikeComparison(
        population=name,
        same_spikes=spike_agreement(spikes, reference, dt_ns),
        same_rates=spike_agreement(spikes, reference, max(dt_ns, RATE_WINDOW_NS)),
        distance=distance,
        spikes=len(spikes),
        reference_spikes=len(reference),
    )
