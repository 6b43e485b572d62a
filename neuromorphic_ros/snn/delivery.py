"""Spikes to currents: the synapses of the sources that spiked, and no others."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import float32, int8, int32, int64, uint16

from neuromorphic_ros.snn.compiled import array_at, as_float32, prefetch
from neuromorphic_ros.snn.tables import CONNECTION, FLOAT16, FLOAT32

# Lines of 64 bytes of a row that are fetched ahead; then the processor sees where reading goes.
FETCHED_LINES = 16


@numba.njit
def _fetch(place: Any, size: Any) -> None:
    """Fetch the begin of a row that is added next: rows lie far apart."""
    for line in range(min(FETCHED_LINES, (size + 63) >> 6)):
        prefetch(place + (line << 6))


@numba.njit
def _add_row(current: Any, weight: Any, row: int, factor: Any) -> None:
    # Unsigned, as an index that might count from the end keeps the compiler from using vectors.
    for place in range(np.uintp(weight.shape[1])):
        current[place] += factor * as_float32(weight[np.uintp(row), place])


@numba.njit
def _add_rows(current: Any, weight: Any, rows: Any, factor: Any) -> None:
    """Add four rows, one after the other, while a current is at hand."""
    first, second, third, fourth = rows
    for place in range(np.uintp(weight.shape[1])):
        total = current[place]
        total += factor * as_float32(weight[first, place])
        total += factor * as_float32(weight[second, place])
        total += factor * as_float32(weight[third, place])
        total += factor * as_float32(weight[fourth, place])
        current[place] = total


@numba.njit
def _deliver_dense(
    current: Any, weight: Any, low: int, address: Any, amount: Any, begin: int, end: int, link: Any
) -> None:
    rows, columns = weight.shape
    row_bytes = columns * weight.itemsize
    position = begin
    while position < end:
        count = 4 if position + 4 <= end and amount.size == 0 else 1
        if link.far:
            for following in range(position + count, min(end, position + 2 * count)):
                _fetch(link.weight + (int64(address[following]) - low) * row_bytes, row_bytes)
        row = int64(address[position]) - low
        if count == 4:
            second = int64(address[position + 1]) - low
            third = int64(address[position + 2]) - low
            fourth = int64(address[position + 3]) - low
            lowest = min(min(row, second), min(third, fourth))
            if lowest >= 0 and max(max(row, second), max(third, fourth)) < rows:
                four = np.uintp(row), np.uintp(second), np.uintp(third), np.uintp(fourth)
                _add_rows(current, weight, four, link.scale)
                position += 4
                continue
        if 0 <= row < rows:
            factor = link.scale * amount[position] if amount.size else link.scale
            _add_row(current, weight, row, factor)
        position += 1


@numba.njit
def _deliver_sparse(
    current: Any,
    weight: Any,
    target: Any,
    low: int,
    address: Any,
    amount: Any,
    begin: int,
    end: int,
    link: Any,
) -> None:
    first = array_at(link.row, link.rows + 1, int64)
    for position in range(begin, end):
        row = int64(address[position]) - low
        if link.far and position + 1 < end:
            following = int64(address[position + 1]) - low
            if 0 <= following < link.rows:
                synapse, synapses = first[following], first[following + 1] - first[following]
                _fetch(link.column + target.itemsize * synapse, target.itemsize * synapses)
                _fetch(link.weight + weight.itemsize * synapse, weight.itemsize * synapses)
        if 0 <= row < link.rows:
            factor = link.scale * amount[position] if amount.size else link.scale
            for synapse in range(np.uintp(first[row]), np.uintp(first[row + 1])):
                current[np.uintp(target[synapse])] += factor * as_float32(weight[synapse])


@numba.njit
def _deliver(
    current: Any, dtype: Any, low: int, address: Any, amount: Any, begin: int, end: int, link: Any
) -> None:
    if link.sparse:
        synapses = array_at(link.row, link.rows + 1, int64)[link.rows]
        weight = array_at(link.weight, synapses, dtype)
        if link.narrow:
            near = array_at(link.column, synapses, uint16)
            _deliver_sparse(current, weight, near, low, address, amount, begin, end, link)
        else:
            wide = array_at(link.column, synapses, int32)
            _deliver_sparse(current, weight, wide, low, address, amount, begin, end, link)
    else:
        matrix = array_at(link.weight, (link.rows, link.columns), dtype)
        _deliver_dense(current, matrix, low, address, amount, begin, end, link)


@numba.njit
def deliver(
    network: Any, node: Any, address: Any, amount: Any, offset: int, begin: int, end: int
) -> None:
    """Add the synapses of the sources address[begin:end] of one NODE to the currents they reach.

    The first source of the node has address `offset`. amount: float32 of each address, or empty for
    ones. Projections are added one after the other, in each the sources in the order given.
    """
    links = array_at(network.connection, node.last_connection, CONNECTION)
    for index in range(node.first_connection, node.last_connection):
        link = links[index]
        target = link.target
        if link.depth > 1:
            target += (network.tick + link.delay) % link.depth * link.width
        current = array_at(network.current + 4 * target, link.columns, float32)
        low = offset + link.pre_start
        if link.storage == FLOAT32:
            _deliver(current, float32, low, address, amount, begin, end, link)
        elif link.storage == FLOAT16:
            _deliver(current, uint16, low, address, amount, begin, end, link)
        else:
            _deliver(current, int8, low, address, amount, begin, end, link)
