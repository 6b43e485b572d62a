"""Run an event graph for one robot: constant work per event, however long the window."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.snn.graph import event_kernel
from neuromorphic_ros.snn.graph.event_graph_spec import EventGraphSpec, random_spec
from neuromorphic_ros.snn.graph.event_kernel import CROWDED_OUT, EDGES, NEXT, TAIL
from neuromorphic_ros.snn.graph.event_tables import by_address, make_layers, make_search
from neuromorphic_ros.spikes import Addresses, SpikeBatch, TimesNs

START_NS = -(2**62)


class EventGraphCounts(NamedTuple):
    """Count what a graph did since construction.

    nodes: events. edges: from neighbours, each used by every layer. spikes: int64[layers + 1], of
    events and of each layer. synaptic_events: int64[layers], non-zero weights that the spikes of
    neighbours and of the event itself drove. crowded_out: nodes that left early, because there were
    more than max_events.
    """

    nodes: int
    edges: int
    spikes: npt.NDArray[np.int64]
    synaptic_events: npt.NDArray[np.int64]
    crowded_out: int


class EventGraph:
    """Keep the graph of the events in a window, with the spikes of its nodes.

    An event finds its neighbours in a hash of the image and computes its own neurons, of every
    layer; nothing else changes but what is pooled. Memory is that of max_events nodes.
    """

    def __init__(self, spec: EventGraphSpec) -> None:
        """Start with an empty graph."""
        self.spec = spec
        self._search = make_search(spec, spec.max_events)
        self._layers = make_layers(spec, spec.max_events)
        self._tables = by_address(self._search), by_address(self._layers)
        self._search_at, self._layers_at = (table.ctypes.data for table in self._tables)
        self._last_ns = START_NS

    def reset(self) -> None:
        """Forget all events; the counts go on."""
        self._search.newest_node[:] = -1
        self._search.progress[[TAIL, NEXT]] = 0
        self._layers.pooled[:] = 0
        self._last_ns = START_NS

    def push(self, events: SpikeBatch) -> SpikeBatch:
        """Add events and return the spikes of the last layer, pooled: in (features, rows, columns).

        Raises SpikeError, with the graph unchanged, if they are of another shape or begin before
        the end of those that are there.
        """
        if events.shape != self.spec.shape:
            raise SpikeError(
                f"events of shape {events.shape} do not fit an event graph of {self.spec.shape}"
            )
        address, by = self.push_raw(events.address, events.time_ns)
        return SpikeBatch(self.spec.output_shape, address, events.time_ns[by])

    def push_raw(
        self, address: Addresses, time_ns: TimesNs
    ) -> tuple[Addresses, npt.NDArray[np.int64]]:
        """Add events as `push` does; return the addresses of the spikes and the event of each.

        address: uint32[n], below the size of the shape. time_ns: int64[n], not decreasing.
        """
        if time_ns.size and time_ns[0] < self._last_ns:
            raise SpikeError(
                f"an event at {time_ns[0]} ns comes after one at {self._last_ns} ns; reset the "
                "graph when time begins anew"
            )
        room = address.size * self.spec.widths[-1]
        fired, fired_by = np.empty(room, np.uint32), np.empty(room, np.int64)
        total = event_kernel.push(
            self._search_at,
            self._layers_at,
            self.spec.shape[0],
            np.ascontiguousarray(address),
            np.ascontiguousarray(time_ns),
            self.spec.window_ns,
            fired,
            fired_by,
        )
        if total < 0:
            raise SpikeError(
                f"events do not fit an event graph of {self.spec.shape}: an address is outside of "
                "it, time_ns decreases, or there is not one time for each address"
            )
        if time_ns.size:
            self._last_ns = int(time_ns[-1])
        return fired[:total], fired_by[:total]

    def advance(self, now_ns: int) -> None:
        """Let the events go that are older than the window at a time."""
        event_kernel.expire(self._search_at, self._layers_at, now_ns - self.spec.window_ns)

    @property
    def nodes(self) -> int:
        """Number of events in the window."""
        return int(self._search.progress[NEXT] - self._search.progress[TAIL])

    def pooled(self) -> npt.NDArray[np.int64]:
        """Return the spikes of the last layer in the window; int64[features, rows, columns]."""
        features = self.spec.widths[-1]
        return np.array(self._layers.pooled[:features].reshape(self.spec.output_shape))

    def spikes(self) -> npt.NDArray[np.uint32]:
        """Return the spikes of the nodes in the window, oldest first.

        uint32[layers + 1, nodes], bit f is feature f; the first row has the channels of the events.
        """
        numbers = np.arange(*self._search.progress[[TAIL, NEXT]])
        return np.array(self._layers.mask[numbers % self._search.places].T)

    def counts(self) -> EventGraphCounts:
        """Return the counts since construction."""
        progress, spikes = self._search.progress, self._layers.spikes.copy()
        return EventGraphCounts(
            nodes=int(spikes[0]),
            edges=int(progress[EDGES]),
            spikes=spikes,
            synaptic_events=self._layers.events.copy(),
            crowded_out=int(progress[CROWDED_OUT]),
        )


@cache
def prepare() -> None:
    """Compile, or load what was compiled: the first event of a robot must not be late."""
    graph = EventGraph(random_spec((2, 4, 4), (2,), (1, 1), 0, max_events=1))
    graph.push_raw(np.zeros(1, np.uint32), np.zeros(1, np.int64))
    graph.advance(0)
