"""The event graph as users of torch_geometric write it, with the same weights."""

from __future__ import annotations

import torch
from torch import Tensor

from neuromorphic_ros.snn.graph.event_graph_module import EventGraphTensors
from neuromorphic_ros.snn.graph.event_graph_spec import EventGraphSpec


class RelationalGraph:
    """A relational graph convolution for each layer, whose outputs fire from 1 on.

    Schlichtkrull et al., ESWC 2018: a matrix for each relation, one for the node itself, and a
    bias; summed, it is the membrane of `EventGraphSpec`.
    """

    def __init__(self, spec: EventGraphSpec) -> None:
        """Take the weights of a spec."""
        from torch_geometric.nn import RGCNConv

        self._layers = []
        for layer in spec.layers:
            own, neighbour, bias = (
                torch.from_numpy(part.values.copy())
                for part in (layer.own, layer.neighbour, layer.bias)
            )
            convolution = RGCNConv(*own.shape, num_relations=neighbour.shape[0], aggr="sum")
            with torch.no_grad():
                convolution.weight.copy_(neighbour)
                convolution.root.copy_(own)
                convolution.bias.copy_(bias)
            self._layers.append(convolution)

    def run(self, graph: EventGraphTensors) -> list[Tensor]:
        """Return the spikes of every layer, float32 (nodes, features)."""
        spikes, found = graph.spikes, []
        edges = torch.stack((graph.source, graph.target))
        for layer in self._layers:
            spikes = (layer(spikes, edges, graph.relation) >= 1.0).float()
            found.append(spikes)
        return found
