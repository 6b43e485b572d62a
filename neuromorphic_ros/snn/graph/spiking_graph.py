"""Run a spiking graph for one robot: work is done where messages arrive, and nowhere else."""

from __future__ import annotations

from functools import cache

import numpy as np

from neuromorphic_ros.errors import NetworkError, SpikeError
from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.graph.event_graph_spec import GRID
from neuromorphic_ros.snn.graph.given_graph import GivenGraph, Integers, Numbers
from neuromorphic_ros.snn.graph.pooling import Pooling
from neuromorphic_ros.snn.graph.spiking_graph_kernel import (
    ATTENTION,
    EVENTS,
    MESSAGES,
    UPDATES,
    run_layer,
)
from neuromorphic_ros.snn.graph.spiking_graph_spec import SpikingGraphSpec, random_graph_spec
from neuromorphic_ros.snn.graph.spiking_graph_tables import (
    make_edges,
    make_state,
    make_weights,
    state_bytes,
)
from neuromorphic_ros.snn.tick_spikes import TickSpikes

MAX_BYTES = 2**29
WEIGHT_BYTES = 4


class SpikingGraph:
    """Run a network on one graph.

    Messages wait in a ring of ticks for the one in which they arrive. In it, a node that they reach
    computes the attention of its incoming edges and its own neurons; membranes and traces decay
    when they are read.
    """

    def __init__(self, spec: SpikingGraphSpec, graph: GivenGraph) -> None:
        """Start at rest.

        Raises NetworkError if a pooling is for another number of nodes, or nodes, edges and delays
        would take too much memory.
        """
        self.spec = spec
        self.graphs = spec.graphs(graph)
        needed = sum(
            state_bytes(each, layer.width)
            for each, layer in zip(self.graphs, spec.layers, strict=False)
        )
        if needed > MAX_BYTES:
            raise NetworkError(
                f"a graph of {graph.nodes} nodes, {graph.source.size} edges and delays of up to "
                f"{graph.delay_ticks.max(initial=0)} ticks needs {needed >> 20} MiB in this "
                f"network; {MAX_BYTES >> 20} MiB at most"
            )
        self._edges = tuple(make_edges(each) for each in self.graphs[:-1])
        self._weights = tuple(make_weights(layer, spec.dt_ms) for layer in spec.layers)
        self._done = np.zeros((len(spec.layers), 4), np.int64)
        self._spikes = np.zeros(len(spec.layers) + 1, np.int64)
        self._read, self._ticks = 0, 0
        self.reset()

    def reset(self) -> None:
        """Go back to rest; the counts go on."""
        for index, state in enumerate(getattr(self, "_states", ())):
            self._done[index] += state.done
        self._states = tuple(
            make_state(graph, layer.width)
            for graph, layer in zip(self.graphs, self.spec.layers, strict=False)
        )
        self._summed = np.zeros((self.graphs[-1].nodes, self.spec.layers[-1].width))
        self._since_reset = 0

    def run(self, spikes: TickSpikes) -> tuple[TickSpikes, ...]:
        """Run ticks; return what every layer fired, pooled if it has a pooling.

        spikes: in (nodes, features); an amount is as many spikes. What comes out is in (nodes or
        clusters, neurons), and has amounts if it is pooled.
        Raises SpikeError if an address is outside of (nodes, features), with nothing run.
        """
        heard = spikes.one_by_one()
        size = self.graphs[0].nodes * self.spec.inputs
        if heard.address.size and heard.address.max() >= size:
            raise SpikeError(
                f"address {heard.address.max()} is outside of the {size} features of "
                f"{self.graphs[0].nodes} nodes"
            )
        found: list[TickSpikes] = []
        self._spikes[0] += heard.address.size
        for index, layer in enumerate(self.spec.layers):
            amount = heard.value if heard.value.size else np.ones(heard.address.size, np.float32)
            fired = TickSpikes(
                *run_layer(
                    self._edges[index],
                    self._weights[index],
                    self._states[index],
                    np.ascontiguousarray(heard.address, np.uint32),
                    np.ascontiguousarray(heard.first, np.int64),
                    amount.astype(np.float64),
                )
            )
            self._spikes[index + 1] += fired.address.size
            heard = _pooled(fired, layer.pooling, layer.width) if layer.pooling else fired
            found.append(heard)
        synapses = np.count_nonzero(self.spec.weight.values, axis=1)
        self._read += int(synapses[heard.address % synapses.size].sum())
        self._ticks += spikes.ticks
        self._since_reset += spikes.ticks
        self._summed += np.bincount(
            heard.address,
            heard.value if heard.value.size else None,
            self._summed.size,
        ).reshape(self._summed.shape)
        return tuple(found)

    def output(self) -> Numbers:
        """Return the readout since the last reset; float64 (nodes or clusters, outputs)."""
        return readout(self.spec, self._summed, self._since_reset)

    def membrane(self, layer: int) -> Numbers:
        """Return the membranes of a layer, from 0, as the last message left each.

        float64 (nodes, neurons).
        """
        return np.array(self._states[layer].membrane)

    @property
    def messages(self) -> Integers:
        """Messages that arrived since construction, along one edge each; int64[layers]."""
        return self._total[:, MESSAGES]

    def counts(self) -> Counts:
        """Return the counts since construction.

        Of each layer there is a row of its neurons and two of synapses: a message drives its
        weights at the target of every edge along which it is sent; attention drives those of the
        traces with every spike, and its vector with every edge that is looked at. Neurons are
        updated when a message arrives and they are not refractory. The readout has only synapses.
        """
        done, spec = self._total, self.spec
        layers = [f"layer{number}" for number in range(1, len(spec.layers) + 1)]
        names = ("input", *layers)
        links, events, macs, stored = [], [], [], []
        for index, layer in enumerate(spec.layers):
            graph, pre = self.graphs[index], names[index]
            weights = layer.message.values.size
            links += [f"{pre} -> {layers[index]}", f"{pre} -> {layers[index]} attention"]
            events += [done[index, EVENTS], done[index, ATTENTION]]
            edges = graph.source.size * layer.width
            macs += [graph.nodes * weights + edges, graph.nodes * weights + edges]
            stored += [weights, weights + layer.width]
        driven = [*np.array(events).reshape(-1, 2).sum(axis=1), self._read]
        weights = spec.weight.values.size
        links.append(f"{layers[-1]} -> output")
        events.append(self._read)
        macs.append(self.graphs[-1].nodes * weights)
        stored.append(weights)
        updates = np.concatenate(([0], done[:, UPDATES]))
        sizes = [self.graphs[0].nodes * spec.inputs] + [
            graph.nodes * layer.width
            for graph, layer in zip(self.graphs, spec.layers, strict=False)
        ]
        return Counts(
            names=names,
            sizes=np.array(sizes, np.int64),
            spikes=self._spikes.copy(),
            synaptic_events=np.array(driven, np.int64),
            neuron_updates=updates,
            active_updates=updates,
            projections=tuple(links),
            projection_events=np.array(events, np.int64),
            plasticity_updates=np.zeros(len(links), np.int64),
            memory_bytes=WEIGHT_BYTES * np.array(events, np.int64),
            dense_macs=self._ticks * np.array(macs, np.int64),
            dense_bytes=self._ticks * WEIGHT_BYTES * np.array(stored, np.int64),
            ticks=self._ticks,
        )

    @property
    def _total(self) -> Integers:
        return np.asarray(self._done + [state.done for state in self._states])


def readout(spec: SpikingGraphSpec, summed: Numbers, ticks: int) -> Numbers:
    """Return the outputs of nodes; summed: float64 (nodes, features), their spikes in all ticks."""
    weight, bias = (each.values.astype(np.float64) for each in (spec.weight, spec.bias))
    return np.asarray(bias + summed @ weight / max(ticks, 1))


def _pooled(fired: TickSpikes, pooling: Pooling, width: int) -> TickSpikes:
    """Return the spikes of clusters, with their amounts."""
    node, neuron = np.divmod(fired.address.astype(np.int64), width)
    size = pooling.sizes.size * width
    address = np.asarray(pooling.clusters, np.int64)[node] * width + neuron
    tick = np.repeat(np.arange(fired.ticks), np.diff(fired.first))
    place, number = np.unique(tick * size + address, return_counts=True)
    tick, address = np.divmod(place, size)
    amount = number.astype(np.float64) if pooling.how != "max" else np.ones(number.size)
    amount = np.rint(amount / pooling.divisor[address // width] * GRID) / GRID
    first = np.searchsorted(tick, np.arange(fired.ticks + 1))
    return TickSpikes(address.astype(np.uint32), first, amount.astype(np.float32))


@cache
def prepare() -> None:
    """Compile, or load what was compiled: the first call must not be late."""
    graph = GivenGraph.checked(1, np.empty(0, np.int64), np.empty(0, np.int64))
    SpikingGraph(random_graph_spec(1, (1,), 1, 0), graph).run(
        TickSpikes(np.zeros(1, np.uint32), np.array([0, 1]))
    )
