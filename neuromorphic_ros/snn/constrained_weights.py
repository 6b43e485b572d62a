"""Train weights of a torch network on a grid, or so that those that are zero stay so."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.snn.patterns import Pool2d, Random
from neuromorphic_ros.snn.spec import Link
from neuromorphic_ros.snn.synapses import weight_shape
from neuromorphic_ros.snn.weight_grid import WeightGrid, channel_axis
from neuromorphic_ros.snn.weights import Values

try:
    import torch
    from torch import Tensor
    from torch.nn.utils import parametrize
except ImportError:
    raise BackendError(
        "training needs torch, which is not installed: pip install neuromorphic_ros[torch]"
    ) from None

from neuromorphic_ros.snn.network import TorchNetwork


def constrain(network: TorchNetwork, grid: WeightGrid | None, keep_zeros: bool) -> None:
    """Constrain the weights of the projections of a network from now on.

    grid: weights are used on it, and `network.spec()` has them so; its steps follow the weights,
    which are trained with a straight-through gradient (Jacob et al., Quantization and training of
    neural networks for efficient integer-arithmetic-only inference, CVPR 2018).
    keep_zeros: weights that are zero now are no synapses, and stay zero.

    Pooling, biases and graphs are left as they are.
    """
    for synapses in network.synapses:
        for each in synapses.maps:
            if isinstance(each.link.pattern, Pool2d):
                continue
            if keep_zeros:
                _register(each, _Kept(each.weight))
            if grid is not None:
                place = each.place if isinstance(each.link.pattern, Random) else None
                _register(each, _OnGrid(grid, each.link, place))


def _register(module: torch.nn.Module, constraint: torch.nn.Module) -> None:
    parametrize.register_parametrization(module, "weight", constraint)


class _Kept(torch.nn.Module):
    """Weights that are zero where they were."""

    kept: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("kept", (weight != 0).to(weight.dtype), persistent=False)

    def forward(self, weight: Tensor) -> Tensor:
        return weight * self.kept


class _OnGrid(torch.nn.Module):
    """Weights on a grid; the gradient passes straight through."""

    def __init__(self, grid: WeightGrid, link: Link, place: Tensor | None) -> None:
        super().__init__()
        self._grid, self._link, self._place = grid, link, place

    def forward(self, weight: Tensor) -> Tensor:
        rounded = torch.from_numpy(self._rounded(weight.detach().cpu().numpy()))
        return _Replaced.apply(weight, rounded.to(weight.device))  # type: ignore[no-any-return]

    def _rounded(self, weights: Values) -> Values:
        axis = channel_axis(self._link.pattern)
        if self._place is None:
            return self._grid.rounded(weights, axis)
        # Drawn weights are a list; their targets are the columns of the matrix.
        place = self._place.cpu().numpy()
        matrix = np.zeros(weight_shape(self._link), np.float32)
        matrix.ravel()[place] = weights
        return np.asarray(self._grid.rounded(matrix, axis).ravel()[place])


class _Replaced(torch.autograd.Function):
    """Other values forward; backward the gradient as it comes."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, other: Tensor) -> Tensor:
        return other

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return grads[0], None
