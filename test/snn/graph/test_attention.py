"""The attention of the engine is that of the papers, written down anew without rounding."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.attention import exponential_table
from neuromorphic_ros.snn.graph.given_graph import GivenGraph
from neuromorphic_ros.snn.graph.spiking_graph import SpikingGraph
from neuromorphic_ros.snn.graph.spiking_graph_spec import (
    GraphNeurons,
    SpikingGraphSpec,
    random_graph_spec,
)

from .given_graphs import as_ticks, random_graph, random_trains

SILENT = GraphNeurons(tau_mem_ms=5.0, threshold=1e6)


def membranes(spec: SpikingGraphSpec, graph: GivenGraph, trains: np.ndarray) -> np.ndarray:
    """Return membranes at the last tick, of neurons that do not fire: equations in float64."""
    layer, loops = spec.layers[0], graph.with_loops()
    message, query, attention = (
        each.values.astype(np.float64) for each in (layer.message, layer.query, layer.attention)
    )
    told = np.einsum("tnf,hfo->tnho", trains, message)
    asked = np.einsum("tnf,hfo->tnho", trains, query)
    membrane, z, y = (np.zeros(told.shape[1:]) for _ in range(3))
    for tick in range(len(trains)):
        z = z * np.exp(-1.0 / layer.tau_trace_ms) + told[tick]
        y = y * np.exp(-1.0 / layer.tau_trace_ms) + asked[tick]
        membrane = membrane * np.exp(-1.0 / layer.neurons.tau_mem_ms)
        for node in range(graph.nodes):
            edges = np.flatnonzero(loops.target == node)
            seen = z[loops.source[edges]] + y[node]
            score = (attention * np.where(seen > 0, seen, seen / 4)).sum(axis=-1)
            share = np.exp(score - score.max(axis=0))
            share /= share.sum(axis=0)
            for edge, part in zip(edges, share, strict=True):
                sent = tick - loops.delay_ticks[edge]
                if sent >= 0:
                    weighted = part[:, None] * told[sent, loops.source[edge]]
                    membrane[node] += loops.weight[edge] * weighted
    return membrane.reshape(graph.nodes, -1)


@pytest.mark.parametrize("seed", range(5))
def test_membranes_follow_the_equations(seed: int) -> None:
    spec = random_graph_spec(3, (4,), 1, seed, heads=3, neurons=SILENT)
    graph, trains = random_graph(seed), random_trains(seed, 30, 6, 3, 0.3)
    trains[-1] = 1  # so that every membrane is up to date
    engine = SpikingGraph(spec, graph)
    engine.run(as_ticks(trains))
    expected = membranes(spec, graph, trains)
    assert np.abs(expected).max() > 1
    assert np.abs(engine.membrane(0) - expected).max() < 0.02


def test_without_an_attention_vector_all_neighbours_count_alike() -> None:
    spec = random_graph_spec(1, (1,), 1, 0, heads=1, neurons=SILENT)
    layer = dataclasses.replace(
        spec.layers[0], message=Array([[[1.0]]]), attention=Array([[0.0]]), query=Array([[[0.0]]])
    )
    graph = GivenGraph.checked(4, [0, 1, 2], [3, 3, 3], [1.0, 2.0, 4.0])
    engine = SpikingGraph(dataclasses.replace(spec, layers=(layer,)), graph)
    engine.run(as_ticks(np.ones((1, 4, 1), np.int64)))
    assert engine.membrane(0)[3, 0] == (1 + 2 + 4 + 1) / 4
    engine.reset()
    only = np.zeros((1, 4, 1), np.int64)
    only[0, 1] = 1
    engine.run(as_ticks(only))
    assert engine.membrane(0)[3, 0] == 2 / 4


def test_exponentials_are_off_by_no_more_than_their_grid() -> None:
    table = exponential_table()
    assert table[0] == 1.0
    assert np.abs(table - np.exp(-np.arange(table.size) / 256)).max() <= 0.5 / 2**24
    assert (table * 2**24 % 1 == 0).all()
    assert table[-1] > 0
