"""Random graphs, and spikes to drive networks on them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.snn.graph.given_graph import GivenGraph
from neuromorphic_ros.snn.tick_spikes import TickSpikes


def random_graph(seed: int, nodes: int = 6, edges: int = 14, longest: int = 3) -> GivenGraph:
    generator = np.random.default_rng(seed)
    return GivenGraph.checked(
        nodes,
        generator.integers(0, nodes, edges),
        generator.integers(0, nodes, edges),
        generator.normal(1.0, 1.0, edges),
        generator.integers(0, longest + 1, edges),
    )


def random_trains(
    seed: int, ticks: int, nodes: int, features: int, share: float = 0.1
) -> npt.NDArray[np.int64]:
    """Draw spikes, int64 (ticks, nodes, features)."""
    generator = np.random.default_rng(seed)
    return (generator.random((ticks, nodes, features)) < share).astype(np.int64)


def as_ticks(trains: npt.NDArray[np.int64]) -> TickSpikes:
    """Return spikes of (ticks, nodes, features) by tick."""
    flat = trains.reshape(len(trains), -1)
    tick, address = np.nonzero(flat)
    first = np.searchsorted(tick, np.arange(len(trains) + 1))
    amount = flat[tick, address].astype(np.float32)
    return TickSpikes(address.astype(np.uint32), first, amount)


def as_trains(spikes: TickSpikes, nodes: int, width: int) -> npt.NDArray[np.float64]:
    """Return spikes by tick as float64 (ticks, nodes, width)."""
    found = np.zeros((spikes.ticks, nodes * width))
    tick = np.repeat(np.arange(spikes.ticks), np.diff(spikes.first))
    amount = spikes.value if spikes.value.size else np.ones(spikes.address.size)
    np.add.at(found, (tick, spikes.address.astype(np.int64)), amount)
    return found.reshape(spikes.ticks, nodes, width)
