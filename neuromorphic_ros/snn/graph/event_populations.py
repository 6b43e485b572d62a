"""The graphs of events of a network: they run first, and drive neurons that relay their spikes."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.snn.counts import OF_NODES, OF_PROJECTIONS, Counts, Integers
from neuromorphic_ros.snn.graph import event_graph
from neuromorphic_ros.snn.graph.event_graph import EventGraph
from neuromorphic_ros.snn.patterns import OneToOne
from neuromorphic_ros.snn.spec import RELAY, Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.tick_spikes import TickSpikes

WEIGHT_BYTES = 4


class _Running(NamedTuple):
    """A graph with the name of its population, the input it hears and the one it drives.

    heard: addresses of its events. drives: first address of what relays its spikes.
    """

    name: str
    events: str
    graph: EventGraph
    heard: range
    relay: str
    drives: int


class EventPopulations:
    """Run the graphs of a network in front of it.

    spec: the network without graphs. Each graph became an input, after the others, and neurons in
    its place that fire what the input tells them, in the same tick.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        """Start with empty graphs; raises NetworkError if names or sizes do not fit."""
        self._channels = spec.channels
        self._dt_ns, self._tick = spec.dt_ns, 0
        begin = dict(zip((each.name for each in spec.inputs), _begins(spec.inputs), strict=False))
        taken, drives = set(spec.shapes), spec.channels
        inputs, relays, running = list(spec.inputs), list(spec.projections), []
        for population in spec.graphs:
            assert population.graph
            event_graph.prepare()
            events, graph = population.graph.events, EventGraph(population.graph.layers)
            relay = _unused(f"{population.name}_fired", taken)
            taken.add(relay)
            first, size = begin[events], math.prod(graph.spec.shape)
            heard = range(first, first + size)
            running.append(_Running(population.name, events, graph, heard, relay, drives))
            inputs.append(Input(relay, population.shape))
            relays.append(Projection(relay, population.name, pattern=OneToOne()))
            drives += population.size
        self._running = tuple(running)
        self.spec = dataclasses.replace(
            spec,
            inputs=tuple(inputs),
            populations=tuple(_relaying(population) for population in spec.populations),
            projections=tuple(relays),
            max_channels=spec.max_channels + drives - spec.channels,
            max_synapses=spec.max_synapses + drives - spec.channels,
        )

    def reset(self) -> None:
        """Forget all events; the counts go on."""
        for each in self._running:
            each.graph.reset()

    def drive(self, spikes: TickSpikes) -> TickSpikes:
        """Add the spikes of the graphs to those that drive the network; an amount is many events.

        Raises SpikeError, with the graphs unchanged, if an address is no channel or `first` does
        not divide the addresses into ticks.
        """
        first = spikes.first
        if (
            first.size == 0
            or first[0] != 0
            or first[-1] != spikes.address.size
            or np.any(np.diff(first) < 0)
            or np.any(spikes.address >= self._channels)
        ):
            raise SpikeError(
                f"spikes do not fit network '{self.spec.name}': an address is outside of its "
                f"{self._channels} channels, or first does not rise from 0 to the last address"
            )
        single = spikes.one_by_one()
        tick = np.repeat(np.arange(spikes.ticks), np.diff(single.first))
        time_ns = (self._tick + tick) * self._dt_ns
        self._tick += spikes.ticks
        ticks, addresses = [np.repeat(np.arange(spikes.ticks), np.diff(first))], [spikes.address]
        for each in self._running:
            mine = (single.address >= each.heard.start) & (single.address < each.heard.stop)
            address = (single.address[mine] - each.heard.start).astype(np.uint32)
            fired, by = each.graph.push_raw(address, time_ns[mine])
            ticks.append(tick[mine][by])
            addresses.append((fired + each.drives).astype(np.uint32))
        amounts = np.ones(sum(part.size for part in addresses), np.float32)
        if spikes.value.size:
            amounts[: spikes.address.size] = spikes.value
        return _in_order(ticks, addresses, amounts, spikes.ticks)

    def counts(self, counts: Counts) -> Counts:
        """Return the counts of the network with those of the graphs in place of what relays them.

        Each layer but the last, whose spikes are those of the population, has a row of its own; its
        size is that of its spikes if they were pooled too.
        """
        relays = {each.relay for each in self._running}
        nodes = {
            name: {field: int(getattr(counts, field)[index]) for field in ("sizes", *OF_NODES)}
            for index, name in enumerate(counts.names)
            if name not in relays
        }
        links = [
            (name, {field: int(getattr(counts, field)[index]) for field in OF_PROJECTIONS})
            for index, name in enumerate(counts.projections[: -len(relays)])
        ]
        for each in self._running:
            _count(each, counts.ticks, nodes, links)
        return Counts(
            names=tuple(nodes),
            projections=tuple(name for name, _ in links),
            ticks=counts.ticks,
            **{field: _column(nodes.values(), field) for field in ("sizes", *OF_NODES)},
            **{field: _column((row for _, row in links), field) for field in OF_PROJECTIONS},
        )


def _count(
    each: _Running,
    ticks: int,
    nodes: dict[str, dict[str, int]],
    links: list[tuple[str, dict[str, int]]],
) -> None:
    done, widths = each.graph.counts(), each.graph.spec.widths
    last, pre, cells = len(widths) - 1, each.events, math.prod(each.graph.spec.cells)
    for number in range(1, last + 1):
        events = int(done.synaptic_events[number - 1])
        post = each.name if number == last else f"{each.name}.{number}"
        updates = done.nodes * widths[number]
        size = widths[number] * cells
        nodes.setdefault(post, dict.fromkeys(("sizes", *OF_NODES), 0) | {"sizes": size})
        nodes[post] |= {
            "spikes": int(done.spikes[number]),
            "neuron_updates": updates,
            "active_updates": updates,
        }
        nodes[pre]["synaptic_events"] += events
        layer = each.graph.spec.layers[number - 1]
        weights = layer.own.values.size + layer.neighbour.values.size
        dense = (done.nodes + done.edges) * layer.own.values.size
        links.append(
            (
                f"{pre} -> {post}",
                {
                    "projection_events": events,
                    "plasticity_updates": 0,
                    "memory_bytes": events * WEIGHT_BYTES,
                    "dense_macs": dense,
                    "dense_bytes": weights * WEIGHT_BYTES * ticks,
                },
            )
        )
        pre = post


def _column(rows: object, field: str) -> Integers:
    return np.array([row[field] for row in rows], np.int64)  # type: ignore[attr-defined]


def _in_order(
    ticks: list[npt.NDArray[np.int64]],
    addresses: list[npt.NDArray[np.uint32]],
    amounts: npt.NDArray[np.float32],
    count: int,
) -> TickSpikes:
    tick, address = np.concatenate(ticks), np.concatenate(addresses)
    order = np.argsort(tick, kind="stable")
    first = np.searchsorted(tick[order], np.arange(count + 1))
    return TickSpikes(address[order], first, amounts[order])


def _relaying(population: Population) -> Population:
    return Population(population.name, population.shape, RELAY) if population.graph else population


def _begins(inputs: tuple[Input, ...]) -> list[int]:
    return [0, *np.cumsum([math.prod(each.shape) for each in inputs]).tolist()]


def _unused(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name
