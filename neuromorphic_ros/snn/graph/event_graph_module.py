"""The event graph in torch: a whole graph at once, differentiable; to train, and as reference."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np

from neuromorphic_ros.errors import BackendError, NetworkError
from neuromorphic_ros.parameters import replace
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.event_edges import EventEdges
from neuromorphic_ros.snn.graph.event_graph_spec import GRID, EventGraphLayer, EventGraphSpec
from neuromorphic_ros.snn.neurons.firing import PLAIN

try:
    import torch
    from torch import Tensor
except ImportError:
    raise BackendError(
        "training needs torch, which is not installed: pip install neuromorphic_ros[torch]"
    ) from None

from neuromorphic_ros.snn.surrogate import SuperSpike, Surrogate


class EventGraphTensors(NamedTuple):
    """Graphs of one or several recordings side by side.

    spikes: float32 (nodes, channels), 1 for the channel of each event. source, target, relation:
    int64 (edges,). pool: int64 (nodes,), recording times cells plus cell. recordings: how many.
    """

    spikes: Tensor
    source: Tensor
    target: Tensor
    relation: Tensor
    pool: Tensor
    recordings: int


def side_by_side(spec: EventGraphSpec, graphs: Sequence[EventEdges]) -> EventGraphTensors:
    """Return graphs as one, without edges between them."""
    cells = spec.cells[0] * spec.cells[1]
    sizes = [graph.channel.size for graph in graphs]
    first = np.concatenate(([0], np.cumsum(sizes)))
    channel = np.concatenate([graph.channel for graph in graphs])
    spikes = torch.zeros(channel.size, spec.shape[0])
    spikes[torch.arange(channel.size), torch.from_numpy(channel)] = 1.0
    numbered = list(zip(first, graphs, strict=False))
    return EventGraphTensors(
        spikes=spikes,
        source=_joined([graph.source + before for before, graph in numbered]),
        target=_joined([graph.target + before for before, graph in numbered]),
        relation=_joined([graph.relation for graph in graphs]),
        pool=_joined([graph.cell + index * cells for index, graph in enumerate(graphs)]),
        recordings=len(graphs),
    )


def _joined(parts: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.concatenate(parts))


class EventGraphModule(torch.nn.Module):
    """An event graph whose weights and biases are parameters, with a surrogate gradient for spikes.

    It computes what `EventGraph` does, to the bit: weights are rounded to the same grid in every
    call, with a straight-through gradient (Bengio, Leonard & Courville, arXiv:1308.3432), and their
    sums are exact in any order.
    """

    def __init__(self, spec: EventGraphSpec, surrogate: Surrogate | None = None) -> None:
        """Take the weights of a spec; without `surrogate` the gradient is that of SuperSpike."""
        super().__init__()
        self._spec = spec
        layers = [_Layer(layer, surrogate or SuperSpike()) for layer in spec.layers]
        self.layers = cast("Sequence[_Layer]", torch.nn.ModuleList(layers))

    def spec(self) -> EventGraphSpec:
        """Return the spec with the present weights; raises NetworkError if sums are not exact."""
        layers = tuple(layer.spec() for layer in self.layers)
        return replace(self._spec, {"layers": layers}, "event graph", NetworkError)

    def forward(self, graph: EventGraphTensors) -> list[Tensor]:
        """Return the spikes of every layer, float32 (nodes, features)."""
        spikes, found = graph.spikes, []
        for layer in self.layers:
            spikes = layer(spikes, graph)
            found.append(spikes)
        return found

    def last_membrane(self, graph: EventGraphTensors) -> Tensor:
        """Return the membranes of the last layer, float32 (nodes, features); 1 is a spike."""
        spikes = graph.spikes
        for layer in self.layers[:-1]:
            spikes = layer(spikes, graph)
        return self.layers[-1].membrane(spikes, graph)

    def pooled(self, spikes: Tensor, graph: EventGraphTensors) -> Tensor:
        """Return the spikes of a layer pooled; float32 (recordings, features, rows, columns)."""
        rows, columns = self._spec.cells
        size = graph.recordings * rows * columns
        total = spikes.new_zeros(size, spikes.shape[1]).index_add(0, graph.pool, spikes)
        return total.view(graph.recordings, rows, columns, -1).permute(0, 3, 1, 2)


class _Layer(torch.nn.Module):
    def __init__(self, layer: EventGraphLayer, surrogate: Surrogate) -> None:
        super().__init__()
        self.own, self.neighbour, self.bias = (
            torch.nn.Parameter(torch.tensor(getattr(layer, field.name).values))
            for field in dataclasses.fields(layer)
        )
        self._surrogate = surrogate

    def spec(self) -> EventGraphLayer:
        return EventGraphLayer(
            *(Array(part.detach().numpy()) for part in (self.own, self.neighbour, self.bias))
        )

    def membrane(self, spikes: Tensor, graph: EventGraphTensors) -> Tensor:
        own, neighbour, bias = (_on_grid(each) for each in (self.own, self.neighbour, self.bias))
        (nodes, inputs), bins = spikes.shape, neighbour.shape[0]
        # Spikes are summed by relation before they meet the weights: one product for all nodes.
        heard = spikes.new_zeros(nodes * bins, inputs).index_add(
            0, graph.target * bins + graph.relation, spikes[graph.source]
        )
        return bias + spikes @ own + heard.view(nodes, bins * inputs) @ neighbour.flatten(0, 1)

    def forward(self, spikes: Tensor, graph: EventGraphTensors) -> Tensor:
        membrane = self.membrane(spikes, graph)
        threshold = torch.ones((), device=membrane.device)
        return self._surrogate(membrane, threshold, PLAIN)


def _on_grid(weights: Tensor) -> Tensor:
    rounded = torch.round(weights.detach() * GRID) / GRID
    return weights + (rounded - weights.detach())
