"""What spikes cost: the counts of a network from how often each source spiked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.snn.counts import Counts, Integers
from neuromorphic_ros.snn.dense_equivalent import DenseEquivalent, dense_equivalent
from neuromorphic_ros.snn.spec import Input, NetworkSpec
from neuromorphic_ros.snn.synapses import Connection


class Expense(NamedTuple):
    """What a spike over a projection costs, and what a dense computation of it costs per tick.

    node: index of the population or input that drives it, whose spikes from source `first` on are
    those of the rows. synapses: not zero, int64[rows]. bytes: read for a spike, int64[rows].
    """

    node: int
    first: int
    synapses: Integers
    bytes: Integers
    dense: DenseEquivalent


class Expenses(NamedTuple):
    """What the spikes of a network cost.

    names, sizes: of inputs, then populations in execution order; sizes int64[nodes]. inputs: how
    many of them are inputs. spiking: which pass on spikes, no values; bool[nodes].
    projections, each: of each projection, `pre -> post` and what it costs.
    """

    names: tuple[str, ...]
    sizes: Integers
    inputs: int
    spiking: npt.NDArray[np.bool_]
    projections: tuple[str, ...]
    each: tuple[Expense, ...]

    def counts(
        self, fired: Integers, active: Integers, plasticity_updates: Integers, ticks: int
    ) -> Counts:
        """Return the counts of so many ticks.

        fired: spikes of each channel and neuron, or how often it passed on a value; int64[sources].
        active: updates with input, int64[nodes]. plasticity_updates: int64[projections].
        """
        neurons = np.where(np.arange(self.sizes.size) < self.inputs, 0, self.sizes)
        begin = np.cumsum(self.sizes) - self.sizes
        events, memory_bytes = np.zeros((2, len(self.each)), np.int64)
        by_source = np.zeros(self.sizes.size, np.int64)
        for index, each in enumerate(self.each):
            spikes = fired[each.first : each.first + each.synapses.size]
            events[index], memory_bytes[index] = spikes @ each.synapses, spikes @ each.bytes
            by_source[each.node] += events[index]
        return Counts(
            names=self.names,
            sizes=self.sizes,
            # What a leaky integrator passes on is a value, and costs synaptic events alone.
            spikes=np.where(self.spiking, np.add.reduceat(fired, begin), 0),
            synaptic_events=by_source,
            neuron_updates=neurons * ticks,
            active_updates=active,
            projections=self.projections,
            projection_events=events,
            plasticity_updates=plasticity_updates,
            memory_bytes=memory_bytes,
            dense_macs=_whole([each.dense.macs for each in self.each]) * ticks,
            dense_bytes=_whole([each.dense.weight_bytes for each in self.each]) * ticks,
            ticks=ticks,
        )


def expenses(spec: NetworkSpec, connections: Sequence[Connection]) -> Expenses:
    """Return what the spikes of a network cost; connections: those of each projection."""
    nodes = spec.execution_nodes()
    names = tuple(node.name for node in nodes)
    sizes = _whole([math.prod(node.shape) for node in nodes])
    begin = np.cumsum(sizes) - sizes
    place = [names.index(spec.end(projection.pre).name) for projection in spec.projections]
    return Expenses(
        names=names,
        sizes=sizes,
        inputs=len(spec.inputs),
        spiking=np.array([isinstance(node, Input) or node.neuron.spikes for node in nodes]),
        projections=tuple(map(str, spec.projections)),
        each=tuple(
            Expense(
                node,
                int(begin[node]) + connection.pre_start,
                connection.synapses_per_row,
                connection.bytes_per_row,
                dense_equivalent(spec, index),
            )
            for index, (node, connection) in enumerate(zip(place, connections, strict=True))
        ),
    )


def _whole(numbers: list[int]) -> Integers:
    return np.array(numbers, np.int64)
