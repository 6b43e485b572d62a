from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.graph.given_graph import GivenGraph

from .given_graphs import random_graph


def edges_of(graph: GivenGraph) -> list[tuple[float, ...]]:
    columns = (graph.source, graph.target, graph.weight, graph.delay_ticks)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_edges_are_in_the_order_of_their_targets_and_weights_on_the_grid() -> None:
    graph = GivenGraph.checked(3, [2, 0, 1], [1, 1, 0], [0.5, 1 / 3, -2.0], [0, 7, 1])
    assert edges_of(graph) == [(1, 0, -2.0, 1), (0, 1, 341 / 1024, 7), (2, 1, 0.5, 0)]
    assert graph.weight.dtype == np.float64
    assert edges_of(GivenGraph.checked(3, [2], [1])) == [(2, 1, 1.0, 0)]


def test_a_node_without_an_edge_to_itself_gets_one() -> None:
    graph = GivenGraph.checked(3, [1, 0], [1, 2], [0.5, 2.0], [4, 3]).with_loops()
    assert edges_of(graph) == [(0, 0, 1.0, 0), (1, 1, 0.5, 4), (0, 2, 2.0, 3), (2, 2, 1.0, 0)]
    assert edges_of(graph.with_loops()) == edges_of(graph)


def test_edges_between_two_clusters_become_one() -> None:
    graph = GivenGraph.checked(
        4, [0, 1, 0, 3, 2], [2, 3, 1, 0, 2], [1.0, 2.0, 9.0, -1.0, 5.0], [5, 3, 0, 2, 1]
    )
    assert edges_of(graph.merged([0, 0, 1, 1])) == [(1, 0, -1.0, 2), (0, 1, 1.5, 3)]
    assert graph.merged([0, 0, 0, 0]).source.size == 0


@given(st.integers(0, 2**32), st.integers(1, 7), st.integers(0, 20), st.randoms())
def test_clusters_of_one_node_each_keep_the_neighbours(
    seed: int, nodes: int, edges: int, order: Any
) -> None:
    graph = random_graph(seed, nodes, edges)
    names = [*range(nodes)]
    order.shuffle(names)
    merged = graph.merged(names)
    pairs = zip(graph.source, graph.target, strict=True)
    expected = {(names[one], names[other]) for one, other in pairs if one != other}
    assert set(zip(merged.source.tolist(), merged.target.tolist(), strict=True)) == expected
    assert merged.source.size == len(expected)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, [], []), "a graph of 0 nodes and 0 edges"),
        ((2**20 + 1, [], []), "a graph of 1048577 nodes"),
        ((2, [0, 1], [1]), "sources, targets, weights and delays of a graph have shapes"),
        ((2, [0], [1], [1.0, 2.0]), "each edge has one of each"),
        ((2, [[0]], [[1]]), "each edge has one of each"),
        ((2, [0.5], [1]), "each source of an edge is the number of a node"),
        ((2, [0], [2]), "target 2 of an edge is none of the 2 nodes"),
        ((2, [-1], [1]), "source -1 of an edge is none"),
        ((2, [0], [1], [np.nan]), "weight nan of an edge is outside of -1024..1024"),
        ((2, [0], [1], [-1025.0]), "weight -1025 of an edge"),
        ((2, [0], [1], None, [0.5]), "delay 0.5 of an edge is no whole number of ticks in 0..255"),
        ((2, [0], [1], None, [256]), "delay 256 of an edge"),
        ((2, [0], [1], None, [-1]), "delay -1 of an edge"),
        ((2, [0], [1], None, [np.nan]), "delay nan of an edge"),
    ],
)
def test_what_does_not_fit_is_named(arguments: Any, words: str) -> None:
    with pytest.raises(NetworkError, match=words):
        GivenGraph.checked(*arguments)
