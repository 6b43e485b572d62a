"""A given graph as a population: its nodes hear inputs, and it fires what its last layer does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neuromorphic_ros.snn.counts import OF_PROJECTIONS
from neuromorphic_ros.snn.graph import spiking_graph
from neuromorphic_ros.snn.graph.given_nodes import UNHEARD, GivenNodes
from neuromorphic_ros.snn.graph.graph_counts import OF_ROWS, GraphCounts
from neuromorphic_ros.snn.graph.spiking_graph import SpikingGraph
from neuromorphic_ros.snn.graph.spiking_graph_spec import SpikingGraphSpec
from neuromorphic_ros.snn.tick_spikes import TickSpikes


class GivenPopulation:
    """Run a spiking graph tick by tick."""

    def __init__(
        self, name: str, nodes: GivenNodes, layers: SpikingGraphSpec, begin: Mapping[str, int]
    ) -> None:
        """Start at rest; begin: first channel of each input in the network.

        Raises NetworkError as `SpikingGraph` does.
        """
        spiking_graph.prepare()
        self._name = name
        self._graph = SpikingGraph(layers, nodes.graph)
        parts = [(begin[source], nodes.places(source)) for source in nodes.hears]
        self._places = np.full(max(first + part.size for first, part in parts), UNHEARD, np.int64)
        for first, part in parts:
            self._places[first : first + part.size] = part

    def reset(self) -> None:
        """Return to rest; the counts go on."""
        self._graph.reset()

    def run(self, spikes: TickSpikes) -> TickSpikes:
        """Hear spikes one by one of all channels; return what fires."""
        known = np.flatnonzero(spikes.address < self._places.size)
        place = self._places[spikes.address[known]]
        tick = np.repeat(np.arange(spikes.ticks), np.diff(spikes.first))[known[place != UNHEARD]]
        first = np.searchsorted(tick, np.arange(spikes.ticks + 1))
        address = place[place != UNHEARD].astype(np.uint32)
        return self._graph.run(TickSpikes(address, first))[-1]

    def counts(self, ticks: int) -> GraphCounts:
        """Return what each layer did; of the last one, the spikes are those of the population.

        What the nodes hear is counted as `name.0`, whose spikes are those of the inputs. The linear
        readout of the layers is not used.
        """
        del ticks
        counts = self._graph.counts()
        last = len(counts.names) - 1
        names = {
            given: self._name if number == last else f"{self._name}.{number}"
            for number, given in enumerate(counts.names)
        }
        nodes = {
            names[given]: {field: int(getattr(counts, field)[number]) for field in OF_ROWS}
            for number, given in enumerate(counts.names)
        }
        nodes[names[counts.names[0]]]["spikes"] = 0
        nodes[self._name] |= {"spikes": 0, "synaptic_events": 0}
        links = []
        for number, link in enumerate(counts.projections[:-1]):
            pre, rest = link.split(" -> ")
            post, *more = rest.split(" ")
            name = " ".join([f"{names[pre]} -> {names[post]}", *more])
            row = {field: int(getattr(counts, field)[number]) for field in OF_PROJECTIONS}
            links.append((name, row))
        return GraphCounts(nodes, links)
