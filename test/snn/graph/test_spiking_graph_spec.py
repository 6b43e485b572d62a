from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build, replace
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.pooling import Pooling
from neuromorphic_ros.snn.graph.spiking_graph_spec import (
    GraphAttentionLayer,
    SpikingGraphSpec,
    decay_table,
    random_graph_spec,
)

from .given_graphs import random_graph

SPEC = random_graph_spec(3, (4, 2), 5, 0, heads=2)


def zeros(*shape: int) -> Array:
    return Array(np.zeros(shape))


def layer(**changes: Any) -> GraphAttentionLayer:
    parts = {"message": zeros(2, 3, 4), "query": zeros(2, 3, 4), "attention": zeros(2, 4)}
    return build(GraphAttentionLayer, parts | changes, "layer", NetworkError)


def test_heads_are_side_by_side() -> None:
    assert (SPEC.inputs, SPEC.layers[0].width, SPEC.layers[1].inputs) == (3, 8, 8)
    assert (SPEC.layers[1].width, SPEC.outputs) == (4, 5)


def test_weights_are_multiples_of_1_in_1024() -> None:
    for part in (SPEC.layers[0].message, SPEC.layers[0].query, SPEC.weight):
        assert (part.values * 1024 % 1 == 0).all()
    assert layer(attention=Array(np.full((2, 4), 1 / 3))).attention.values[0, 0] == 341 / 1024


def test_each_layer_runs_on_the_graph_that_poolings_left() -> None:
    pooled = random_graph_spec(3, (4, 2), 5, 0, poolings={0: Pooling("max", (0, 0, 1, 1, 2, 2))})
    graphs = pooled.graphs(random_graph(0))
    assert [graph.nodes for graph in graphs] == [6, 3, 3]
    for graph in graphs:
        assert (graph.source == graph.target).sum() >= graph.nodes


def test_a_decay_ends_with_nothing() -> None:
    table = decay_table(10.0, 1.0)
    assert table[0] == 1.0
    assert table[10] == pytest.approx(np.exp(-1))
    assert table[-1] == 0.0
    # The largest membrane that can be, in steps of its grid.
    assert table[-2] * 2.0**24 * 1024 < 0.5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"query": zeros(2, 3, 5)}, r"query is \(2, 3, 5\), not \(2, 3, 4\)"),
        ({"attention": zeros(8)}, r"attention is \(8,\), not \(2, 4\)"),
        ({"message": zeros(3, 4)}, r"message is \(heads, inputs, features\), not \(3, 4\)"),
        ({"message": zeros(2, 0, 4)}, r"not \(2, 0, 4\)"),
        ({"tau_trace_ms": 0.0}, "tau_trace_ms = 0.0"),
        ({"neurons": {"threshold": float("nan")}}, "neurons.threshold = nan"),
        ({"neurons": {"refractory_ticks": -1}}, "neurons.refractory_ticks = -1"),
        ({"neurons": {"reset": "soft"}}, "neurons.reset = 'soft'"),
        (
            {
                "message": zeros(2, 1, 513),
                "query": zeros(2, 1, 513),
                "attention": zeros(2, 513),
            },
            "1026 neurons of a node, 1024 at most",
        ),
    ],
)
def test_a_layer_that_does_not_fit_together_is_named(changes: Any, words: str) -> None:
    with pytest.raises(NetworkError, match=words):
        layer(**changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"layers": ()}, "layers"),
        ({"layers": SPEC.layers[::-1]}, "layer 2 of a spiking graph hears 3 features; the one "),
        ({"weight": zeros(3, 5)}, r"has weight \(3, 5\) and bias \(5,\), not \(4, outputs\)"),
        ({"bias": zeros(4)}, r"bias \(4,\)"),
        ({"weight": zeros(4), "bias": zeros(1)}, r"weight \(4,\)"),
        ({"dt_ms": 0.001}, "layer 1 of a spiking graph: a time constant is above 10000 ticks"),
    ],
)
def test_a_network_that_does_not_fit_together_is_named(changes: Any, words: str) -> None:
    parts = {field.name: getattr(SPEC, field.name) for field in dataclasses.fields(SPEC)}
    with pytest.raises(NetworkError, match=words):
        build(SpikingGraphSpec, parts | changes, "network", NetworkError)


def test_sums_that_would_not_be_exact_are_refused() -> None:
    first, second = SPEC.layers

    def check(changed: GraphAttentionLayer) -> None:
        replace(SPEC, {"layers": (changed, second)}, "network", NetworkError)

    large = dataclasses.replace(first, message=Array(np.full((2, 3, 4), 30_000.0)))
    with pytest.raises(NetworkError, match="a message may reach 90000 and a score of attention"):
        check(large)
    keen = dataclasses.replace(first, attention=Array(np.full((2, 4), 1e7)))
    with pytest.raises(NetworkError, match="sums are exact below 65536 and"):
        check(keen)
    many = dataclasses.replace(first, pooling=Pooling("sum", (0,) * 50_000))
    with pytest.raises(NetworkError, match="layer 2 of a spiking graph: a message may reach"):
        check(many)
