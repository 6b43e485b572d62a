"""The compiled layer of a spiking graph: spikes in, messages in time order, spikes out."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from neuromorphic_ros.snn.graph.event_graph_spec import GRID

SLOPE = 0.25
"""Of LeakyReLU, below zero."""
STEPS_PER_UNIT = 256.0
"""Of the table of exponentials."""
COEFFICIENT_GRID = 2.0**16
"""Coefficients of attention are multiples of its inverse."""
MESSAGES, EVENTS, ATTENTION, UPDATES = range(4)
_ROOM = 1024

Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


class Edges(NamedTuple):
    """The graph of a layer; edges in the order of their targets.

    incoming: int64[nodes + 1], the edges into node i are incoming[i] to incoming[i + 1]. source,
    delay: int64[edges]. weight: float64[edges]. outgoing: int64[nodes + 1] in by_source:
    int64[edges], the edges in the order of their sources.
    """

    incoming: Integers
    source: Integers
    delay: Integers
    weight: Numbers
    outgoing: Integers
    by_source: Integers


class Weights(NamedTuple):
    """A layer; neurons of all heads side by side.

    message, query: float64[inputs, width]. attention: float64[width]. message_synapses,
    query_synapses: int64[inputs], weights that are not zero. decay, trace_decay: float64, tables of
    the membrane and of the traces. exponential: float64, table.
    """

    heads: int
    message: Numbers
    query: Numbers
    attention: Numbers
    message_synapses: Integers
    query_synapses: Integers
    decay: Numbers
    trace_decay: Numbers
    exponential: Numbers
    threshold: float
    subtract: bool
    refractory: int


class State(NamedTuple):
    """What a layer remembers.

    told: float64[ring, nodes, width], the messages of the last ticks. waiting: int32[ring, edges],
    the edges along which something arrives in a tick, and queued: int64[ring], how many.
    message_trace, query_trace: float64[nodes, width], as they were at trace_tick: int64[nodes].
    membrane: float64[nodes, width], as it was at membrane_tick: int64[nodes, width]. deaf_until:
    int64[nodes, width], first tick after the refractory period. tick: int64[1], the next one. done:
    int64[4], messages, synaptic events of messages and of attention, neuron updates so far.
    """

    told: Numbers
    waiting: npt.NDArray[np.int32]
    queued: Integers
    message_trace: Numbers
    query_trace: Numbers
    trace_tick: Integers
    membrane: Numbers
    membrane_tick: Integers
    deaf_until: Integers
    tick: Integers
    done: Integers


@numba.njit
def _decayed(value: Any, table: Any, age: Any) -> Any:
    """Return what is left of a value, rounded."""
    return np.rint(value * table[min(age, table.size - 1)] * GRID) / GRID


@numba.njit
def _hear(layer: Any, state: Any, out_degree: Any, node: Any, feature: Any, amount: Any) -> None:
    """Add a spike to the message of its node; traces begin to hold what they will."""
    tick = state.tick[0]
    told = state.told[tick % state.told.shape[0], node]
    if state.trace_tick[node] != tick:
        age = tick - state.trace_tick[node]
        for neuron in range(told.size):
            told[neuron] = 0.0
            state.message_trace[node, neuron] = _decayed(
                state.message_trace[node, neuron], layer.trace_decay, age
            )
            state.query_trace[node, neuron] = _decayed(
                state.query_trace[node, neuron], layer.trace_decay, age
            )
        state.trace_tick[node] = tick
    for neuron in range(told.size):
        told[neuron] += amount * layer.message[feature, neuron]
        state.query_trace[node, neuron] += amount * layer.query[feature, neuron]
    state.done[EVENTS] += layer.message_synapses[feature] * out_degree
    state.done[ATTENTION] += layer.message_synapses[feature] + layer.query_synapses[feature]


@numba.njit
def _tell(edges: Any, state: Any, node: Any) -> None:
    """Send the message of a node along its edges."""
    ring, tick = state.queued.size, state.tick[0]
    told = state.told[tick % ring, node]
    for neuron in range(told.size):
        told[neuron] = np.rint(told[neuron] * GRID) / GRID
        state.message_trace[node, neuron] += told[neuron]
        state.query_trace[node, neuron] = np.rint(state.query_trace[node, neuron] * GRID) / GRID
    for place in range(edges.outgoing[node], edges.outgoing[node + 1]):
        edge = edges.by_source[place]
        slot = (tick + edges.delay[edge]) % ring
        state.waiting[slot, state.queued[slot]] = edge
        state.queued[slot] += 1


@numba.njit
def _attend(edges: Any, layer: Any, state: Any, node: Any, query: Any, share: Any) -> None:
    """Fill in the coefficients of the edges into a node, share[degree, heads]; query: scratch."""
    tick, begin = state.tick[0], edges.incoming[node]
    degree, features = edges.incoming[node + 1] - begin, layer.attention.size // layer.heads
    age = tick - state.trace_tick[node]
    for neuron in range(query.size):
        query[neuron] = _decayed(state.query_trace[node, neuron], layer.trace_decay, age)
    for head in range(layer.heads):
        largest, total = -np.inf, 0.0
        for place in range(degree):
            source, score = edges.source[begin + place], 0.0
            age = tick - state.trace_tick[source]
            for neuron in range(head * features, (head + 1) * features):
                trace = state.message_trace[source, neuron]
                seen = _decayed(trace, layer.trace_decay, age) + query[neuron]
                score += layer.attention[neuron] * (seen if seen > 0.0 else SLOPE * seen)
            share[place, head] = score
            largest = max(largest, score)
        for place in range(degree):
            step = np.rint((largest - share[place, head]) * STEPS_PER_UNIT)
            share[place, head] = layer.exponential[int(min(step, layer.exponential.size - 1.0))]
            total += share[place, head]
        for place in range(degree):
            part = share[place, head] / total * edges.weight[begin + place]
            share[place, head] = np.rint(part * COEFFICIENT_GRID) / COEFFICIENT_GRID
    state.done[ATTENTION] += degree * layer.attention.size


@numba.njit
def _receive(
    edges: Any, layer: Any, state: Any, node: Any, arrives: Any, share: Any, current: Any
) -> None:
    """Sum up what arrives at a node in this tick."""
    _attend(edges, layer, state, node, current, share)
    ring, tick, features = state.queued.size, state.tick[0], current.size // layer.heads
    current[:] = 0.0
    for edge in range(edges.incoming[node], edges.incoming[node + 1]):
        if arrives[edge]:
            arrives[edge] = False
            told = state.told[(tick - edges.delay[edge]) % ring, edges.source[edge]]
            for head in range(layer.heads):
                part = share[edge - edges.incoming[node], head]
                for neuron in range(head * features, (head + 1) * features):
                    current[neuron] += part * told[neuron]
            state.done[MESSAGES] += 1


@numba.njit
def _fires(layer: Any, state: Any, node: Any, neuron: Any, current: Any) -> Any:
    """Bring a membrane up to date; tell whether its neuron fires."""
    tick = state.tick[0]
    if tick < state.deaf_until[node, neuron]:
        return False
    age = min(tick - state.membrane_tick[node, neuron], layer.decay.size - 1)
    membrane = state.membrane[node, neuron] * layer.decay[age] + current
    membrane = np.rint(membrane * GRID) / GRID
    fired = membrane >= layer.threshold
    if fired:
        membrane = membrane - layer.threshold if layer.subtract else 0.0
        state.deaf_until[node, neuron] = tick + 1 + layer.refractory
    state.membrane[node, neuron] = membrane
    state.membrane_tick[node, neuron] = tick
    state.done[UPDATES] += 1
    return fired


@numba.njit(cache=True, nogil=True)
def run_layer(
    edges: Edges,
    layer: Weights,
    state: State,
    address: npt.NDArray[np.uint32],
    first: Integers,
    value: Numbers,
) -> tuple[npt.NDArray[np.uint32], Integers]:
    """Run a layer for ticks; return the addresses of its spikes and where each tick begins.

    address: uint32, of what it hears, in (nodes, inputs). first: int64[ticks + 1]. value:
    float64, the amount of each. Of a tick, the spikes are in the order of their addresses.
    """
    ring, nodes, width = state.told.shape
    inputs, degree = layer.message.shape[0], 0
    for node in range(nodes):
        degree = max(degree, edges.incoming[node + 1] - edges.incoming[node])
    share, current = np.empty((degree, layer.heads)), np.empty(width)
    arrives = np.zeros(edges.source.size, np.bool_)
    reached, is_reached = np.empty(nodes, np.int64), np.zeros(nodes, np.bool_)
    tellers, fired, total = np.empty(nodes, np.int64), np.empty(_ROOM, np.uint32), 0
    begins = np.zeros(first.size, np.int64)
    for step in range(first.size - 1):
        tick, telling, reaching = state.tick[0], 0, 0
        for place in range(first[step], first[step + 1]):
            node, feature = divmod(np.int64(address[place]), inputs)
            if state.trace_tick[node] != tick:
                tellers[telling] = node
                telling += 1
            out_degree = edges.outgoing[node + 1] - edges.outgoing[node]
            _hear(layer, state, out_degree, node, feature, value[place])
        for place in range(telling):
            _tell(edges, state, tellers[place])
        slot = tick % ring
        for place in range(state.queued[slot]):
            edge = state.waiting[slot, place]
            arrives[edge] = True
            target = np.searchsorted(edges.incoming, edge, side="right") - 1
            if not is_reached[target]:
                is_reached[target] = True
                reached[reaching] = target
                reaching += 1
        state.queued[slot] = 0
        for node in np.sort(reached[:reaching]):
            is_reached[node] = False
            _receive(edges, layer, state, node, arrives, share, current)
            if total + width > fired.size:
                grown = np.empty(2 * fired.size + width, np.uint32)
                grown[:total] = fired[:total]
                fired = grown
            for neuron in range(width):
                if _fires(layer, state, node, neuron, current[neuron]):
                    fired[total] = node * width + neuron
                    total += 1
        state.tick[0] = tick + 1
        begins[step + 1] = total
    return fired[:total], begins
