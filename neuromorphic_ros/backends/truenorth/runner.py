"""Run a network on simulated cores of TrueNorth."""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.truenorth.chip import NEURONS
from neuromorphic_ros.backends.truenorth.filling import SPLITTER
from neuromorphic_ros.backends.truenorth.layer import Integers
from neuromorphic_ros.backends.truenorth.mapping import Mapping, map_network
from neuromorphic_ros.backends.truenorth.simulator import Simulator, checked
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.dense_equivalent import dense_equivalent
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.tick_spikes import TickSpikes
from neuromorphic_ros.spikes import Addresses


class TrueNorthRunner:
    """A network on cores, with its state.

    Spikes of a population come with its lag, which `mapping` tells; its constant input and initial
    membrane do not wait for that. Two spikes of a channel in one tick are one.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        """Map and load a network; raises NetworkError if it does not fit."""
        self.mapping: Mapping = map_network(spec)
        self.spec = spec
        self._simulator = Simulator(self.mapping.cores, spec.seed)
        self._number = np.full(len(self.mapping.cores) * NEURONS, -1, np.int64)
        self._number[self.mapping.neuron] = np.arange(spec.neurons)
        self._spikes = np.zeros(spec.channels + spec.neurons, np.int64)
        self._ticks = 0
        self._expenses = _expenses(self.mapping)
        self._dense = [dense_equivalent(spec, index) for index in range(len(spec.projections))]
        # What arrives in a later run: after how many ticks, and where.
        self._tick: Integers = np.empty(0, np.int64)
        self._axon: Addresses = np.empty(0, np.uint32)

    def reset(self) -> None:
        """Return to rest; the counts go on."""
        self._simulator.reset()
        self._forget()

    def adopt(self, other: object) -> None:
        """Go on from the membranes of a variant: by population, where model and shape are the same.

        What is under way or waits in accumulators is lost, other populations start at rest, and the
        counts go on. Raises NetworkError if `other` runs elsewhere.
        """
        if not isinstance(other, TrueNorthRunner):
            raise NetworkError(f"network '{self.spec.name}' runs elsewhere: its state is not here")
        before = _by_population(other.spec, other._membrane)
        self.reset()
        membrane = self._membrane
        for name, own in _by_population(self.spec, membrane).items():
            if name in before:
                one, two = self.spec.population(name), other.spec.population(name)
                if (one.shape, one.model) == (two.shape, two.model):
                    own[:] = before[name]
        potential = np.rint(membrane * self.mapping.scale).astype(np.int64)
        self._simulator.put(self.mapping.neuron, potential)
        number, place = self.mapping.copied.T
        self._simulator.put(place, potential[number])

    def counts(self) -> Counts:
        """Return the counts since construction.

        Synaptic events are those of the cores: a spike counts for every bit of the crossbar that it
        meets, on each axon of a weight and in splitters, copies and accumulators. These are of the
        population that fired, or whose accumulator did; those of a projection are without splitters
        and what accumulators fire, and of several between the same populations with the same delay
        the first has them. An axon is a row of 32 bytes.
        """
        spec, ticks = self.spec, self._ticks
        nodes = spec.execution_nodes()
        sizes = np.array([math.prod(node.shape) for node in nodes], np.int64)
        begins = np.cumsum(sizes) - sizes
        neurons = np.where(np.arange(sizes.size) < len(spec.inputs), 0, sizes)
        each = self._expenses
        arrived = self._simulator.arrivals[each.core, each.axon]
        node = np.searchsorted(begins, each.source, side="right") - 1
        driven = self._simulator.driven.reshape(-1)[self.mapping.neuron]
        active = np.concatenate((np.zeros(spec.channels, np.int64), driven))
        projections = len(spec.projections)
        mine = each.projection >= 0
        events, rows = np.zeros((2, projections), np.int64)
        np.add.at(events, each.projection[mine], (arrived * each.synapses)[mine])
        np.add.at(rows, each.projection[mine], arrived[mine])
        by_node = np.zeros(sizes.size, np.int64)
        np.add.at(by_node, node, arrived * each.synapses)
        return Counts(
            names=tuple(node.name for node in nodes),
            sizes=sizes,
            spikes=np.add.reduceat(self._spikes, begins),
            synaptic_events=by_node,
            neuron_updates=neurons * ticks,
            active_updates=np.add.reduceat(active, begins),
            projections=tuple(str(projection) for projection in spec.projections),
            projection_events=events,
            plasticity_updates=np.zeros(projections, np.int64),
            memory_bytes=rows * (NEURONS // 8),
            dense_macs=np.array([dense.macs for dense in self._dense], np.int64) * ticks,
            dense_bytes=np.array([dense.weight_bytes for dense in self._dense], np.int64) * ticks,
            ticks=ticks,
        )

    def run(self, spikes: TickSpikes) -> TickSpikes:
        """Run one tick per tick of `spikes`, addressed flat over all inputs.

        Returns the spikes addressed flat over all neurons in execution order.
        Raises SpikeError, with the network unchanged, if an address is no channel, `first` does not
        divide the addresses into ticks, or a spike has an amount.
        """
        channel, first = checked(spikes, self.spec.channels, "channel")
        fired = self._simulator.run(self._on_axons(channel, first))
        number = self._number[fired.address]
        tick = np.repeat(np.arange(fired.ticks), np.diff(fired.first))[number >= 0]
        number = number[number >= 0]
        number = number[np.lexsort((number, tick))]
        self._ticks += fired.ticks
        np.add.at(self._spikes, channel, 1)
        np.add.at(self._spikes, self.spec.channels + number, 1)
        return TickSpikes(
            number.astype(np.uint32), np.searchsorted(tick, np.arange(fired.ticks + 1))
        )

    def _on_axons(self, channel: Addresses, first: Integers) -> TickSpikes:
        """Return what arrives from outside in these ticks, and keep what comes later."""
        inputs, ticks = self.mapping.inputs, first.size - 1
        copies = np.diff(inputs.first)[channel]
        tick = np.repeat(np.repeat(np.arange(ticks), np.diff(first)), copies)
        # Of each spike, the entries of its channel one after the other.
        within = np.arange(tick.size) - np.repeat(np.cumsum(copies) - copies, copies)
        entry = np.repeat(inputs.first[channel], copies) + within
        tick = np.concatenate((self._tick, tick + inputs.delay[entry]))
        axon = np.concatenate((self._axon, inputs.axon[entry]))
        later = tick >= ticks
        self._tick, self._axon = tick[later] - ticks, axon[later]
        order = np.argsort(tick[~later], kind="stable")
        begins = np.searchsorted(tick[~later][order], np.arange(ticks + 1))
        return TickSpikes(axon[~later][order], begins)

    @property
    def _membrane(self) -> npt.NDArray[np.float64]:
        """Membranes of all neurons in execution order, in units of the network, from rest."""
        potential = self._simulator.potential.reshape(-1)[self.mapping.neuron]
        return np.asarray(potential / self.mapping.scale)

    def _forget(self) -> None:
        self._tick, self._axon = np.empty(0, np.int64), np.empty(0, np.uint32)


def _by_population(
    spec: NetworkSpec, values: npt.NDArray[np.float64]
) -> dict[str, npt.NDArray[np.float64]]:
    """Return views of the values of all neurons, by population."""
    order = spec.execution_order()
    parts = np.split(values, np.cumsum([each.size for each in order])[:-1])
    return {each.name: part for each, part in zip(order, parts, strict=True)}


class _Expenses(NamedTuple):
    """The axons in use; int64[axons] each.

    source: a channel or, after all channels, a neuron, of accumulators one of their population.
    synapses: neurons that hear it. projection: index, -1 for splitters and from accumulators.
    """

    core: Integers
    axon: Integers
    source: Integers
    synapses: Integers
    projection: Integers


def _expenses(mapping: Mapping) -> _Expenses:
    spec, order = mapping.spec, mapping.spec.execution_order()
    names = [node.name for node in spec.execution_nodes()]
    ends = list(accumulate(math.prod(node.shape) for node in spec.execution_nodes()))
    first: dict[tuple[str, str, int], int] = {}
    for index, each in enumerate(spec.projections):
        ways = (spec.end(each.pre).name, spec.end(each.post).name, each.delay_ticks)
        first.setdefault(ways, index)
    rows = []
    for core, axons in enumerate(mapping.axons):
        synapses = np.count_nonzero(mapping.cores[core].crossbar, axis=1)
        for axon, carried in enumerate(axons):
            source, projection = carried.source, -1
            if carried.post != SPLITTER:
                post = order[mapping.of[carried.post]].name
                if source < ends[-1]:
                    pre = names[bisect_right(ends, source)]
                    projection = first[pre, post, carried.delay]
                else:
                    source = ends[names.index(post)] - 1
            rows.append((core, axon, source, int(synapses[axon]), projection))
    return _Expenses(*np.array(rows, np.int64).reshape(-1, 5).T)
