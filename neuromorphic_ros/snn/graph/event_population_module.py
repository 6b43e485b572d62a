"""A graph of events as a population of a network in torch: amounts by tick in, spikes out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from neuromorphic_ros.errors import BackendError, SpikeError
from neuromorphic_ros.snn.graph.event_edges import EventEdges, event_edges
from neuromorphic_ros.snn.spec import EventGraphLayers
from neuromorphic_ros.spikes import SpikeBatch

try:
    import torch
    from torch import Tensor
except ImportError:
    raise BackendError(
        "training needs torch, which is not installed: pip install neuromorphic_ros[torch]"
    ) from None

from neuromorphic_ros.snn.graph.event_graph_module import (
    EventGraphModule,
    EventGraphTensors,
    side_by_side,
)
from neuromorphic_ros.snn.surrogate import Surrogate


class EventPopulationModule(torch.nn.Module):
    """A graph of events that hears an input of a network, tick by tick.

    An amount is so many events at the time of their tick, those of a tick in the order of their
    addresses. It computes what `StreamingNetwork` does with events in that order, to the bit, as
    long as no more than max_events are in the window.
    """

    def __init__(self, given: EventGraphLayers, dt_ns: int, surrogate: Surrogate) -> None:
        """Take the weights of a graph; dt_ns: length of a tick."""
        super().__init__()
        self.events = given.events
        self._spec, self._dt_ns = given.layers, dt_ns
        self.graph = EventGraphModule(given.layers, surrogate)

    def trained(self) -> EventGraphLayers:
        """Return the graph with the present weights; raises NetworkError if sums are not exact."""
        return EventGraphLayers(self.events, self.graph.spec())

    def forward(self, amounts: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the spikes of the last layer, pooled, and those of the layers before it.

        amounts: (ticks, batch, channels), of which whole events count; they get no gradient.
        Returns float32 (ticks, batch, features * cells) and, of each other layer, the spikes of
        all nodes together, float32 (ticks, batch, features).
        Raises SpikeError for less than no events.
        """
        ticks, batch = amounts.shape[:2]
        graph = self._graph(amounts)
        *inner, last = self.graph(graph)
        pooled = self.graph.pooled(last, graph)
        rows, columns = self._spec.cells
        sequence = graph.pool // (rows * columns)
        sums = (
            spikes.new_zeros(ticks * batch, spikes.shape[1]).index_add(0, sequence, spikes)
            for spikes in inner
        )
        return pooled.reshape(ticks, batch, -1), [each.view(ticks, batch, -1) for each in sums]

    def _graph(self, amounts: Tensor) -> EventGraphTensors:
        """Return the graphs of a batch; each tick of a sequence is pooled for itself."""
        ticks, batch = amounts.shape[:2]
        events = amounts.detach().cpu().numpy().swapaxes(0, 1).astype(np.int64)
        if events.size and events.min() < 0:
            raise SpikeError(f"a graph of events cannot hear {events.min()} events in a tick")
        place = np.nonzero(events)
        sample, tick, address = (np.repeat(each, events[place]) for each in place)
        bounds = np.searchsorted(sample, np.arange(batch + 1))
        graphs = [self._edges(tick[low:high], address[low:high]) for low, high in pairwise(bounds)]
        joined = side_by_side(self._spec, graphs)
        rows, columns = self._spec.cells
        pool = joined.pool + torch.from_numpy(tick) * (batch * rows * columns)
        return _on(amounts.device, joined._replace(pool=pool, recordings=ticks * batch))

    def _edges(self, tick: np.ndarray, address: np.ndarray) -> EventEdges:
        time_ns = tick * self._dt_ns
        return event_edges(
            self._spec, SpikeBatch(self._spec.shape, address.astype(np.uint32), time_ns)
        )


def _on(device: torch.device, graph: EventGraphTensors) -> EventGraphTensors:
    return graph._replace(
        spikes=graph.spikes.to(device),
        source=graph.source.to(device),
        target=graph.target.to(device),
        relation=graph.relation.to(device),
        pool=graph.pool.to(device),
    )
