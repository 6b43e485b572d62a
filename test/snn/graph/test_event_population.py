"""A graph of events as a population: spikes and counts are those of the graph alone."""

from __future__ import annotations

import dataclasses
import tracemalloc

import numpy as np
import pytest

from neuromorphic_ros.snn.graph.event_graph import EventGraph
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes
from neuromorphic_ros.spikes import SpikeBatch

from .graph_networks import OTHER, SHAPE, drawn, graph_network, layers


def events_of(spikes: TickSpikes, dt_ns: int) -> SpikeBatch:
    tick = np.repeat(np.arange(spikes.ticks), np.diff(spikes.first))
    mine = spikes.address >= OTHER
    return SpikeBatch(SHAPE, spikes.address[mine] - np.uint32(OTHER), tick[mine] * dt_ns)


def by_tick_and_address(spikes: SpikeBatch) -> list[tuple[int, int]]:
    return sorted(zip(spikes.time_ns.tolist(), spikes.address.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_its_spikes_are_those_of_the_graph_alone_on_events_at_the_time_of_their_ticks(
    seed: int,
) -> None:
    spec = graph_network()
    spikes = drawn(spec, seed)
    fired = StreamingNetwork(spec).run(spikes).one_by_one()
    found = fired.by_node(spec.execution_order(), spec.dt_ns)["seen"]
    graph = EventGraph(layers())
    expected = graph.push(events_of(spikes, spec.dt_ns))
    assert len(expected) > 20
    assert by_tick_and_address(found) == by_tick_and_address(expected)


def test_an_amount_is_as_many_events() -> None:
    spec = graph_network()
    address = np.array([OTHER + 3, OTHER + 5], np.uint32)
    graded, repeated = StreamingNetwork(spec), StreamingNetwork(spec)
    one = graded.run(TickSpikes(address, np.array([0, 2]), np.array([2, 3], np.float32)))
    many = repeated.run(TickSpikes(np.repeat(address, [2, 3]), np.array([0, 5])))
    assert np.array_equal(one.one_by_one().address, many.one_by_one().address)
    assert graded.counts().by_population()["seen.1"] == repeated.counts().by_population()["seen.1"]


def test_each_layer_is_counted_and_what_relays_its_spikes_is_not() -> None:
    spec = graph_network()
    spikes = drawn(spec, 10)
    network = StreamingNetwork(spec)
    fired = network.run(spikes).one_by_one().by_node(spec.execution_order(), spec.dt_ns)
    counts = network.counts()
    graph = EventGraph(layers())
    graph.push(events_of(spikes, spec.dt_ns))
    alone = graph.counts()
    assert counts.names == ("plain", "dvs", "seen", "out", "seen.1", "seen.2")
    row = dict(zip(counts.names, range(6), strict=True))
    assert counts.spikes[row["dvs"]] == alone.nodes
    assert counts.spikes[row["seen.1"]] == alone.spikes[1]
    assert counts.spikes[row["seen"]] == len(fired["seen"]) == alone.spikes[3]
    assert counts.neuron_updates[[row["seen.1"], row["seen.2"], row["seen"]]].tolist() == [
        alone.nodes * features for features in (8, 12, 8)
    ]
    links = dict(zip(counts.projections, counts.projection_events.tolist(), strict=True))
    assert links == {
        "plain -> out": 3 * counts.spikes[row["plain"]],
        "seen -> out": 3 * alone.spikes[3],
        "dvs -> seen.1": alone.synaptic_events[0],
        "seen.1 -> seen.2": alone.synaptic_events[1],
        "seen.2 -> seen": alone.synaptic_events[2],
    }
    assert counts.synaptic_events[row["dvs"]] == alone.synaptic_events[0]
    assert counts.synaptic_events.sum() == counts.projection_events.sum()
    dense = dict(zip(counts.projections, counts.dense_macs.tolist(), strict=True))
    assert dense["seen.1 -> seen.2"] == (alone.nodes + alone.edges) * 8 * 12


def test_memory_stays_as_it_is_over_an_hour_of_events() -> None:
    spec = dataclasses.replace(graph_network(), dt_ms=10.0)
    network, minute = StreamingNetwork(spec), drawn(spec, 12, ticks=6000, spikes=3000)
    tracemalloc.start()
    try:
        for _ in range(30):
            network.run(minute)
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(30):
            network.run(minute)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert network.counts().ticks * spec.dt_ms == 3_600_000
    # Of 45 000 more events each would take at least 8 bytes.
    assert after - before < 100_000


def test_the_order_of_events_in_a_tick_does_not_matter() -> None:
    spec = graph_network()
    spikes = drawn(spec, 14)
    tick = np.repeat(np.arange(spikes.ticks), np.diff(spikes.first))
    shuffled = np.lexsort((np.random.default_rng(0).random(tick.size), tick))
    other = TickSpikes(spikes.address[shuffled], spikes.first)
    assert not np.array_equal(other.address, spikes.address)
    fired = [StreamingNetwork(spec).run(each).one_by_one() for each in (spikes, other)]
    assert np.array_equal(fired[0].address, fired[1].address)
