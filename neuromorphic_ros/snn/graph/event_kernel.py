"""The compiled event graph: an event in, its neighbours found, its neurons computed, spikes out."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
from numba import float32, int32, int64, uint32

from neuromorphic_ros.snn.compiled import array_at, revision, trailing_zeros

MAX_FEATURES = 32
"""The spikes of a node are bits of a uint32."""
SIDES = 3
"""Left, ahead and right; above, level and below: what is told apart of where a neighbour lies."""
HASH_CELLS = 9
"""In and around the one of an event."""
LANES = 8
"""Features that are computed at once."""
TAIL, NEXT, EDGES, CROWDED_OUT = range(4)
TIME_NS, OLDER, X, Y = range(4)
NODE_FIELDS = 4


class Search(NamedTuple):
    """What it takes to find the neighbours of an event.

    height, width: of the image [px]. radius_px, radius_ns, age_ns, newest: of `Neighbourhood`,
    age_ns: one of its steps. rows, columns: of hash cells, with one more on each side. capacity:
    most nodes in the window. places: a power of two, no less. newest_node: int64[rows * columns],
    the last node of each hash cell, -1: none. node: int64[places, 4], node k at k mod places: its
    time [ns], the node before it in its hash cell, x, y. progress: int64[4], first node in the
    window, next node, edges so far, nodes that left early because there were too many.
    """

    height: int
    width: int
    radius_px: int
    radius_ns: int
    age_ns: int
    newest: int
    rows: int
    columns: int
    capacity: int
    places: int
    newest_node: npt.NDArray[np.int64]
    node: npt.NDArray[np.int64]
    progress: npt.NDArray[np.int64]


class Layers(NamedTuple):
    """The weights, padded to equal sizes, and what the nodes did.

    depth, inputs, width: layers, and the most inputs and features of one, features in steps of
    `LANES`. relations: bins and one more, that of the event itself. cell_rows, cell_columns: over
    which spikes are pooled. places: of `Search`. weight: float32[depth, relations, inputs, width].
    bias: float32[depth, width]. synapses: int64[depth, relations, inputs], weights that are not
    zero. features: int64[depth]. mask: uint32[places, depth + 1], a bit for each spike of a node,
    the first is the channel of the event. cell: int32[places], in which a node is pooled. pooled:
    int64[width, cells], spikes of the last layer in the window. spikes: int64[depth + 1], of
    events and of layers, and events: int64[depth], synaptic events, so far.
    """

    depth: int
    inputs: int
    width: int
    relations: int
    cell_rows: int
    cell_columns: int
    places: int
    weight: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    synapses: npt.NDArray[np.int64]
    features: npt.NDArray[np.int64]
    mask: npt.NDArray[np.uint32]
    cell: npt.NDArray[np.int32]
    pooled: npt.NDArray[np.int64]
    spikes: npt.NDArray[np.int64]
    events: npt.NDArray[np.int64]


SEARCH = np.dtype([(name, np.int64) for name in Search._fields])
LAYERS = np.dtype([(name, np.int64) for name in Layers._fields])


@numba.njit
def _search(table: Any) -> Any:
    """Return the Search of which a SEARCH has the sizes and addresses."""
    of = array_at(table, 1, SEARCH)[0]
    return Search(
        of.height,
        of.width,
        of.radius_px,
        of.radius_ns,
        of.age_ns,
        of.newest,
        of.rows,
        of.columns,
        of.capacity,
        of.places,
        array_at(of.newest_node, of.rows * of.columns, int64),
        array_at(of.node, (of.places, NODE_FIELDS), int64),
        array_at(of.progress, 4, int64),
    )


@numba.njit
def _layers(table: Any) -> Any:
    """Return the Layers of which a LAYERS has the sizes and addresses."""
    of = array_at(table, 1, LAYERS)[0]
    return Layers(
        of.depth,
        of.inputs,
        of.width,
        of.relations,
        of.cell_rows,
        of.cell_columns,
        of.places,
        array_at(of.weight, (of.depth, of.relations, of.inputs, of.width), float32),
        array_at(of.bias, (of.depth, of.width), float32),
        array_at(of.synapses, (of.depth, of.relations, of.inputs), int64),
        array_at(of.features, of.depth, int64),
        array_at(of.mask, (of.places, of.depth + 1), uint32),
        array_at(of.cell, of.places, int32),
        array_at(of.pooled, (of.width, of.cell_rows * of.cell_columns), int64),
        array_at(of.spikes, of.depth + 1, int64),
        array_at(of.events, of.depth, int64),
    )


@numba.njit
def _third(offset: Any, radius: Any) -> Any:
    """Return 0, 1 or 2 for an offset in the first, middle or last third of -radius..radius."""
    return int(3 * offset >= -radius) + int(3 * offset > radius)


@numba.njit
def _home(search: Any, x: Any, y: Any) -> Any:
    """Return the hash cell of a pixel."""
    return (y // search.radius_px + 1) * search.columns + x // search.radius_px + 1


@numba.njit
def _find(search: Any, x: Any, y: Any, time_ns: Any, place: Any, relation: Any) -> Any:
    """Fill in the places and relations of the neighbours of an event; return how many there are."""
    home, first, found = _home(search, x, y), search.progress[TAIL], 0
    for down in range(-1, 2):
        for right in range(-1, 2):
            other = search.newest_node[home + down * search.columns + right]
            for _ in range(search.newest):
                if other < first:
                    break
                at = other & (search.places - 1)
                age_ns = time_ns - search.node[at, TIME_NS]
                if age_ns >= search.radius_ns:
                    break
                across, along = search.node[at, X] - x, search.node[at, Y] - y
                if abs(across) <= search.radius_px and abs(along) <= search.radius_px:
                    step = age_ns // search.age_ns
                    place[found] = at
                    relation[found] = (
                        step * SIDES + _third(along, search.radius_px)
                    ) * SIDES + _third(across, search.radius_px)
                    found += 1
                other = search.node[at, OLDER]
    return found


@numba.njit
def _insert(search: Any, x: Any, y: Any, time_ns: Any) -> Any:
    """Add a node to the hash; return its place."""
    number, home = search.progress[NEXT], _home(search, x, y)
    node = search.node[number & (search.places - 1)]
    node[TIME_NS], node[OLDER], node[X], node[Y] = time_ns, search.newest_node[home], x, y
    search.newest_node[home] = number
    search.progress[NEXT] = number + 1
    return number & (search.places - 1)


@numba.njit
def _leave(search: Any, layers: Any) -> None:
    """Let the oldest node go."""
    place = search.progress[TAIL] & (search.places - 1)
    bits = layers.mask[place, layers.depth]
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
    progress = search.progress
    while (
        progress[TAIL] < progress[NEXT]
        and search.node[progress[TAIL] & (search.places - 1), TIME_NS] < before_ns
    ):
        _leave(search, layers)


@numba.njit
def _fits(search: Any, channels: Any, address: Any, time_ns: Any) -> Any:
    # Compiled code reads and writes without bounds checks, so a wrong index would corrupt memory.
    wrong, size = np.int64(address.size != time_ns.size), channels * search.height * search.width
    if wrong == 0:
        for index in range(address.size):
            wrong += np.int64(address[index]) < 0 or np.int64(address[index]) >= size
            wrong += index > 0 and time_ns[index] < time_ns[index - 1]
    return wrong == 0


@numba.njit
def _push(
    search: Any,
    layers: Any,
    address: Any,
    time_ns: Any,
    window_ns: Any,
    fired: Any,
    fired_by: Any,
) -> Any:
    pixels = search.height * search.width
    node = np.empty(HASH_CELLS * search.newest, np.int64)
    relation = np.empty(node.size, np.int64)
    membrane = np.empty(layers.width, np.float32)
    total, cells = 0, layers.cell_rows * layers.cell_columns
    for index in range(address.size):
        now_ns = time_ns[index]
        _expire(search, layers, now_ns - window_ns)
        if search.progress[NEXT] - search.progress[TAIL] == search.capacity:
            _leave(search, layers)
            search.progress[CROWDED_OUT] += 1
        channel, pixel = divmod(np.int64(address[index]), pixels)
        y, x = divmod(pixel, search.width)
        found = _find(search, x, y, now_ns, node, relation)
        search.progress[EDGES] += found
        place = _insert(search, x, y, now_ns)
        row, column = y * layers.cell_rows // search.height, x * layers.cell_columns // search.width
        cell = row * layers.cell_columns + column
        layers.cell[place] = cell
        layers.mask[place, 0] = np.uint32(1) << np.uint32(channel)
        layers.spikes[0] += 1
        for layer in range(layers.depth):
            membrane[:] = layers.bias[layer]
            own = layers.mask[place, layer]
            done = _add(layers, layer, layers.relations - 1, own, membrane)
            for edge in range(found):
                bits = layers.mask[node[edge], layer]
                done += _add(layers, layer, relation[edge], bits, membrane)
            layers.events[layer] += done
            bits = np.uint32(0)
            for feature in range(layers.features[layer]):
                bits |= np.uint32(membrane[feature] >= np.float32(1.0)) << np.uint32(feature)
            layers.mask[place, layer + 1] = bits
            while bits:
                feature = np.int64(trailing_zeros(np.uint64(bits)))
                bits &= bits - np.uint32(1)
                layers.spikes[layer + 1] += 1
                if layer == layers.depth - 1:
                    layers.pooled[feature, cell] += 1
                    fired[total] = feature * cells + cell
                    fired_by[total] = index
                    total += 1
    return total


@numba.njit
def _find_edges(
    search: Any, address: Any, time_ns: Any, source: Any, target: Any, kind: Any
) -> Any:
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


def _entries(sources: int) -> tuple[Any, Any, Any]:
    """Return the entries to compiled code, kept on disk."""

    @numba.njit(cache=True, nogil=True)
    def expire(search: int, layers: int, before_ns: int) -> int:
        """Let the nodes of events before a time go.

        search, layers: addresses of a SEARCH and a LAYERS.
        """
        _expire(_search(search), _layers(layers), before_ns)
        return sources

    @numba.njit(cache=True, nogil=True)
    def push(
        search: int,
        layers: int,
        channels: int,
        address: npt.NDArray[np.uint32],
        time_ns: npt.NDArray[np.int64],
        window_ns: int,
        fired: npt.NDArray[np.uint32],
        fired_by: npt.NDArray[np.int64],
    ) -> Any:
        """Add events; return the number of spikes of the last layer.

        search, layers: addresses of a SEARCH and a LAYERS. fired: uint32, addresses of spikes in
        (features, rows, columns); fired_by: int64, the event of each; both of a size of events
        times features.
        Returns -1, with nothing changed, for an address outside of the image or a time that
        decreases.
        """
        tables = _search(search)
        if sources == 0 or not _fits(tables, channels, address, time_ns):
            return -1
        return _push(tables, _layers(layers), address, time_ns, window_ns, fired, fired_by)

    @numba.njit(cache=True, nogil=True)
    def find_edges(
        search: int,
        channels: int,
        address: npt.NDArray[np.uint32],
        time_ns: npt.NDArray[np.int64],
        source: npt.NDArray[np.int64],
        target: npt.NDArray[np.int64],
        kind: npt.NDArray[np.int64],
    ) -> Any:
        """List the edges of events as `push` finds them; return their number.

        search: address of the SEARCH of an empty graph with room for all events. source, target,
        kind: int64, of a size of events times 9 times newest.
        Returns -1 as `push` does.
        """
        tables = _search(search)
        if sources == 0 or not _fits(tables, channels, address, time_ns):
            return -1
        return _find_edges(tables, address, time_ns, source, target, kind)

    return expire, push, find_edges


expire, push, find_edges = _entries(revision())
