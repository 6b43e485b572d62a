"""Self-contrastive forward-forward: layers that learn without labels, and a readout of them.

Source: Chen, Liu, Laydevant & Grollier, Self-contrastive forward-forward algorithm, Nature
Communications 16 (2025), arXiv:2409.11593. A positive input is a sample added to itself, a negative
one a sample added to another; each layer then gets what the one below makes of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.learning.samples import Amounts, LearningError, Samples

try:
    import torch
    from torch import Tensor
except ImportError:
    raise BackendError(
        "training needs torch, which is not installed: pip install neuromorphic_ros[torch]"
    ) from None

from neuromorphic_ros.learning.goodness import (
    Contrast,
    Layer,
    LocalTraining,
    Places,
    pass_on,
    train_layer,
)

EVALUATION_BATCH = 256


class LinearReadout(NamedTuple):
    """Classes from the strengths s of all layers: the largest of (s - mean) / deviation @ w + b.

    mean, deviation: (neurons,). weight: (neurons, classes). bias: (classes,).
    """

    mean: Tensor
    deviation: Tensor
    weight: Tensor
    bias: Tensor


def as_inputs(inputs: Amounts) -> Tensor:
    """Return pictures (n, pixels) as they are, sequences (n, ticks, *shape) with ticks first."""
    tensor = torch.from_numpy(np.ascontiguousarray(inputs)).float()
    return tensor if tensor.dim() == 2 else tensor.swapaxes(0, 1)


def others(count: int, generator: np.random.Generator) -> Places:
    """Return for each of a batch the place of another, never its own."""
    return (np.arange(count) + generator.integers(1, count, count)) % count


def train_scff(layers: Sequence[Layer], inputs: Amounts, p: LocalTraining) -> list[list[float]]:
    """Train layers in place, one after the other and without labels; return the losses of each.

    Raises LearningError if there are fewer than two samples or a loss is not finite.
    """
    if len(inputs) < 2:
        raise LearningError(f"{len(inputs)} samples have no others to be told from")
    history = []
    for number, layer in enumerate(layers):

        def contrast(places: Places, generator: np.random.Generator, at: int = number) -> Contrast:
            # A single sample that is left over is told from one of all.
            batch = as_inputs(inputs[places])
            if len(places) > 1:
                other = as_inputs(inputs[places[others(len(places), generator)]])
            else:
                drawn = (places + generator.integers(1, len(inputs))) % len(inputs)
                other = as_inputs(inputs[drawn])
            positive, negative = batch + batch, batch + other
            for lower in layers[:at]:
                positive, negative = (pass_on(lower, each).sent for each in (positive, negative))
            return Contrast(positive, negative)

        history.append(train_layer(layer, contrast, len(inputs), p, number))
    return history


def strengths_of(layers: Sequence[Layer], inputs: Amounts) -> Tensor:
    """Return what all layers make of samples added to themselves, (n, neurons of all)."""
    found = []
    for low in range(0, len(inputs), EVALUATION_BATCH):
        sent = 2.0 * as_inputs(inputs[low : low + EVALUATION_BATCH])
        parts = []
        for layer in layers:
            strength, sent = pass_on(layer, sent)
            parts.append(strength)
        found.append(torch.cat(parts, 1))
    return torch.cat(found)


def fit_readout(
    strengths: Tensor, samples: Samples, classes: int, decay: float = 1e-3, steps: int = 200
) -> LinearReadout:
    """Fit a softmax regression with weight decay; nothing below it learns.

    Raises LearningError unless there is a row of strengths per sample.
    """
    if len(strengths) != samples.size or not samples.size:
        raise LearningError(f"{len(strengths)} rows of strengths for {samples.size} samples")
    mean, deviation = strengths.mean(0), strengths.std(0, correction=0) + 1e-3
    features, label = (strengths - mean) / deviation, torch.from_numpy(samples.label)
    weight = torch.zeros(features.shape[1], classes, requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weight, bias], max_iter=steps, history_size=10, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(features @ weight + bias, label)
        loss = loss + decay * weight.square().sum() / 2
        loss.backward()
        return float(loss.detach())

    optimizer.step(closure)
    return LinearReadout(mean, deviation, weight.detach(), bias.detach())


def read_out(readout: LinearReadout, strengths: Tensor) -> np.ndarray:
    """Return the class of each row of strengths, int64[n]."""
    scaled = (strengths - readout.mean) / readout.deviation
    return (scaled @ readout.weight + readout.bias).argmax(1).numpy()
