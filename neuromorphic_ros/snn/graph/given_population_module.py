"""A given graph as a population of a network in torch: amounts by tick in, spikes out."""

from __future__ import annotations

from collections.abc import Mapping

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.snn.graph.given_nodes import UNHEARD
from neuromorphic_ros.snn.spec import GivenGraphLayers

try:
    import torch
    from torch import Tensor
except ImportError:
    raise BackendError(
        "training needs torch, which is not installed: pip install neuromorphic_ros[torch]"
    ) from None

from neuromorphic_ros.snn.graph.spiking_graph_module import SpikingGraphModule
from neuromorphic_ros.snn.surrogate import Surrogate


class GivenPopulationModule(torch.nn.Module):
    """A spiking graph that hears inputs of a network, as `StreamingNetwork` has it, to the bit."""

    def __init__(self, given: GivenGraphLayers, surrogate: Surrogate) -> None:
        """Take the weights of a graph; raises NetworkError as SpikingGraphModule does."""
        super().__init__()
        self._nodes = given.nodes
        self._size = (given.nodes.count, given.layers.inputs)
        self.graph = SpikingGraphModule(given.layers, given.nodes.graph, surrogate)
        # Projections read the last layer in place of the linear readout, which nothing teaches.
        self.graph.weight.requires_grad_(False)
        self.graph.bias.requires_grad_(False)

    def trained(self) -> GivenGraphLayers:
        """Return the graph with the present weights; raises NetworkError if sums are not exact."""
        return GivenGraphLayers(self._nodes, self.graph.spec())

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return what the last layer fires; float32 (ticks, batch, nodes or clusters * neurons).

        inputs: whole amounts by name, (ticks, batch, channels).
        """
        ticks, batch = next(iter(inputs.values())).shape[:2]
        nodes, features = self._size
        heard = next(iter(inputs.values())).new_zeros(ticks, batch, nodes * features)
        for name in self._nodes.hears:
            place = torch.from_numpy(self._nodes.places(name)).to(heard.device)
            known = place != UNHEARD
            heard = heard.index_add(2, place[known], inputs[name][:, :, known])
        spikes = heard.view(ticks, batch, nodes, features).transpose(0, 1)
        fired: Tensor = self.graph(spikes).layers[-1]
        return fired.transpose(0, 1).flatten(2).float()
