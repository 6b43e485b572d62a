"""The compiled event graph: an event in, its neighbours found, its neurons computed, spikes out."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from neuromorphic_ros.snn.compiled import trailing_zeros

MAX_FEATURES = 32
"""The spikes of a node are bits of a uint32."""
SIDES = 3
"""Left, ahead and right; above, level and below: what is told apart of where a neighbour lies."""
HASH_CELLS = 9
"""In and around the one of an event."""
TAIL, NEXT, EDGES, CROWDED_OUT = range(4)


class Search(NamedTuple):
    """What it takes to find the neighbours of an event.

    height, width: of the image [px]. radius_px, radius_ns, age_ns, newest: of `Neighbourhood`,
    age_ns: one of its steps. rows, columns: of hash cells, with one more on each side.
    newest_node: int64[rows * columns], the last node of each hash cell, -1: none. node k is at
    k mod capacity in: older: int64, the node before it in its hash cell. x, y: int32. time_ns:
    int64. progress: int64[4], first node in the window, next node, edges so far, nodes that left
    early because there were too many.
    """

    height: int
    width: int
    radius_px: int
    radius_ns: int
    age_ns: int
    newest: int
    rows: int
    columns: int
    newest_node: npt.NDArray[np.int64]
    older: npt.NDArray[np.int64]
    x: npt.NDArray[np.int32]
    y: npt.NDArray[np.int32]
    time_ns: npt.NDArray[np.int64]
    progress: npt.NDArray[np.int64]


class Layers(NamedTuple):
    """The weights, padded to equal sizes, and what the nodes did.

    weight: float32[layers, bins + 1, inputs, features], the last bin is the event itself. bias:
    float32[layers, features]. synapses: int64[layers, bins + 1, inputs], weights that are not zero.
    features: int64[layers]. mask: uint32[layers + 1, capacity], a bit for each spike of a node; in
    the first row the channel of the event. cell: int32[capacity], in which a node is pooled.
    pooled: int64[features, cells], spikes of the last layer in the window. spikes: int64[layers +
    1], of events and of layers, and events: int64[layers], synaptic events, so far.
    """

    weight: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    synapses: npt.NDArray[np.int64]
    features: npt.NDArray[np.int64]
    mask: npt.NDArray[np.uint32]
    cell: npt.NDArray[np.int32]
    pooled: npt.NDArray[np.int64]
    spikes: npt.NDArray[np.int64]
    events: npt.NDArray[np.int64]


@numba.njit
def _third(offset: Any, radius: Any) -> Any:
    """Return 0, 1 or 2 for an offset in the first, middle or last third of -radius..radius."""
    return int(3 * offset >= -radius) + int(3 * offset > radius)


@numba.njit
def _find(search: Any, x: Any, y: Any, time_ns: Any, node: Any, relation: Any) -> Any:
    """Fill in the nodes and relations of the neighbours of an event; return how many there are."""
    capacity, found = search.older.size, 0
    home = (y // search.radius_px + 1) * search.columns + x // search.radius_px + 1
    for down in range(-1, 2):
        for right in range(-1, 2):
            other = search.newest_node[home + down * search.columns + right]
            for _ in range(search.newest):
                if other < search.progress[TAIL]:
                    break
                place = other % capacity
                age_ns = time_ns - search.time_ns[place]
                if age_ns >= search.radius_ns:
                    break
                across, along = search.x[place] - x, search.y[place] - y
                if abs(across) <= search.radius_px and abs(along) <= search.radius_px:
                    step = age_ns // search.age_ns
                    node[found] = place
                    relation[found] = (
                        step * SIDES + _third(along, search.radius_px)
                    ) * SIDES + _third(across, search.radius_px)
                    found += 1
                other = search.older[place]
    return found


@numba.njit
def _insert(search: Any, x: Any, y: Any, time_ns: Any) -> Any:
    """Add a node to the hash; return its place."""
    number = search.progress[NEXT]
    place = number % search.older.size
    home = (y // search.radius_px + 1) * search.columns + x // search.radius_px + 1
    search.older[place] = search.newest_node[home]
    search.newest_node[home] = number
    search.x[place], search.y[place], search.time_ns[place] = x, y, time_ns
    search.progress[NEXT] = number + 1
    return place


@numba.njit
def _leave(search: Any, layers: Any) -> None:
    """Let the oldest node go."""
    place = search.progress[TAIL] % search.older.size
    bits = layers.mask[layers.features.size, place]
    while bits:
        feature = trailing_zeros(np.uint64(bits))
        bits &= bits - np.uint32(1)
        layers.pooled[feature, layers.cell[place]] -= 1
    search.progress[TAIL] += 1


@numba.njit
def _add(layers: Any, layer: Any, relation: Any, bits: Any, membrane: Any) -> Any:
    """Add the weights of the spikes of one node to the membranes; return the synaptic events."""
    weight, synapses, done = layers.weight[layer, relation], layers.synapses[layer, relation], 0
    while bits:
        source = trailing_zeros(np.uint64(bits))
        bits &= bits - np.uint32(1)
        done += synapses[source]
        row = weight[source]
        for feature in range(membrane.size):
            membrane[feature] += row[feature]
    return done


@numba.njit
def _expire(search: Any, layers: Any, before_ns: Any) -> None:
    capacity = search.older.size
    while (
        search.progress[TAIL] < search.progress[NEXT]
        and search.time_ns[search.progress[TAIL] % capacity] < before_ns
    ):
        _leave(search, layers)


@numba.njit(cache=True, nogil=True)
def expire(search: Search, layers: Layers, before_ns: int) -> None:
    """Let the nodes of events before a time go."""
    _expire(search, layers, before_ns)


@numba.njit(cache=True, nogil=True)
def push(
    search: Search,
    layers: Layers,
    address: npt.NDArray[np.uint32],
    time_ns: npt.NDArray[np.int64],
    window_ns: int,
    cell_rows: int,
    cell_columns: int,
    fired: npt.NDArray[np.uint32],
    fired_by: npt.NDArray[np.int64],
) -> int:
    """Add events in the order of time; return the number of spikes of the last layer.

    fired: uint32, their addresses in (features, rows, columns); fired_by: int64, the event of each;
    both of a size of events times features.
    """
    pixels, capacity = search.height * search.width, search.older.size
    node = np.empty(HASH_CELLS * search.newest, np.int64)
    relation = np.empty(node.size, np.int64)
    membrane = np.empty(layers.bias.shape[1], np.float32)
    own, count, total = layers.weight.shape[1] - 1, layers.features.size, 0
    cells = cell_rows * cell_columns
    for index in range(address.size):
        now_ns = time_ns[index]
        _expire(search, layers, now_ns - window_ns)
        if search.progress[NEXT] - search.progress[TAIL] == capacity:
            _leave(search, layers)
            search.progress[CROWDED_OUT] += 1
        channel, pixel = divmod(np.int64(address[index]), pixels)
        y, x = divmod(pixel, search.width)
        found = _find(search, x, y, now_ns, node, relation)
        search.progress[EDGES] += found
        place = _insert(search, x, y, now_ns)
        cell = y * cell_rows // search.height * cell_columns + x * cell_columns // search.width
        layers.cell[place] = cell
        layers.mask[0, place] = np.uint32(1) << np.uint32(channel)
        layers.spikes[0] += 1
        for layer in range(count):
            membrane[:] = layers.bias[layer]
            done = _add(layers, layer, own, layers.mask[layer, place], membrane)
            for edge in range(found):
                bits = layers.mask[layer, node[edge]]
                done += _add(layers, layer, relation[edge], bits, membrane)
            layers.events[layer] += done
            bits = np.uint32(0)
            for feature in range(layers.features[layer]):
                bits |= np.uint32(membrane[feature] >= np.float32(1.0)) << np.uint32(feature)
            layers.mask[layer + 1, place] = bits
            while bits:
                feature = np.int64(trailing_zeros(np.uint64(bits)))
                bits &= bits - np.uint32(1)
                layers.spikes[layer + 1] += 1
                if layer == count - 1:
                    layers.pooled[feature, cell] += 1
                    fired[total] = feature * cells + cell
                    fired_by[total] = index
                    total += 1
    return total


@numba.njit(cache=True, nogil=True)
def find_edges(
    search: Search,
    address: npt.NDArray[np.uint32],
    time_ns: npt.NDArray[np.int64],
    source: npt.NDArray[np.int64],
    target: npt.NDArray[np.int64],
    kind: npt.NDArray[np.int64],
) -> int:
    """List the edges of events in the order of time, as `push` finds them; return their number.

    The tables are of an empty graph with room for all events. source, target, kind: int64, of a
    size of events times 9 times newest.
    """
    pixels, total = search.height * search.width, 0
    node = np.empty(HASH_CELLS * search.newest, np.int64)
    relation = np.empty(node.size, np.int64)
    for index in range(address.size):
        y, x = divmod(np.int64(address[index]) % pixels, search.width)
        found = _find(search, x, y, time_ns[index], node, relation)
        _insert(search, x, y, time_ns[index])
        for edge in range(found):
            source[total], target[total], kind[total] = node[edge], index, relation[edge]
            total += 1
    return total
