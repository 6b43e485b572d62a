"""The edges of the graph of events, listed: for training, and to compute the graph anew."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.snn.graph import event_kernel
from neuromorphic_ros.snn.graph.event_graph_spec import EventGraphSpec
from neuromorphic_ros.snn.graph.event_kernel import HASH_CELLS
from neuromorphic_ros.snn.graph.event_tables import by_address, make_search
from neuromorphic_ros.spikes import SpikeBatch

Integers = npt.NDArray[np.int64]


class EventEdges(NamedTuple):
    """The nodes and edges of a graph of events.

    channel, cell: int64[nodes], of each event, and the cell in which it is pooled. source, target,
    relation: int64[edges]; source < target.
    """

    channel: Integers
    cell: Integers
    source: Integers
    target: Integers
    relation: Integers


def event_edges(spec: EventGraphSpec, events: SpikeBatch) -> EventEdges:
    """Return the graph of events of a spec's shape; every event is a node, whatever the window."""
    channels, height, width = spec.shape
    rows, columns = spec.cells
    search = make_search(spec, max(1, len(events)))
    table = by_address(search)
    room = len(events) * HASH_CELLS * spec.neighbourhood.newest
    source, target, relation = (np.empty(room, np.int64) for _ in range(3))
    edges = event_kernel.find_edges(
        table.ctypes.data, channels, events.address, events.time_ns, source, target, relation
    )
    if edges < 0:
        raise SpikeError(
            f"events do not fit an event graph of {spec.shape}: an address is outside of it, or "
            "time_ns decreases"
        )
    channel, y, x = np.unravel_index(events.address.astype(np.int64), (channels, height, width))
    cell = y * rows // height * columns + x * columns // width
    return EventEdges(
        channel.astype(np.int64),
        cell.astype(np.int64),
        *(part[:edges].copy() for part in (source, target, relation)),
    )
