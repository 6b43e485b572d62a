"""Conventional networks from torch modules, and the activation that is trained to be converted."""

from __future__ import annotations

from typing import Any

from neuromorphic_ros.compression.ann.layers import (
    Ann,
    AnnError,
    Architecture,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    Linear,
    Qcfs,
    Relu,
    ann_of,
)
from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.spikes import Shape

try:
    import torch
    from torch import Tensor, nn
except ImportError:
    raise BackendError(
        "modules of torch need it, and it is not installed: pip install neuromorphic_ros[torch]"
    ) from None


class QcfsActivation(nn.Module):
    """Quantised clip-floor-shift with a threshold that is learned; see `layers.Qcfs`.

    The gradient passes straight through the floor.
    """

    def __init__(self, levels: int, threshold: float = 4.0) -> None:
        """Begin at a threshold."""
        super().__init__()
        self.levels = levels
        self.threshold = nn.Parameter(torch.tensor(threshold))

    def forward(self, values: Tensor) -> Tensor:
        """Return the activations, of the shape of the values."""
        share = torch.clamp(values / self.threshold, 0, 1) * self.levels
        counted = share + (torch.floor(share + 0.5) - share).detach()
        return counted * self.threshold / self.levels


def ann_of_module(module: nn.Module, input_shape: Shape) -> Ann:
    """Return the network of a Sequential, also of nested ones; input_shape: of a sample.

    Raises AnnError that names a module that is not supported.
    """
    if not isinstance(module, nn.Sequential):
        raise AnnError(f"network is {module}; put its layers into a Sequential, in their order")
    layers = [
        _layer(name, each)
        for name, each in module.named_modules(remove_duplicate=False)
        if not isinstance(each, (nn.Sequential, nn.Identity))
    ]
    values = {"input": input_shape, "layers": tuple(layers)}
    architecture = build(Architecture, values, "network", AnnError)
    tensors = {name: each.detach().cpu().numpy() for name, each in module.state_dict().items()}
    return ann_of(architecture, tensors)


def _layer(name: str, module: nn.Module) -> Layer:
    if isinstance(module, nn.Linear):
        return Linear(name)
    if isinstance(module, nn.Conv2d) and module.padding_mode == "zeros":
        stride, dilation, padding = map(_pair, (module.stride, module.dilation, module.padding))
        return Conv2d(name, stride, padding, dilation, module.groups)
    if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)) and module.track_running_stats:
        return BatchNorm(name, module.eps)
    if isinstance(module, nn.ReLU):
        return Relu()
    if isinstance(module, QcfsActivation):
        return Qcfs(name, module.levels)
    if isinstance(module, nn.AvgPool2d) and not module.ceil_mode and not module.divisor_override:
        padded = module.padding not in (0, (0, 0))
        if module.count_include_pad or not padded:
            return AvgPool2d(*map(_pair, (module.kernel_size, module.stride, module.padding)))
    if isinstance(module, nn.Flatten) and (module.start_dim, module.end_dim) == (1, -1):
        return Flatten()
    if isinstance(module, nn.Dropout):
        return Dropout()
    raise AnnError(
        f"module '{name}' is {module}; there are Linear, Conv2d, BatchNorm, ReLU, QcfsActivation, "
        "AvgPool2d, Flatten and Dropout, in a Sequential"
    )


def _pair(value: Any) -> Any:
    return {"valid": (0, 0)}.get(value, value)
