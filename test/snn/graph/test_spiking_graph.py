"""The engine: delays, refractory periods, what is left out, what is counted."""

from __future__ import annotations

import dataclasses
import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError, SpikeError
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.given_graph import GivenGraph
from neuromorphic_ros.snn.graph.pooling import Pooling
from neuromorphic_ros.snn.graph.spiking_graph import SpikingGraph, prepare
from neuromorphic_ros.snn.graph.spiking_graph_spec import (
    GraphAttentionLayer,
    GraphNeurons,
    SpikingGraphSpec,
    random_graph_spec,
)
from neuromorphic_ros.snn.tick_spikes import TickSpikes

from .given_graphs import as_ticks, as_trains, random_graph, random_trains


def relay(**neurons: Any) -> SpikingGraphSpec:
    """One neuron, which hears its neighbours alike: with two, each counts for a half."""
    layer = GraphAttentionLayer(
        message=Array([[[1.0]]]),
        query=Array([[[0.0]]]),
        attention=Array([[0.0]]),
        neurons=GraphNeurons(**({"tau_mem_ms": 1e4} | neurons)),
    )
    return SpikingGraphSpec((layer,), Array([[2.0]]), Array([0.5]))


def fired(engine: SpikingGraph, *ticks: tuple[int, ...]) -> list[list[int]]:
    """Return the nodes that fire in each tick; ticks: the nodes that hear a spike."""
    first = np.concatenate(([0], np.cumsum([len(each) for each in ticks])))
    address = np.array([node for each in ticks for node in each], np.uint32)
    found = engine.run(TickSpikes(address, first))[-1]
    return [found.between(tick, tick + 1).address.tolist() for tick in range(found.ticks)]


QUIET: tuple[tuple[int, ...], ...] = ((), (), (), ())


def test_a_message_arrives_after_the_delay_of_its_edge() -> None:
    graph = GivenGraph.checked(3, [0, 0], [1, 2], [2.0, 2.0], [0, 3])
    assert fired(SpikingGraph(relay(), graph), (0,), *QUIET) == [[0, 1], [], [], [2], []]


def test_what_waits_is_kept_between_runs_and_lost_by_a_reset() -> None:
    graph = GivenGraph.checked(2, [0], [1], [2.0], [3])
    engine = SpikingGraph(relay(), graph)
    fired(engine, (0,), ())
    assert fired(engine, (), ()) == [[], [1]]
    fired(engine, (0,), ())
    engine.reset()
    assert fired(engine, *QUIET) == [[]] * 4


def test_a_membrane_leaks_between_messages() -> None:
    graph = alone()
    spec = relay(tau_mem_ms=1 / np.log(2), threshold=1.25)
    # 1, then 1/2 + 1 = 1.5; after two ticks 1/4 + 1.
    assert fired(SpikingGraph(spec, graph), (0,), (0,)) == [[], [0]]
    assert fired(SpikingGraph(spec, graph), (0,), (), (0,)) == [[], [], [0]]
    assert fired(SpikingGraph(spec, graph), (0,), (), (), (0,)) == [[], [], [], []]


def alone() -> GivenGraph:
    return GivenGraph.checked(1, np.empty(0, np.int64), np.empty(0, np.int64))


def test_a_refractory_neuron_hears_nothing() -> None:
    spec = relay(threshold=1.0, refractory_ticks=2)
    assert fired(SpikingGraph(spec, alone()), *[(0,)] * 7) == [[0], [], [], [0], [], [], [0]]


@pytest.mark.parametrize(("reset", "second"), [("hard", []), ("subtract", [0])])
def test_a_reset_is_hard_or_takes_the_threshold_away(reset: str, second: list[int]) -> None:
    spec = relay(threshold=0.625, reset=reset, tau_mem_ms=1e4)
    graph = GivenGraph.checked(1, [0], [0], [0.5])
    assert fired(SpikingGraph(spec, graph), (0,), (0,)) == [[], [0]]
    found = fired(SpikingGraph(spec, graph), (0,), (0,), (0,))
    # 1.0 fires; 0.375 is left, or nothing.
    assert found[2] == second


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 30), max_size=4))
def test_a_run_does_not_depend_on_how_it_is_cut(seed: int, cuts: list[int]) -> None:
    pooling = Pooling("mean", (0, 1, 1, 0, 2, 2))
    spec = random_graph_spec(3, (3, 2), 2, seed, poolings={0: pooling})
    graph, spikes = random_graph(seed), as_ticks(random_trains(seed, 30, 6, 3, 0.3))
    whole, cut = SpikingGraph(spec, graph), SpikingGraph(spec, graph)
    expected = whole.run(spikes)
    parts = [cut.run(spikes.between(a, b)) for a, b in pairwise([0, *sorted(cuts), 30])]
    for layer, one in enumerate(expected):
        assert np.array_equal(np.concatenate([part[layer].address for part in parts]), one.address)
    assert np.array_equal(whole.output(), cut.output())
    for one_count, other in zip(whole.counts(), cut.counts(), strict=True):
        assert np.array_equal(one_count, other)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_it_does_not_matter_how_nodes_are_numbered(seed: int, order: Any) -> None:
    spec, graph = random_graph_spec(3, (3, 2), 2, seed), random_graph(seed)
    trains, names = random_trains(seed, 25, 6, 3, 0.3), [*range(6)]
    order.shuffle(names)
    renamed = GivenGraph.checked(
        6,
        np.array(names)[graph.source],
        np.array(names)[graph.target],
        graph.weight,
        graph.delay_ticks,
    )
    other = np.empty_like(trains)
    other[:, names] = trains
    one, two = SpikingGraph(spec, graph), SpikingGraph(spec, renamed)
    one.run(as_ticks(trains))
    two.run(as_ticks(other))
    assert np.array_equal(one.output(), two.output()[names])


def test_the_output_is_that_of_the_mean_of_the_spikes() -> None:
    engine = SpikingGraph(relay(), GivenGraph.checked(2, [0], [1], [0.0]))
    assert fired(engine, (0,), (0,), (), ()) == [[0], [0], [], []]
    assert engine.output().tolist() == [[0.5 + 2 * 2 / 4], [0.5]]
    engine.reset()
    assert engine.output().tolist() == [[0.5], [0.5]]


def test_an_amount_is_as_many_spikes() -> None:
    spec, graph = random_graph_spec(3, (3, 2), 2, 8), random_graph(8)
    trains = random_trains(8, 25, 6, 3, 0.3) * 2
    spikes = as_ticks(trains)
    graded, repeated = SpikingGraph(spec, graph), SpikingGraph(spec, graph)
    found, expected = graded.run(spikes), repeated.run(spikes.one_by_one())
    assert np.array_equal(found[-1].address, expected[-1].address)
    assert graded.counts().spikes[0] == trains.sum()


def test_only_what_messages_reach_is_computed() -> None:
    nodes = 1000
    graph = GivenGraph.checked(nodes, [0, 0], [1, 2])
    engine = SpikingGraph(random_graph_spec(3, (4,), 2, 0, heads=2), graph)
    engine.run(TickSpikes(np.array([0, 1], np.uint32), np.array([0, 2])))
    assert engine.messages.tolist() == [3]
    assert engine.counts().neuron_updates.tolist() == [0, 3 * 8]


def test_what_is_done_is_counted() -> None:
    spec = random_graph_spec(3, (3, 2), 2, 9)
    silent = spec.layers[0].message.values.copy()
    silent[:, 1, :2] = 0
    layer = dataclasses.replace(spec.layers[0], message=Array(silent))
    spec = dataclasses.replace(spec, layers=(layer, spec.layers[1]))
    graph, trains = random_graph(9, longest=0), random_trains(9, 40, 6, 3, 0.3)
    engine = SpikingGraph(spec, graph)
    layers = engine.run(as_ticks(trains))
    counts, loops = engine.counts(), graph.with_loops()
    assert counts.names == ("input", "layer1", "layer2")
    assert counts.sizes.tolist() == [18, 36, 24]
    assert counts.spikes.tolist() == [trains.sum(), *(each.address.size for each in layers)]
    spikes = [trains, as_trains(layers[0], 6, 6), as_trains(layers[1], 6, 4)]
    links = dict(zip(counts.projections, counts.projection_events.tolist(), strict=True))
    for index, (pre, post) in enumerate(pairwise(counts.names)):
        fired = spikes[index].sum(axis=0)
        weights = [spec.layers[index].message.values, spec.layers[index].query.values]
        message, query = (np.count_nonzero(each, axis=(0, 2)) for each in weights)
        degree = np.bincount(loops.source, minlength=6)
        assert links[f"{pre} -> {post}"] == (degree @ fired) @ message
        sends = spikes[index].any(axis=2)
        reached = np.stack([sends[:, loops.source[loops.target == i]].any(1) for i in range(6)], 1)
        looked = reached.sum(axis=0) @ np.bincount(loops.target, minlength=6)
        width = spec.layers[index].width
        assert links[f"{pre} -> {post} attention"] == (
            fired.sum(axis=0) @ (message + query) + looked * width
        )
        assert engine.messages[index] == (sends.sum(axis=0) @ degree)
        assert counts.neuron_updates[index + 1] == reached.sum() * width
    assert links["layer2 -> output"] == spikes[2].sum() * 2
    assert counts.synaptic_events.sum() == counts.projection_events.sum()
    assert counts.ticks == 40
    edges = loops.source.size
    assert counts.dense_macs.tolist() == [
        40 * macs for macs in (*[6 * 18 + edges * 6] * 2, *[6 * 24 + edges * 4] * 2, 6 * 4 * 2)
    ]


def test_counts_go_on_after_a_reset() -> None:
    engine = SpikingGraph(random_graph_spec(3, (3, 2), 2, 1), random_graph(1))
    spikes = as_ticks(random_trains(1, 30, 6, 3, 0.3))
    first = engine.run(spikes)
    once = engine.counts()
    engine.reset()
    assert np.array_equal(engine.run(spikes)[1].address, first[1].address)
    twice = engine.counts()
    assert np.array_equal(twice.projection_events, 2 * once.projection_events)
    assert np.array_equal(twice.spikes, 2 * once.spikes)
    assert twice.ticks == 60


def test_an_address_outside_is_refused_with_nothing_run() -> None:
    engine = SpikingGraph(relay(), alone())
    with pytest.raises(SpikeError, match="address 1 is outside of the 1 features of 1 nodes"):
        fired(engine, (0, 1))
    assert engine.counts().ticks == 0
    assert fired(engine, (0,)) == [[0]]


def test_a_pooling_of_another_number_of_nodes_is_refused() -> None:
    spec = random_graph_spec(3, (3, 2), 2, 1, poolings={1: Pooling("max", (0, 0, 1))})
    words = "layer 2 of the spiking graph pools 3 nodes; the graph has 6 there"
    with pytest.raises(NetworkError, match=words):
        SpikingGraph(spec, random_graph(1))


def test_a_graph_that_would_take_too_much_memory_is_refused() -> None:
    nodes = 2**18
    graph = GivenGraph.checked(nodes, [0], [1], [1.0], [255])
    words = re.escape("a graph of 262144 nodes, 1 edges and delays of up to 255 ticks needs")
    with pytest.raises(NetworkError, match=words):
        SpikingGraph(relay(), graph)


def test_the_first_call_is_prepared() -> None:
    prepare()
