"""The compiled tick: spikes in, synapses of what spiked, one update of every neuron, spikes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba import float32, float64, int8, int32, int64, uint8, uint16, uint32, uint64

from neuromorphic_ros.snn.compiled import (
    array_at,
    as_float32,
    column,
    revision,
    prefetch,
    set_column,
    trailing_zeros,
    updater,
)
from neuromorphic_ros.snn.elementwise import ZERO
from neuromorphic_ros.snn.neurons import adaptive, adex, cuba, dendritic, leaky
from neuromorphic_ros.snn.neurons.firing import FiringRules

# Kinds of update; adex alone has 64-bit constants and state.
LEAKY, READOUT, CUBA, CUBA_READOUT, ADAPTIVE, ADEX, DENDRITIC = range(7)
KINDS = {
    "if": LEAKY,
    "lif": LEAKY,
    "li": READOUT,
    "integrator": READOUT,
    "cuba_lif": CUBA,
    "cuba_li": CUBA_READOUT,
    "alif": ADAPTIVE,
    "adex": ADEX,
    "dendritic_lif": DENDRITIC,
}

# Storage of weights.
FLOAT32, FLOAT16, INT8 = range(3)
WEIGHT_BYTES = (4, 2, 1)
STORAGE = {"float32": FLOAT32, "float16": FLOAT16, "int8": INT8}

# Synapses beyond this size are not in the processor's own caches when they are needed [bytes].
FAR = 2**18
# Lines of 64 bytes of a row that are fetched ahead; then the processor sees where reading goes.
FETCHED_LINES = 16

# Everything that a tick touches, by address. nodes: inputs first, then populations in execution
# order. first: int64[ticks + 1], the range of input addresses of each tick; value: amounts of the
# inputs, 0 for ones. tick: of the next one. fired, fired_amount: where the addresses and amounts of `room` spikes go; fired_first: the
# range of each tick in them.
NETWORK = np.dtype(
    [
        ("channels", np.int64),
        ("inputs", np.int64),
        ("nodes", np.int64),
        ("neurons", np.int64),
        ("node", np.int64),
        ("connection", np.int64),
        ("current", np.int64),
        ("amount", np.int64),
        ("flag", np.int64),
        ("count", np.int64),
        ("ticks", np.int64),
        ("first", np.int64),
        ("value", np.int64),
        ("tick", np.int64),
        ("room", np.int64),
        ("fired", np.int64),
        ("fired_amount", np.int64),
        ("fired_first", np.int64),
    ]
)
# An input or population. begin: its first source. connections: range of those it drives; far: one
# of them is larger than FAR.
# ring: its first current; slots of `width` currents, one for each of `depth` coming ticks.
NODE = np.dtype(
    [
        ("begin", np.int64),
        ("size", np.int64),
        ("first_connection", np.int64),
        ("last_connection", np.int64),
        ("far", np.int64),
        ("kind", np.int64),
        ("spikes", np.int64),
        ("ring", np.int64),
        ("width", np.int64),
        ("depth", np.int64),
        ("constant", np.int64),
        ("rule", np.int64),
        ("state", np.int64),
        ("drive", np.int64),
        ("dendrite", np.int64),
    ]
)
# A projection. target: of its first column, in the ring of its target.
CONNECTION = np.dtype(
    [
        ("pre_start", np.int64),
        ("rows", np.int64),
        ("columns", np.int64),
        ("delay", np.int64),
        ("target", np.int64),
        ("width", np.int64),
        ("depth", np.int64),
        ("storage", np.int64),
        ("scale", np.float32),
        ("sparse", np.int32),
        ("weight", np.int64),
        ("row", np.int64),
        ("column", np.int64),
    ]
)

_update_leaky = updater(leaky.step, leaky.LeakyConstants, FiringRules, leaky.LeakyState)
_update_readout = updater(
    leaky.step_readout, leaky.ReadoutConstants, leaky.NoRules, leaky.ReadoutState
)
_update_cuba = updater(cuba.step, cuba.CubaConstants, cuba.CubaRules, cuba.CubaState)
_update_cuba_readout = updater(
    cuba.step_readout, cuba.CubaReadoutConstants, cuba.CubaReadoutRules, cuba.CubaReadoutState
)
_update_adaptive = updater(
    adaptive.step, adaptive.AdaptiveConstants, FiringRules, adaptive.AdaptiveState
)
_update_adex = updater(adex.step, adex.AdExConstants, adex.AdExRules, adex.AdExState)
_branch = numba.njit(dendritic.branch)
_soma = numba.njit(dendritic.soma)


@numba.njit
def _update_dendritic(
    size: int,
    dendrites: int,
    constant: Any,
    rule: Any,
    states: Any,
    dendrite: Any,
    current: Any,
    amount: Any,
    fired: Any,
) -> None:
    rules = column(FiringRules, rule, 0)
    for neuron in range(size):
        constants = column(dendritic.DendriticConstants, constant, neuron)
        driven = current[neuron] * float32(0)
        for place in range(neuron, dendrites * size, size):
            more, dendrite[place] = _branch(constants, dendrite[place], current[size + place])
            driven += more
        state = column(dendritic.SomaState, states, neuron)
        spikes, after = _soma(None, constants, rules, state, current[neuron], driven)
        set_column(states, neuron, after)
        amount[neuron] = spikes
        fired[neuron] = spikes != ZERO


@numba.njit
def _update(node: Any, tick: int, currents: int, amount: Any, fired: Any) -> None:
    size, kind = node.size, node.kind
    # The slot of the ring that arrives now.
    ring = currents + 4 * (node.ring + tick % node.depth * node.width)
    current = array_at(ring, node.width, float32)
    drive = array_at(node.drive, node.width, float32)
    rule = array_at(node.rule, (8, 1), int64)
    if kind == LEAKY:
        constant = array_at(node.constant, (7, size), float32)
        state = array_at(node.state, (3, size), float32)
        _update_leaky(size, constant, rule, state, current, amount, fired)
    elif kind == READOUT:
        constant = array_at(node.constant, (3, size), float32)
        state = array_at(node.state, (1, size), float32)
        _update_readout(size, constant, rule, state, current, amount, fired)
    elif kind == CUBA:
        constant = array_at(node.constant, (9, size), float32)
        state = array_at(node.state, (4, size), float32)
        _update_cuba(size, constant, rule, state, current, amount, fired)
    elif kind == CUBA_READOUT:
        constant = array_at(node.constant, (5, size), float32)
        state = array_at(node.state, (2, size), float32)
        _update_cuba_readout(size, constant, rule, state, current, amount, fired)
    elif kind == ADAPTIVE:
        constant = array_at(node.constant, (12, size), float32)
        state = array_at(node.state, (5, size), float32)
        _update_adaptive(size, constant, rule, state, current, amount, fired)
    elif kind == ADEX:
        wide_constant = array_at(node.constant, (14, size), float64)
        wide_state = array_at(node.state, (4, size), float64)
        _update_adex(size, wide_constant, rule, wide_state, current, amount, fired)
    else:
        dendrites = node.width // size - 1
        constant = array_at(node.constant, (12, size), float32)
        state = array_at(node.state, (4, size), float32)
        dendrite = array_at(node.dendrite, dendrites * size, float32)
        _update_dendritic(size, dendrites, constant, rule, state, dendrite, current, amount, fired)
    for place in range(node.width):
        current[place] = drive[place]


@numba.njit(inline="always")
def _add_dense(current: Any, weight: Any, columns: int, factor: Any) -> None:
    # Unsigned, as an index that might count from the end keeps the compiler from using vectors.
    if factor == float32(1):
        for place in range(np.uintp(columns)):
            current[place] += as_float32(weight[place])
    else:
        for place in range(np.uintp(columns)):
            current[place] += factor * as_float32(weight[place])


@numba.njit(inline="always")
def _add_sparse(current: Any, weight: Any, column: Any, begin: int, end: int, factor: Any) -> None:
    for synapse in range(np.uintp(begin), np.uintp(end)):
        current[np.uintp(column[synapse])] += factor * as_float32(weight[synapse])


@numba.njit
def _deliver(network: Any, node: Any, local: int, value: Any, tick: int) -> None:
    """Add the synapses of one source to the currents they reach."""
    connections = array_at(network.connection, node.last_connection, CONNECTION)
    currents = network.current
    for index in range(node.first_connection, node.last_connection):
        connection = connections[index]
        row = local - connection.pre_start
        if row < 0 or row >= connection.rows:
            continue
        target = connection.target
        if connection.depth > 1:
            target += (tick + connection.delay) % connection.depth * connection.width
        columns = connection.columns
        factor = float32(value) * connection.scale
        current = array_at(currents + 4 * target, columns, float32)
        if connection.sparse:
            rows = array_at(connection.row, connection.rows + 1, int64)
            begin, end = rows[row], rows[row + 1]
            targets = array_at(connection.column, end, int32)
            if connection.storage == FLOAT32:
                weight = array_at(connection.weight, end, float32)
                _add_sparse(current, weight, targets, begin, end, factor)
            elif connection.storage == FLOAT16:
                half = array_at(connection.weight, end, uint16)
                _add_sparse(current, half, targets, begin, end, factor)
            else:
                byte = array_at(connection.weight, end, int8)
                _add_sparse(current, byte, targets, begin, end, factor)
        else:
            first = row * columns
            if connection.storage == FLOAT32:
                weight = array_at(connection.weight + 4 * first, columns, float32)
                _add_dense(current, weight, columns, factor)
            elif connection.storage == FLOAT16:
                half = array_at(connection.weight + 2 * first, columns, uint16)
                _add_dense(current, half, columns, factor)
            else:
                byte = array_at(connection.weight + first, columns, int8)
                _add_dense(current, byte, columns, factor)


@numba.njit
def _fetch(network: Any, node: Any, local: int) -> None:
    """Fetch the first synapses of a source that is delivered next: rows lie far apart."""
    connections = array_at(network.connection, node.last_connection, CONNECTION)
    for index in range(node.first_connection, node.last_connection):
        connection = connections[index]
        row = local - connection.pre_start
        if row < 0 or row >= connection.rows:
            continue
        size = WEIGHT_BYTES[connection.storage]
        first, count = row * connection.columns, connection.columns
        if connection.sparse:
            rows = array_at(connection.row, connection.rows + 1, int64)
            first, count = rows[row], rows[row + 1] - rows[row]
            for line in range(min(FETCHED_LINES, (4 * count + 63) >> 6)):
                prefetch(connection.column + 4 * first + (line << 6))
        for line in range(min(FETCHED_LINES, (size * count + 63) >> 6)):
            prefetch(connection.weight + size * first + (line << 6))


@numba.njit
def _tick(network: Any, address: Any, begin: int, end: int, total: int) -> int:
    """Run one tick with the input address[begin:end]; returns `total` plus the spikes fired."""
    tick = network.tick
    value = array_at(network.value, address.size, float32)
    fired = array_at(network.fired, network.room, uint32)
    fired_amount = array_at(network.fired_amount, network.room, float32)
    nodes = array_at(network.node, network.nodes, NODE)
    count = array_at(network.count, network.channels + network.neurons, int64)
    index = 0
    for position in range(begin, end):
        source = int64(address[position])
        count[source] += 1
        while source < nodes[index].begin:
            index -= 1
        while source >= nodes[index].begin + nodes[index].size:
            index += 1
        node = nodes[index]
        if node.far and position + 1 < end:
            _fetch(network, node, int64(address[position + 1]) - node.begin)
        amount = value[position] if network.value else float32(1)
        _deliver(network, node, source - node.begin, amount, tick)
    for index in range(network.inputs, network.nodes):
        node = nodes[index]
        amounts = array_at(network.amount, node.size, float32)
        flags = array_at(network.flag, (node.size + 7) >> 3, uint64)
        # What is left of a larger population must not count.
        flags[flags.size - 1] = 0
        _update(node, tick, network.current, amounts, array_at(network.flag, node.size, uint8))
        before = total
        for place in range(flags.size):
            # A byte for each of eight neurons, 1 if it fired.
            eight = flags[place]
            while eight:
                local = (place << 3) + int64(trailing_zeros(eight) >> uint64(3))
                eight &= eight - uint64(1)
                fired[total] = node.begin + local - network.channels
                fired_amount[total] = amounts[local]
                total += 1
        first_source = network.channels - node.begin
        for position in range(before, total):
            local = int64(fired[position]) + first_source
            count[node.begin + local] += int64(fired_amount[position]) if node.spikes else 1
            if node.far and position + 1 < total:
                _fetch(network, node, int64(fired[position + 1]) + first_source)
            _deliver(network, node, local, fired_amount[position], tick)
        if not node.spikes:
            total = before
    return total


@numba.njit
def _fits(address: Any, first: Any, channels: int) -> bool:
    # Compiled code reads and writes without bounds checks, so a wrong index would corrupt memory.
    ticks = first.size - 1
    if first[0] != 0 or first[ticks] != address.size:
        return False
    for tick in range(ticks):
        if first[tick + 1] < first[tick]:
            return False
    outside = 0
    for source in address:
        outside += source >= channels
    return outside == 0


def _entry(sources: int) -> Callable[[int, Any, int], int]:
    @numba.njit(cache=True, nogil=True)
    def run(table: int, address: Any, start: int) -> Any:
        """Run the ticks of a NETWORK from `start` on while there is room for their spikes.

        table: its address. address: uint32[n], the channels that spike in all ticks.
        Returns the first tick that was not run; -1, with nothing changed, for an unknown channel or
        if `first` of the network does not divide the addresses into ticks.
        """
        network = array_at(table, 1, NETWORK)[0]
        ticks = network.ticks
        first = array_at(network.first, ticks + 1, int64)
        if sources == 0 or not _fits(address, first, network.channels):
            return -1
        fired_first = array_at(network.fired_first, ticks + 1, int64)
        total = fired_first[start]
        for tick in range(start, ticks):
            if network.room - total < network.neurons:
                return tick
            total = _tick(network, address, first[tick], first[tick + 1], total)
            fired_first[tick + 1] = total
            network.tick += 1
        return ticks

    return run


run = _entry(revision())
