"""Graphs run in front of a network, which is driven as by inputs with their spikes."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.errors import NetworkError, SpikeError
from neuromorphic_ros.snn.nir.writing import write_nir
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

from .graph_networks import OTHER, drawn, graph_network


def test_it_drives_others_in_the_same_tick_as_an_input_with_its_spikes_would() -> None:
    spec = graph_network()
    spikes = drawn(spec, 5)
    network = StreamingNetwork(spec)
    fired = network.run(spikes).one_by_one().by_node(spec.execution_order(), spec.dt_ns)
    plain = NetworkSpec(
        name="plain",
        dt_ms=1.0,
        inputs=(Input("plain", (OTHER,)), Input("seen", spec.shapes["seen"])),
        populations=(spec.population("out"),),
        projections=spec.projections,
    )
    seen = fired["seen"]
    tick = np.concatenate(
        [np.repeat(np.arange(spikes.ticks), np.diff(spikes.first)), seen.time_ns // spec.dt_ns]
    )
    address = np.concatenate([spikes.address, seen.address + np.uint32(OTHER)])
    kept = np.concatenate([spikes.address < OTHER, np.ones(len(seen), bool)])
    order = np.lexsort((address[kept], tick[kept]))
    first = np.searchsorted(tick[kept][order], np.arange(spikes.ticks + 1))
    alone = StreamingNetwork(plain)
    again = alone.run(TickSpikes(address[kept][order].astype(np.uint32), first))
    expected = again.by_node(plain.execution_order(), plain.dt_ns)["out"]
    assert len(expected) > 5
    assert fired["out"] == expected
    assert np.array_equal(network.membrane("out"), alone.membrane("out"))


@pytest.mark.parametrize("cuts", [(0,), (1, 2, 3), (40, 41, 119)])
def test_a_run_does_not_depend_on_how_it_is_cut(cuts: tuple[int, ...]) -> None:
    spec = graph_network()
    spikes = drawn(spec, 7)
    whole, cut = StreamingNetwork(spec), StreamingNetwork(spec)
    expected = whole.run(spikes).one_by_one()
    ends = [0, *cuts, spikes.ticks]
    parts = [cut.run(spikes.between(a, b)) for a, b in pairwise(ends)]
    found = np.concatenate([part.one_by_one().address for part in parts])
    assert np.array_equal(found, expected.address)
    for one, other in zip(whole.counts(), cut.counts(), strict=True):
        assert np.array_equal(one, other)


def test_steps_are_a_run_of_one_tick_each() -> None:
    spec = graph_network()
    spikes = drawn(spec, 8, ticks=30, spikes=300)
    network, stepped = StreamingNetwork(spec), StreamingNetwork(spec)
    expected = network.run(spikes)
    for tick in range(spikes.ticks):
        part = spikes.between(tick, tick + 1)
        assert np.array_equal(stepped.step(part.address), expected.between(tick, tick + 1).address)


def test_after_a_reset_it_runs_as_from_the_start_and_counts_on() -> None:
    spec = graph_network()
    spikes = drawn(spec, 9)
    network = StreamingNetwork(spec)
    first, once = network.run(spikes), network.counts()
    network.reset()
    assert np.array_equal(network.run(spikes).address, first.address)
    twice = network.counts()
    assert np.array_equal(twice.spikes, 2 * once.spikes)
    assert np.array_equal(twice.projection_events, 2 * once.projection_events)


@pytest.mark.parametrize(
    ("address", "first"),
    [
        ([OTHER + 2 * 12 * 16], [0, 1]),
        ([2**32 - 1], [0, 1]),
        ([5, 6], [0, 1]),
        ([5, 6], [1, 2]),
        ([5, 6], [0, 2, 1, 2]),
    ],
)
def test_spikes_that_do_not_fit_leave_graph_and_network_as_they_are(
    address: list[int], first: list[int]
) -> None:
    spec = graph_network()
    network, other = StreamingNetwork(spec), StreamingNetwork(spec)
    with pytest.raises(SpikeError, match="spikes do not fit network 'graphs'"):
        network.run(TickSpikes(np.array(address, np.uint32), np.array(first)))
    spikes = drawn(spec, 11)
    assert np.array_equal(network.run(spikes).address, other.run(spikes).address)


def test_an_amount_that_is_not_finite_is_refused() -> None:
    network = StreamingNetwork(graph_network())
    amounts = np.array([np.nan], np.float32)
    with pytest.raises(SpikeError, match="NaN"):
        network.run(TickSpikes(np.array([OTHER], np.uint32), np.array([0, 1]), amounts))


def test_two_graphs_may_hear_the_same_events() -> None:
    spec = graph_network()
    second = dataclasses.replace(spec.population("seen"), name="also")
    both = dataclasses.replace(spec, populations=(*spec.populations, second))
    spikes = drawn(spec, 13)
    counts = StreamingNetwork(both).run(spikes), StreamingNetwork(spec).run(spikes)
    fired = [
        run.one_by_one().by_node(each.execution_order(), each.dt_ns)
        for run, each in zip(counts, (both, spec), strict=True)
    ]
    assert fired[0]["also"] == fired[0]["seen"] == fired[1]["seen"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            {"inputs": (Input("plain", (OTHER,)),)},
            "'seen': is a graph of 'dvs'; the inputs are plain",
        ),
        (
            {"inputs": (Input("plain", (OTHER,)), Input("dvs", (2, 4, 4)))},
            r"events of shape \(2, 12, 16\), input 'dvs' has \(2, 4, 4\)",
        ),
        (
            {"projections": (Projection("plain", "seen"),)},
            "plain -> seen: its target is a graph, which nothing else",
        ),
    ],
)
def test_a_graph_that_does_not_fit_its_network_is_refused(
    change: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        dataclasses.replace(graph_network(), **change)  # type: ignore[arg-type]


def test_a_population_is_a_graph_or_has_neurons() -> None:
    graph = graph_network().population("seen").graph
    assert Population("same", (8, 3, 4), graph=graph).shape == (8, 3, 4)
    with pytest.raises(ValueError, match=r"has shape \(2,\), its graph \(8, 3, 4\)"):
        Population("other", (2,), graph=graph)
    with pytest.raises(ValueError, match="cannot have a neuron too"):
        Population(
            "both", neuron=dataclasses.replace(graph_network().populations[0].neuron), graph=graph
        )
    with pytest.raises(ValueError, match="needs a shape"):
        Population("none")


def test_nir_has_no_node_for_a_graph(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="NIR has no node for 'seen'"):
        write_nir(graph_network(), tmp_path / "graphs.nir")
