"""The graphs of a network: they run first, and drive neurons that relay their spikes."""

from __future__ import annotations

import dataclasses
import math
from typing import Protocol

import numpy as np

from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.graph.event_population import EventPopulation
from neuromorphic_ros.snn.graph.given_population import GivenPopulation
from neuromorphic_ros.snn.graph.graph_counts import GraphCounts, with_graphs
from neuromorphic_ros.snn.patterns import OneToOne
from neuromorphic_ros.snn.spec import (
    RELAY,
    EventGraphLayers,
    Input,
    NetworkSpec,
    Population,
    Projection,
)
from neuromorphic_ros.snn.tick_spikes import TickSpikes


class RunningGraph(Protocol):
    """A graph as a population."""

    def reset(self) -> None:
        """Return to rest; the counts go on."""
        ...

    def run(self, spikes: TickSpikes) -> TickSpikes:
        """Hear spikes one by one of all channels; return what fires."""
        ...

    def counts(self, ticks: int) -> GraphCounts:
        """Return what its layers did since construction, but for the spikes of the population."""
        ...


class GraphPopulations:
    """Run the graphs of a network in front of it.

    spec: the network without graphs. Each graph became an input, after the others, and neurons in
    its place that fire what the input tells them, in the same tick.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        """Start at rest; raises NetworkError if a graph cannot be run."""
        self._heard = spec
        self._graphs: list[tuple[RunningGraph, int]] = []
        self._relays: dict[str, str] = {}
        inputs, begin = list(spec.inputs), spec.channels
        for population in spec.graphs:
            self._graphs.append((_running(spec, population), begin))
            relay = _unused(
                f"{population.name}_fired", {each.name for each in inputs} | {*spec.shapes}
            )
            self._relays[relay] = population.name
            inputs.append(Input(relay, population.shape))
            begin += population.size
        self.spec = dataclasses.replace(
            spec,
            inputs=tuple(inputs),
            populations=tuple(_relaying(population) for population in spec.populations),
            projections=(
                *spec.projections,
                *(
                    Projection(relay, name, pattern=OneToOne())
                    for relay, name in self._relays.items()
                ),
            ),
            max_channels=spec.max_channels + begin - spec.channels,
            max_synapses=spec.max_synapses + begin - spec.channels,
        )

    def reset(self) -> None:
        """Return to rest; the counts go on."""
        for graph, _ in self._graphs:
            graph.reset()

    def drive(self, spikes: TickSpikes) -> TickSpikes:
        """Add what the graphs fire to the spikes that drive the network.

        Graphs hear an amount as that many spikes. Raises SpikeError, with the graphs unchanged, if
        the spikes are no input of the network.
        """
        spikes.check(self._heard)
        single, parts = spikes.one_by_one(), [spikes]
        for graph, begin in self._graphs:
            fired = graph.run(single)
            parts.append(fired._replace(address=fired.address + np.uint32(begin)))
        return _together(parts)

    def counts(self, counts: Counts) -> Counts:
        """Return the counts of the network with those of the graphs.

        Each layer but the last, whose spikes are those of the population, has a row of its own.
        """
        graphs = [graph.counts(counts.ticks) for graph, _ in self._graphs]
        return with_graphs(counts, graphs, self._relays, self._relays.values())


def _running(spec: NetworkSpec, population: Population) -> RunningGraph:
    begin = dict(zip(spec.shapes, _begins(spec), strict=False))
    graph = population.graph
    if isinstance(graph, EventGraphLayers):
        first = begin[graph.events]
        return EventPopulation(population.name, graph.events, graph.layers, first, spec.dt_ns)
    assert graph
    return GivenPopulation(population.name, graph.nodes, graph.layers, begin)


def _together(parts: list[TickSpikes]) -> TickSpikes:
    """Return the spikes of all parts, in each tick part after part."""
    ticks = parts[0].ticks
    tick = np.concatenate([np.repeat(np.arange(ticks), np.diff(part.first)) for part in parts])
    address = np.concatenate([part.address for part in parts])
    amounts = np.concatenate(
        [
            part.value if part.value.size else np.ones(part.address.size, np.float32)
            for part in parts
        ]
    )
    order = np.argsort(tick, kind="stable")
    first = np.searchsorted(tick[order], np.arange(ticks + 1))
    return TickSpikes(address[order], first, amounts[order])


def _relaying(population: Population) -> Population:
    return Population(population.name, population.shape, RELAY) if population.graph else population


def _begins(spec: NetworkSpec) -> list[int]:
    sizes = [math.prod(each.shape) for each in spec.inputs]
    return [0, *np.cumsum(sizes).tolist()][: len(sizes)]


def _unused(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name
