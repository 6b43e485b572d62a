"""What spikes cost, by source and by projection."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorphic_ros.snn.expenses import Expenses, expenses
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.synapses import connect

CONTENT: dict[str, Any] = {
    "name": "net",
    "dt_ms": 1.0,
    "inputs": [{"name": "a", "shape": [3]}, {"name": "b", "shape": [2]}],
    "populations": [
        {"name": "late", "shape": [4]},
        {"name": "early", "shape": [2]},
        {"name": "read", "shape": [1], "neuron": {"model": "li"}},
        {"name": "last", "shape": [2]},
    ],
    "projections": [
        {"pre": "early", "post": "late", "weights": 1.0},
        {"pre": "a", "post": "early", "weights": 1.0},
        {"pre": "b[1]", "post": "late[1:3]", "weights": 1.0, "delay_ticks": 3},
        {"pre": "a", "post": "late", "weights": 0.0},
        {"pre": "late", "post": "read", "weights": 1.0, "precision": "int8"},
        {"pre": "read", "post": "last", "weights": 1.0},
    ],
}


def priced() -> Expenses:
    spec = NetworkSpec(**CONTENT)
    return expenses(spec, [connect(spec, index) for index in range(len(spec.projections))])


def test_sources_are_inputs_then_populations_in_execution_order() -> None:
    made = priced()
    assert made.names == ("a", "b", "early", "late", "read", "last")
    assert made.sizes.tolist() == [3, 2, 2, 4, 1, 2]
    assert made.inputs == 2
    assert made.spiking.tolist() == [True, True, True, True, False, True]
    assert made.projections[2] == "b[1] -> late[1:3]"
    assert [(each.node, each.first) for each in made.each] == [
        (2, 5), (0, 0), (1, 4), (0, 0), (3, 7), (4, 11),
    ]  # fmt: skip


def test_weights_of_zero_are_no_synapses_but_dense_work() -> None:
    made = priced()
    assert [each.synapses.tolist() for each in made.each] == [
        [4, 4], [2, 2, 2], [2], [0, 0, 0], [1, 1, 1, 1], [2],
    ]  # fmt: skip
    assert [each.dense.macs for each in made.each] == [8, 6, 2, 12, 4, 2]
    assert made.each[4].bytes.tolist() == [1, 1, 1, 1]


def test_counts_are_the_spikes_times_what_each_costs() -> None:
    fired = np.array([1, 0, 5, 7, 2, 1, 0, 3, 0, 0, 1, 9, 0, 4])
    active = np.array([0, 0, 6, 7, 8, 9])
    updates = np.zeros(6, np.int64)
    counts = priced().counts(fired, active, updates, ticks=10)
    assert counts.ticks == 10
    assert counts.spikes.tolist() == [6, 9, 1, 4, 0, 4]
    assert counts.projection_events.tolist() == [4, 12, 4, 0, 4, 18]
    assert counts.synaptic_events.tolist() == [12, 4, 4, 4, 18, 0]
    assert counts.memory_bytes.tolist() == [16, 48, 16, 0, 4, 72]
    assert counts.neuron_updates.tolist() == [0, 0, 20, 40, 10, 20]
    assert counts.active_updates.tolist() == active.tolist()
    assert counts.dense_macs.tolist() == [80, 60, 20, 120, 40, 20]
    assert counts.dense_bytes.tolist() == [320, 240, 80, 480, 40, 80]
