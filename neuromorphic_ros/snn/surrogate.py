"""Surrogate gradients: spikes as they are, with a gradient that lets a network be trained.

Each stands in for the plain threshold: `step(SuperSpike(), constants, rules, state, current)`.
Its gradient to the membrane is a pseudo-derivative g(x) of the Heaviside function at the distance
x = v - threshold, and to the threshold -g(x). A neuron that may fire several spikes has a step at
every multiple k of its threshold: x is then the distance to the nearest, v - k threshold, and the
gradient to the threshold -k g(x).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.neurons.firing import heaviside

try:
    import torch
    from torch import Tensor
except ImportError:
    raise BackendError(
        "training needs torch, which is not installed: pip install neuromorphic_ros[torch]"
    ) from None

Steepness = Annotated[float, Field(ge=1e-6, le=1e6)]


class _Fire(torch.autograd.Function):
    """Spikes forward, the surrogate backward."""

    @staticmethod
    def forward(
        ctx: Any, membrane: Tensor, threshold: Tensor, rules: Any, surrogate: Surrogate
    ) -> Any:
        ctx.save_for_backward(membrane, threshold)
        ctx.rules, ctx.surrogate = rules, surrogate
        return heaviside(membrane, threshold, rules)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        membrane, threshold = ctx.saved_tensors
        if ctx.rules.multi_spike:
            nearest = (membrane / threshold).round().clamp(min=1)
            grad = grads[0] * ctx.surrogate.derivative(membrane - nearest * threshold)
        else:
            grad = grads[0] * ctx.surrogate.derivative(membrane - threshold)
        to_threshold = None
        if ctx.needs_input_grad[1]:
            raised = grad * nearest if ctx.rules.multi_spike else grad
            to_threshold = -raised.sum_to_size(threshold.shape)
        return grad, to_threshold, None, None


class Surrogate(ABC):
    """A pseudo-derivative of the threshold; a `Spike` of the neuron models."""

    @abstractmethod
    def derivative(self, distance: Tensor) -> Tensor:
        """Return g(x) for the distance of a membrane to its threshold, in units of the membrane."""

    def __call__(self, membrane: Tensor, threshold: Tensor, rules: Any) -> Tensor:
        """Return the spikes of `heaviside`, with this gradient."""
        return _Fire.apply(membrane, threshold, rules, self)  # type: ignore[no-any-return]


@dataclass(frozen=True, config=STRICT)
class SuperSpike(Surrogate):
    """g(x) = 1 / (1 + steepness |x|)^2, the derivative of a fast sigmoid.

    Source: Zenke & Ganguli, Neural Computation 30, 1514 (2018); steepness 10 as in Zenke & Vogels,
    Neural Computation 33, 899 (2021).
    """

    steepness: Steepness = 10.0

    def derivative(self, distance: Tensor) -> Tensor:
        """Return g(x)."""
        return (distance.abs() * self.steepness + 1.0).pow(-2)


@dataclass(frozen=True, config=STRICT)
class Arctan(Surrogate):
    """g(x) = steepness / 2 / (1 + (pi steepness x / 2)^2), the derivative of an arctangent.

    Source: Fang et al., ICCV 2021, whose steepness is 2.
    """

    steepness: Steepness = 2.0

    def derivative(self, distance: Tensor) -> Tensor:
        """Return g(x)."""
        scaled = distance * (math.pi / 2 * self.steepness)
        return self.steepness / 2 / (scaled * scaled + 1.0)


@dataclass(frozen=True, config=STRICT)
class Triangular(Surrogate):
    """g(x) = height max(0, 1 - |x| / width).

    Source: Esser et al., PNAS 113, 11441 (2016), with height 1; Bellec et al., NeurIPS 2018, with
    height 0.3 and the threshold as width.
    """

    width: Annotated[float, Field(ge=1e-6, le=1e6)] = 1.0
    height: Annotated[float, Field(ge=1e-6, le=1e6)] = 0.3

    def derivative(self, distance: Tensor) -> Tensor:
        """Return g(x)."""
        return (1.0 - distance.abs() / self.width).clamp(min=0.0) * self.height


@dataclass(frozen=True, config=STRICT)
class Rectangular(Surrogate):
    """g(x) = 1 / width for |x| < width / 2, else 0.

    Source: Wu et al., Frontiers in Neuroscience 12:331 (2018), h1, whose width is 1.
    """

    width: Annotated[float, Field(ge=1e-6, le=1e6)] = 1.0

    def derivative(self, distance: Tensor) -> Tensor:
        """Return g(x)."""
        return (distance.abs() < self.width / 2).to(distance.dtype) / self.width


@dataclass(frozen=True, config=STRICT)
class MultiGaussian(Surrogate):
    """g(x) = gain ((1 + h) N(x; 0, s) - h N(x; s, k s) - h N(x; -s, k s)), negative far away.

    N is the normal density, s the width, h the height of the negative parts and k their spread.
    Source: Yin, Corradi & Bohte, Nature Machine Intelligence 3, 905 (2021), with the values of
    their code.
    """

    width: Annotated[float, Field(ge=1e-6, le=1e6)] = 0.5
    height: Annotated[float, Field(ge=0, le=1e6)] = 0.15
    spread: Annotated[float, Field(ge=1e-6, le=1e6)] = 6.0
    gain: Annotated[float, Field(ge=1e-6, le=1e6)] = 0.5

    def derivative(self, distance: Tensor) -> Tensor:
        """Return g(x)."""
        wide = self.spread * self.width
        sides = _normal(distance - self.width, wide) + _normal(distance + self.width, wide)
        middle = _normal(distance, self.width)
        return (middle * (1.0 + self.height) - sides * self.height) * self.gain


def _normal(distance: Tensor, deviation: float) -> Tensor:
    scaled = distance / deviation
    return torch.exp(-0.5 * scaled * scaled) / (deviation * math.sqrt(2 * math.pi))
