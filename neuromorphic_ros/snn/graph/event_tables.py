"""The tables of an event graph, as compiled code reads and writes them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.snn.graph.event_graph_spec import EventGraphSpec
from neuromorphic_ros.snn.graph.event_kernel import LANES, NODE_FIELDS, Layers, Search


def make_search(spec: EventGraphSpec, capacity: int) -> Search:
    """Return the tables of an empty graph."""
    near = spec.neighbourhood
    _, height, width = spec.shape
    rows, columns = (2 + -(-size // near.radius_px) for size in (height, width))
    places = _places(capacity)
    return Search(
        height=height,
        width=width,
        radius_px=near.radius_px,
        radius_ns=near.radius_ns,
        age_ns=-(-near.radius_ns // near.ages),
        newest=near.newest,
        rows=rows,
        columns=columns,
        capacity=capacity,
        places=places,
        newest_node=np.full(rows * columns, -1, np.int64),
        node=np.zeros((places, NODE_FIELDS), np.int64),
        progress=np.zeros(4, np.int64),
    )


def make_layers(spec: EventGraphSpec, capacity: int) -> Layers:
    """Return the weights as compiled code reads them, and no spikes."""
    inputs, width = max(spec.widths[:-1]), -(-max(spec.widths[1:]) // LANES) * LANES
    depth, bins, places = len(spec.layers), spec.neighbourhood.bins, _places(capacity)
    weight = np.zeros((depth, bins + 1, inputs, width), np.float32)
    bias = np.zeros((depth, width), np.float32)
    for index, layer in enumerate(spec.layers):
        before, after = layer.own.shape
        weight[index, :bins, :before, :after] = layer.neighbour.values
        weight[index, bins, :before, :after] = layer.own.values
        bias[index, :after] = layer.bias.values
    return Layers(
        depth=depth,
        inputs=inputs,
        width=width,
        relations=bins + 1,
        cell_rows=spec.cells[0],
        cell_columns=spec.cells[1],
        places=places,
        weight=weight,
        bias=bias,
        synapses=np.count_nonzero(weight, axis=-1).astype(np.int64),
        features=np.array(spec.widths[1:], np.int64),
        mask=np.zeros((places, depth + 1), np.uint32),
        cell=np.zeros(places, np.int32),
        pooled=np.zeros((width, spec.cells[0] * spec.cells[1]), np.int64),
        spikes=np.zeros(depth + 1, np.int64),
        events=np.zeros(depth, np.int64),
    )


def by_address(tables: Search | Layers) -> npt.NDArray[np.int64]:
    """Return sizes as they are and arrays as their addresses, which hold while `tables` does."""
    return np.array(
        [part.ctypes.data if isinstance(part, np.ndarray) else part for part in tables], np.int64
    )


def _places(capacity: int) -> int:
    return 1 << (capacity - 1).bit_length()


def table_bytes(spec: EventGraphSpec) -> int:
    """Return the memory of a graph, which does not grow."""
    tables = (*make_search(spec, spec.max_events), *make_layers(spec, spec.max_events))
    return sum(part.nbytes for part in tables if isinstance(part, np.ndarray))
