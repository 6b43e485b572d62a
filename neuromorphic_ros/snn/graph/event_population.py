"""A graph of events as a population: it hears an input, and fires what its last layer does."""

from __future__ import annotations

import math

import numpy as np

from neuromorphic_ros.snn.counts import OF_NODES
from neuromorphic_ros.snn.graph import event_graph
from neuromorphic_ros.snn.graph.event_graph import EventGraph
from neuromorphic_ros.snn.graph.event_graph_spec import EventGraphSpec
from neuromorphic_ros.snn.graph.graph_counts import GraphCounts
from neuromorphic_ros.snn.tick_spikes import TickSpikes

WEIGHT_BYTES = 4


class EventPopulation:
    """Run a graph of events tick by tick.

    An event has the time of its tick; those of one tick come in the order of their addresses.
    """

    def __init__(
        self, name: str, events: str, layers: EventGraphSpec, begin: int, dt_ns: int
    ) -> None:
        """Start empty; begin: first channel of the input `events` in the network."""
        event_graph.prepare()
        self._name, self._events, self._dt_ns = name, events, dt_ns
        self._graph = EventGraph(layers)
        self._begin, self._end = begin, begin + math.prod(layers.shape)
        self._tick = 0

    def reset(self) -> None:
        """Forget all events; the counts go on."""
        self._graph.reset()

    def run(self, spikes: TickSpikes) -> TickSpikes:
        """Hear spikes one by one of all channels; return what fires."""
        mine = (spikes.address >= self._begin) & (spikes.address < self._end)
        tick = np.repeat(np.arange(spikes.ticks), np.diff(spikes.first))[mine]
        address = (spikes.address[mine] - self._begin).astype(np.uint32)
        order = np.lexsort((address, tick))
        address, tick = address[order], tick[order]
        fired, by = self._graph.push_raw(address, (self._tick + tick) * self._dt_ns)
        self._tick += spikes.ticks
        return TickSpikes(fired, np.searchsorted(tick[by], np.arange(spikes.ticks + 1)))

    def counts(self, ticks: int) -> GraphCounts:
        """Return what each layer did; of the last one, the spikes are those of the population.

        The size of a layer is that of its spikes if they were pooled too.
        """
        done, spec = self._graph.counts(), self._graph.spec
        last, cells = len(spec.layers), math.prod(spec.cells)
        posts = [f"{self._name}.{number}" for number in range(1, last)] + [self._name]
        pres = [self._events, *posts[:-1]]
        events = done.synaptic_events.tolist()
        nodes = {name: dict.fromkeys(("sizes", *OF_NODES), 0) for name in (self._events, *posts)}
        links = []
        for number, (pre, post, layer) in enumerate(zip(pres, posts, spec.layers, strict=True)):
            nodes[pre]["synaptic_events"] = events[number]
            nodes[post] |= {
                "sizes": layer.features * cells,
                "spikes": 0 if post == self._name else int(done.spikes[number + 1]),
                "neuron_updates": done.nodes * layer.features,
                "active_updates": done.nodes * layer.features,
            }
            weights = layer.own.values.size + layer.neighbour.values.size
            link = {
                "projection_events": events[number],
                "plasticity_updates": 0,
                "memory_bytes": events[number] * WEIGHT_BYTES,
                "dense_macs": (done.nodes + done.edges) * layer.own.values.size,
                "dense_bytes": weights * WEIGHT_BYTES * ticks,
            }
            links.append((f"{pre} -> {post}", link))
        return GraphCounts(nodes, links)
