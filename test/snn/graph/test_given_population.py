"""Given graphs in a network: spikes and counts are those of the graph alone."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.snn.graph.graph_populations import GraphPopulations
from neuromorphic_ros.snn.graph.spiking_graph import SpikingGraph
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

from .given_networks import given_layers, given_network, given_nodes
from .graph_networks import drawn


def heard(spikes: TickSpikes) -> TickSpikes:
    """What the nodes hear, written down channel by channel."""
    nodes = given_nodes()
    places = [-1, -1, -1, *nodes.places("scan"), *nodes.places("dvs")]
    address, first = [], [0]
    for tick in range(spikes.ticks):
        mine = spikes.between(tick, tick + 1).address
        address += [places[each] for each in mine if places[each] >= 0]
        first.append(len(address))
    return TickSpikes(np.array(address, np.uint32), np.array(first))


@pytest.mark.parametrize("how", [None, "sum", "max"])
def test_it_fires_what_the_graph_alone_fires(how: str | None) -> None:
    spec = given_network(0, how)
    spikes = drawn(spec, 1, ticks=80, spikes=600)
    fired = StreamingNetwork(spec).run(spikes).one_by_one()
    found = fired.by_node(spec.execution_order(), spec.dt_ns)["seen"]
    graph = SpikingGraph(given_layers(0, how), given_nodes().graph)
    expected = graph.run(heard(spikes))[-1].one_by_one()
    tick = np.repeat(np.arange(spikes.ticks), np.diff(expected.first))
    assert tick.size > 20
    assert sorted(zip(found.time_ns // spec.dt_ns, found.address, strict=True)) == sorted(
        zip(tick, expected.address, strict=True)
    )
    assert spec.shapes["seen"] == ((7, 6) if how is None else (3, 6))


def test_it_goes_on_from_call_to_call_and_starts_anew_after_a_reset() -> None:
    spec = given_network()
    spikes = drawn(spec, 2, ticks=60, spikes=400)
    whole, cut = StreamingNetwork(spec), StreamingNetwork(spec)
    expected = whole.run(spikes)
    parts = [cut.run(spikes.between(*ends)).address for ends in ((0, 13), (13, 14), (14, 60))]
    assert np.array_equal(np.concatenate(parts), expected.address)
    whole.reset()
    assert np.array_equal(whole.run(spikes).address, expected.address)


def test_layers_are_counted_by_the_name_of_the_population() -> None:
    spec = given_network()
    spikes = drawn(spec, 3, ticks=60, spikes=400)
    network = StreamingNetwork(spec)
    network.run(spikes)
    counts = network.counts()
    graph = SpikingGraph(given_layers(), given_nodes().graph)
    graph.run(heard(spikes))
    alone = graph.counts()
    assert counts.names == ("other", "scan", "dvs", "seen", "out", "seen.0", "seen.1")
    by_name = counts.by_population()
    assert (by_name["seen.1"], by_name["seen"]) == tuple(alone.spikes[1:])
    assert by_name["seen.0"] == 0
    assert sum(by_name[name] for name in ("other", "scan", "dvs")) == spikes.address.size
    assert counts.projections == (
        "seen -> out",
        "other -> out",
        "seen.0 -> seen.1",
        "seen.0 -> seen.1 attention",
        "seen.1 -> seen",
        "seen.1 -> seen attention",
    )
    assert np.array_equal(counts.projection_events[2:], alone.projection_events[:-1])
    assert counts.synaptic_events.sum() == counts.projection_events.sum()


def test_channels_of_other_inputs_are_not_heard() -> None:
    spec = given_network()
    graphs = GraphPopulations(spec)
    driven = graphs.drive(TickSpikes(np.array([0, 1, 2], np.uint32), np.array([0, 3])))
    assert driven.address.tolist() == [0, 1, 2]
