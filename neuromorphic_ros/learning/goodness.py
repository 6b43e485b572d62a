"""Layers that learn by themselves: more goodness for some inputs, less for others.

Goodness is the mean square of what a layer does (Hinton, The forward-forward algorithm,
arXiv:2212.13345, 2022). A layer gets its inputs without their gradient, so none crosses a layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.spec import NetworkSpec

try:
    import torch
    from torch import Tensor
    from torch.nn.functional import softplus
except ImportError:
    raise BackendError(
        "training needs torch, which is not installed: pip install neuromorphic_ros[torch]"
    ) from None

from neuromorphic_ros.snn.network import TorchNetwork
from neuromorphic_ros.snn.surrogate import Surrogate

Places = npt.NDArray[np.intp]
EPSILON = 1e-4


class Contrast(NamedTuple):
    """Inputs of a layer that it should answer to, and others that it should not."""

    positive: Tensor
    negative: Tensor


@dataclass(frozen=True, config=STRICT)
class LocalTraining:
    """How a layer learns: Adam on the loss of its own goodness.

    threshold_positive, threshold_negative: goodness that positive inputs should exceed and negative
    ones stay below; one threshold is both.
    """

    epochs: Annotated[int, Field(ge=1, le=100_000, description="Passes of each layer")] = 20
    batch: Annotated[int, Field(ge=2, le=65_536, description="Samples of one step")] = 64
    learning_rate: Annotated[float, Field(gt=0, le=10, description="Rate of Adam")] = 1e-3
    threshold_positive: Annotated[float, Field(ge=0, le=1e6, description="Goodness [1]")] = 2.0
    threshold_negative: Annotated[float, Field(ge=0, le=1e6, description="Goodness [1]")] = 2.0
    sharpness: Annotated[
        float, Field(gt=0, le=1e6, description="Factor on the distance to the threshold")
    ] = 1.0
    penalty: Annotated[
        float, Field(ge=0, le=1e6, description="Cost of the goodness of positive inputs")
    ] = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**31, description="Of everything random")] = 0


class Activity(NamedTuple):
    """What a layer made of a batch.

    strength: of each neuron, (batch, neurons); its mean square is the goodness. sent: what the next
    layer gets, in the form of the layer's inputs.
    """

    strength: Tensor
    sent: Tensor


class DenseLayer(torch.nn.Module):
    """Rectified neurons; what comes in, (batch, inputs), is scaled to unit mean square.

    So the goodness of one layer tells the next nothing, as Hinton has it.
    """

    def __init__(self, inputs: int, neurons: int, seed: int) -> None:
        """Draw weights, normal of deviation 1 / sqrt(inputs)."""
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.randn(inputs, neurons, generator=generator) / math.sqrt(inputs)
        self.weight = torch.nn.Parameter(drawn)
        self.bias = torch.nn.Parameter(torch.zeros(neurons))

    def forward(self, inputs: Tensor) -> Activity:
        """Return what a batch brings."""
        scale = inputs.square().mean(1, keepdim=True).sqrt() + EPSILON
        active = torch.relu(inputs / scale @ self.weight + self.bias)
        return Activity(active, active)


class SpikingLayer(torch.nn.Module):
    """One population with the synapses from its input; a strength is spikes per tick.

    Inputs and what is sent are spikes, (ticks, batch, *shape).
    """

    def __init__(self, spec: NetworkSpec, surrogate: Surrogate | None = None) -> None:
        """Take a network of one input and one population that spikes; raises LearningError."""
        super().__init__()
        if len(spec.inputs) != 1 or len(spec.populations) != 1:
            raise LearningError(f"layer '{spec.name}' needs one input and one population")
        self.name = spec.populations[0].name
        if not spec.populations[0].neuron.spikes:
            raise LearningError(f"layer '{spec.name}': '{self.name}' does not spike")
        self.network = TorchNetwork(spec, surrogate)

    def forward(self, inputs: Tensor) -> Activity:
        """Return what a batch brings."""
        fired = self.network(inputs)[0][self.name]
        return Activity(fired.flatten(2).mean(0), fired)


Layer = DenseLayer | SpikingLayer


def goodness(strength: Tensor) -> Tensor:
    """Return the mean square of strengths, (batch,)."""
    return strength.square().mean(1)


def local_loss(positive: Tensor, negative: Tensor, p: LocalTraining) -> Tensor:
    """Return the loss of the goodness of positive and negative inputs, (batch,) each."""
    above = softplus(p.sharpness * (p.threshold_positive - positive))
    below = softplus(p.sharpness * (negative - p.threshold_negative))
    return (above + below + p.penalty * positive).mean()


def train_layer(
    layer: Layer,
    contrast: Callable[[Places, np.random.Generator], Contrast],
    samples: int,
    p: LocalTraining,
    number: int = 0,
) -> list[float]:
    """Train one layer in place; return the mean loss of each epoch.

    contrast: makes the inputs of a batch from the places of its samples. number: of the layer, so
    that each draws other batches. Raises LearningError if a loss is not finite.
    """
    generator = np.random.default_rng((p.seed, number))
    optimizer = torch.optim.Adam(layer.parameters(), lr=p.learning_rate)
    history = []
    for epoch in range(p.epochs):
        total = 0.0
        order = generator.permutation(samples)
        for places in np.array_split(order, range(p.batch, samples, p.batch)):
            positive, negative = contrast(places, generator)
            optimizer.zero_grad()
            loss = local_loss(
                goodness(layer(positive.detach()).strength),
                goodness(layer(negative.detach()).strength),
                p,
            )
            loss.backward()
            optimizer.step()
            total += loss.item() * len(places)
        if not math.isfinite(total):
            raise LearningError(f"the loss of layer {number} is {total} in epoch {epoch + 1}")
        history.append(total / samples)
    return history


def pass_on(layer: Layer, inputs: Tensor) -> Activity:
    """Return what a layer makes of inputs, without any gradient."""
    with torch.no_grad():
        made: Any = layer(inputs)
    return Activity(made.strength.detach(), made.sent.detach())
