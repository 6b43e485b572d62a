"""Networks laid out in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn import layout, tables
from neuromorphic_ros.snn.layout import lay_out
from neuromorphic_ros.snn.spec import NetworkSpec

CONTENT: dict[str, Any] = {
    "name": "net",
    "dt_ms": 1.0,
    "inputs": [{"name": "a", "shape": [3]}, {"name": "b", "shape": [2]}],
    "populations": [
        {"name": "late", "shape": [4], "neuron": {"model": "lif", "multi_spike": True}},
        {"name": "early", "shape": [2], "neuron": {"model": "dendritic_lif", "dendrites": 2}},
        {"name": "read", "shape": [1], "neuron": {"model": "li"}},
    ],
    "projections": [
        {"pre": "early", "post": "late", "weights": 1.0},
        {"pre": "a", "post": "early", "weights": 1.0, "compartment": 2, "bias": 0.5},
        {"pre": "b[1]", "post": "late[1:3]", "weights": 1.0, "delay_ticks": 3},
        {"pre": "a", "post": "late", "weights": 0.0},
        {"pre": "late", "post": "read", "weights": 1.0, "delay_ticks": 1},
    ],
}


def test_sources_follow_each_other_inputs_first_then_in_execution_order() -> None:
    made = lay_out(NetworkSpec(**CONTENT))
    assert made.names == ("a", "b", "early", "late", "read")
    assert made.begin.tolist() == [0, 3, 5, 7, 11, 12]
    assert made.nodes["begin"].tolist() == [0, 3, 5, 7, 11]


def test_each_population_has_a_ring_as_long_as_its_longest_delay() -> None:
    made = lay_out(NetworkSpec(**CONTENT))
    early, late, read = made.nodes[2:]
    assert [int(node["depth"]) for node in (early, late, read)] == [1, 4, 2]
    assert [int(node["width"]) for node in (early, late, read)] == [2 * 3, 4, 1]
    assert [int(node["ring"]) for node in (early, late, read)] == [0, 6, 22]
    assert made.currents.size == 24


def test_a_ring_starts_with_the_constant_input() -> None:
    made = lay_out(NetworkSpec(**CONTENT))
    assert made.layers["early"].drive.tolist() == [0, 0, 0, 0, 0.5, 0.5]
    assert made.currents[:6].tolist() == [0, 0, 0, 0, 0.5, 0.5]
    assert not made.currents[6:].any()


def test_the_links_of_a_source_are_neighbours_in_the_order_of_the_file() -> None:
    made = lay_out(NetworkSpec(**CONTENT))
    ranges = [(int(node["first_connection"]), int(node["last_connection"])) for node in made.nodes]
    assert ranges == [(0, 2), (2, 3), (3, 4), (4, 5), (0, 0)]
    to_branch, to_late, delayed, *_ = made.links
    assert int(to_branch["target"]) == 4
    assert int(to_late["target"]) == 6
    assert (int(delayed["target"]), int(delayed["pre_start"])) == (7, 1)
    assert (int(delayed["delay"]), int(delayed["depth"])) == (3, 4)


def test_nodes_say_what_they_fire() -> None:
    made = lay_out(NetworkSpec(**CONTENT))
    early, late, read = made.nodes[2:]
    assert [int(node["spikes"]) for node in (early, late, read)] == [1, 1, 0]
    assert [int(node["graded"]) for node in (early, late, read)] == [0, 1, 1]
    assert [int(node["kind"]) for node in (early, late, read)] == [
        tables.DENDRITIC,
        tables.LEAKY,
        tables.READOUT,
    ]
    assert made.fires_amounts


def test_long_delays_are_refused_before_synapses_take_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layout, "MAX_CURRENTS", 20)
    monkeypatch.setattr(layout, "connect", lambda spec, index: pytest.fail("took memory"))
    with pytest.raises(NetworkError, match="delays need 24 currents under way, more than 20"):
        lay_out(NetworkSpec(**CONTENT))


def test_tables_lead_to_the_arrays() -> None:
    made = lay_out(NetworkSpec(**CONTENT))
    network = made.network[0]
    assert int(network["node"]) == made.nodes.ctypes.data
    assert int(network["current"]) == made.currents.ctypes.data
    assert int(made.nodes[3]["state"]) == made.layers["late"].state.ctypes.data
    assert np.all(made.links["weight"] != 0)
