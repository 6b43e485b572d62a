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
    target, delay: int64[edges]. weight: float64[edges]. outgoing: int64[nodes + 1] in by_source:
    int64[edges], the edges in the order of their sources.
    """

    incoming: Integers
    source: Integers
    target: Integers
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
def _left(table: Any, age: Any) -> Any:
    """Return the share of a value that is left."""
    return table[min(age, table.size - 1)]


@numba.njit
def _rounded(value: Any) -> Any:
    return np.rint(value * GRID) / GRID


@numba.njit
def _hear(
    edges: Any, layer: Any, state: Any, address: Any, value: Any, begin: Any, end: Any, tells: Any
) -> Any:
    """Add the spikes of a tick to messages and traces; list the nodes, return how many."""
    tick, telling, inputs = state.tick[0], 0, layer.message.shape[0]
    message, query, decay = layer.message, layer.query, layer.trace_decay
    told = state.told[tick % state.told.shape[0]]
    message_trace, query_trace = state.message_trace, state.query_trace
    trace_tick, outgoing, done = state.trace_tick, edges.outgoing, state.done
    message_synapses, query_synapses = layer.message_synapses, layer.query_synapses
    for place in range(begin, end):
        node, feature = divmod(np.int64(address[place]), inputs)
        if trace_tick[node] != tick:
            left = _left(decay, tick - trace_tick[node])
            for neuron in range(told.shape[1]):
                told[node, neuron] = 0.0
                message_trace[node, neuron] = _rounded(message_trace[node, neuron] * left)
                query_trace[node, neuron] = _rounded(query_trace[node, neuron] * left)
            trace_tick[node] = tick
            tells[telling] = node
            telling += 1
        for neuron in range(told.shape[1]):
            told[node, neuron] += value[place] * message[feature, neuron]
            query_trace[node, neuron] += value[place] * query[feature, neuron]
        degree = outgoing[node + 1] - outgoing[node]
        done[EVENTS] += message_synapses[feature] * degree
        done[ATTENTION] += message_synapses[feature] + query_synapses[feature]
    return telling


@numba.njit
def _tell(edges: Any, state: Any, nodes: Any) -> None:
    """Send the messages of nodes along their edges."""
    ring, tick = state.queued.size, state.tick[0]
    told, message_trace, query_trace = (
        state.told[tick % ring],
        state.message_trace,
        state.query_trace,
    )
    outgoing, by_source, delay = edges.outgoing, edges.by_source, edges.delay
    waiting, queued = state.waiting, state.queued
    for node in nodes:
        for neuron in range(told.shape[1]):
            told[node, neuron] = _rounded(told[node, neuron])
            message_trace[node, neuron] += told[node, neuron]
            query_trace[node, neuron] = _rounded(query_trace[node, neuron])
        for place in range(outgoing[node], outgoing[node + 1]):
            edge = by_source[place]
            slot = (tick + delay[edge]) % ring
            waiting[slot, queued[slot]] = edge
            queued[slot] += 1


@numba.njit
def _arrive(edges: Any, state: Any, arrives: Any, reached: Any, is_reached: Any) -> Any:
    """Mark the edges along which something arrives; list the nodes, return how many."""
    slot, reaching, target = state.tick[0] % state.queued.size, 0, edges.target
    for edge in state.waiting[slot, : state.queued[slot]]:
        arrives[edge] = True
        node = target[edge]
        if not is_reached[node]:
            is_reached[node] = True
            reached[reaching] = node
            reaching += 1
    state.queued[slot] = 0
    return reaching


# The terms are exact, so that their order does not matter, and vectors of them may be summed.
@numba.njit(fastmath={"reassoc"})
def _score(
    trace: Any, source: Any, left: Any, query: Any, attention: Any, begin: Any, end: Any
) -> Any:
    """Return the score of an edge in the head of some neurons; query: as it is now."""
    score = 0.0
    for neuron in range(begin, end):
        seen = _rounded(trace[source, neuron] * left) + query[neuron]
        score += attention[neuron] * (seen if seen > 0.0 else SLOPE * seen)
    return score


@numba.njit
def _share_out(share: Any, degree: Any, weight: Any, begin: Any, exponential: Any) -> None:
    """Turn share[degree, heads] from scores into coefficients of the edges from `begin` on."""
    for head in range(share.shape[1]):
        largest, total = share[0, head], 0.0
        for place in range(1, degree):
            largest = max(largest, share[place, head])
        for place in range(degree):
            step = np.rint((largest - share[place, head]) * STEPS_PER_UNIT)
            share[place, head] = exponential[int(min(step, exponential.size - 1.0))]
            total += share[place, head]
        for place in range(degree):
            part = share[place, head] / total * weight[begin + place]
            share[place, head] = np.rint(part * COEFFICIENT_GRID) / COEFFICIENT_GRID


@numba.njit
def _receive(
    edges: Any, layer: Any, state: Any, nodes: Any, arrives: Any, share: Any, current: Any
) -> None:
    """Sum up what arrives at nodes in this tick: current[i] of nodes[i]."""
    tick, ring, heads, width = state.tick[0], state.queued.size, layer.heads, current.shape[1]
    features, query, messages, looked = width // heads, np.empty(width), 0, 0
    incoming, source, delay, weight = edges.incoming, edges.source, edges.delay, edges.weight
    message_trace, query_trace, trace_tick = (
        state.message_trace,
        state.query_trace,
        state.trace_tick,
    )
    attention, decay, exponential = layer.attention, layer.trace_decay, layer.exponential
    told = state.told
    for index in range(nodes.size):
        node = nodes[index]
        begin, end = incoming[node], incoming[node + 1]
        left = _left(decay, tick - trace_tick[node])
        for neuron in range(width):
            query[neuron] = _rounded(query_trace[node, neuron] * left)
            current[index, neuron] = 0.0
        for edge in range(begin, end):
            left = _left(decay, tick - trace_tick[source[edge]])
            for head in range(heads):
                own = head * features
                share[edge - begin, head] = _score(
                    message_trace, source[edge], left, query, attention, own, own + features
                )
        _share_out(share, end - begin, weight, begin, exponential)
        looked += end - begin
        for edge in range(begin, end):
            if arrives[edge]:
                arrives[edge] = False
                messages += 1
                slot = (tick - delay[edge]) % ring
                for neuron in range(width):
                    part = share[edge - begin, neuron // features]
                    current[index, neuron] += part * told[slot, source[edge], neuron]
    state.done[MESSAGES] += messages
    state.done[ATTENTION] += looked * width


@numba.njit
def _update(layer: Any, state: Any, nodes: Any, current: Any, fired: Any, total: Any) -> Any:
    """Bring the membranes of nodes up to date; append who fires to `fired`, return its size."""
    tick, width, updates = state.tick[0], current.shape[1], 0
    membranes, membrane_tick, deaf_until = state.membrane, state.membrane_tick, state.deaf_until
    decay, threshold = layer.decay, layer.threshold
    for index in range(nodes.size):
        node = nodes[index]
        for neuron in range(width):
            if tick < deaf_until[node, neuron]:
                continue
            left = _left(decay, tick - membrane_tick[node, neuron])
            membrane = _rounded(membranes[node, neuron] * left + current[index, neuron])
            if membrane >= threshold:
                membrane = membrane - threshold if layer.subtract else 0.0
                deaf_until[node, neuron] = tick + 1 + layer.refractory
                fired[total] = node * width + neuron
                total += 1
            membranes[node, neuron], membrane_tick[node, neuron] = membrane, tick
            updates += 1
    state.done[UPDATES] += updates
    return total


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
    _, nodes, width = state.told.shape
    degree = np.diff(edges.incoming).max()
    share, current = np.empty((degree, layer.heads)), np.empty((nodes, width))
    arrives, is_reached = np.zeros(edges.source.size, np.bool_), np.zeros(nodes, np.bool_)
    tells, reached = np.empty(nodes, np.int64), np.empty(nodes, np.int64)
    fired, total, begins = np.empty(_ROOM, np.uint32), 0, np.zeros(first.size, np.int64)
    for step in range(first.size - 1):
        telling = _hear(edges, layer, state, address, value, first[step], first[step + 1], tells)
        _tell(edges, state, tells[:telling])
        reaching = _arrive(edges, state, arrives, reached, is_reached)
        awake = np.sort(reached[:reaching])
        is_reached[awake] = False
        if total + reaching * width > fired.size:
            grown = np.empty(2 * fired.size + reaching * width, np.uint32)
            grown[:total] = fired[:total]
            fired = grown
        _receive(edges, layer, state, awake, arrives, share, current)
        total = _update(layer, state, awake, current, fired, total)
        state.tick[0] += 1
        begins[step + 1] = total
    return fired[:total], begins
