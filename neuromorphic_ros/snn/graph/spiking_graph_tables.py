"""The tables of a spiking graph, as compiled code reads and writes them."""

from __future__ import annotations

import numpy as np

from neuromorphic_ros.snn.graph.attention import exponential_table
from neuromorphic_ros.snn.graph.given_graph import GivenGraph, Numbers
from neuromorphic_ros.snn.graph.spiking_graph_kernel import Edges, State, Weights
from neuromorphic_ros.snn.graph.spiking_graph_spec import GraphAttentionLayer, decay_table


def make_edges(graph: GivenGraph) -> Edges:
    """Return the edges by target and by source."""
    nodes = np.arange(graph.nodes + 1)
    by_source = np.argsort(graph.source, kind="stable")
    return Edges(
        incoming=np.searchsorted(graph.target, nodes).astype(np.int64),
        source=graph.source,
        target=graph.target,
        delay=graph.delay_ticks,
        weight=graph.weight,
        outgoing=np.searchsorted(graph.source[by_source], nodes).astype(np.int64),
        by_source=by_source.astype(np.int64),
    )


def make_weights(layer: GraphAttentionLayer, dt_ms: float) -> Weights:
    """Return the weights with the neurons of all heads side by side."""
    message, query = (_side_by_side(each.values) for each in (layer.message, layer.query))
    neurons = layer.neurons
    return Weights(
        heads=layer.message.shape[0],
        message=message,
        query=query,
        attention=layer.attention.values.astype(np.float64).ravel(),
        message_synapses=np.count_nonzero(message, axis=1).astype(np.int64),
        query_synapses=np.count_nonzero(query, axis=1).astype(np.int64),
        decay=decay_table(neurons.tau_mem_ms, dt_ms),
        trace_decay=decay_table(layer.tau_trace_ms, dt_ms),
        exponential=exponential_table(),
        threshold=neurons.threshold,
        subtract=neurons.reset == "subtract",
        refractory=neurons.refractory_ticks,
    )


def make_state(graph: GivenGraph, width: int) -> State:
    """Return a layer at rest."""
    ring, each = _ring(graph), (graph.nodes, width)
    return State(
        told=np.zeros((ring, *each)),
        waiting=np.zeros((ring, graph.source.size), np.int32),
        queued=np.zeros(ring, np.int64),
        message_trace=np.zeros(each),
        query_trace=np.zeros(each),
        trace_tick=np.full(graph.nodes, -1, np.int64),
        membrane=np.zeros(each),
        membrane_tick=np.zeros(each, np.int64),
        deaf_until=np.zeros(each, np.int64),
        tick=np.zeros(1, np.int64),
        done=np.zeros(4, np.int64),
    )


def state_bytes(graph: GivenGraph, width: int) -> int:
    """Return about how much memory `make_state` takes."""
    ring, numbers = _ring(graph), graph.nodes * width
    return 8 * (ring + 5) * numbers + 4 * ring * graph.source.size


def _ring(graph: GivenGraph) -> int:
    return int(graph.delay_ticks.max(initial=0)) + 1


def _side_by_side(weights: Numbers) -> Numbers:
    """Return (inputs, heads * features) of (heads, inputs, features)."""
    return np.ascontiguousarray(
        weights.transpose(1, 0, 2).reshape(weights.shape[1], -1), np.float64
    )
