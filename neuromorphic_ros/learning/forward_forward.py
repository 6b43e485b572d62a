"""Forward-forward: each layer tells inputs with their label from inputs with another.

Source: Hinton, The forward-forward algorithm, arXiv:2212.13345 (2022), its supervised form. Spiking
layers count goodness over the ticks of a sequence, and their input is not scaled between layers, as
spikes cannot be.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.learning.samples import LearningError, Samples

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
    goodness,
    pass_on,
    train_layer,
)

EVALUATION_BATCH = 256


def with_label(samples: Samples, label: np.ndarray, classes: int, strength: float = 1.0) -> Tensor:
    """Return inputs with a channel per class after them, `strength` in that of the label.

    samples of pictures (n, pixels) become (n, pixels + classes), sequences (n, ticks, *shape)
    become (ticks, n, channels + classes), the channel of the label active in every tick.
    Raises LearningError if a label is no class.
    """
    if label.size and not 0 <= label.min() <= label.max() < classes:
        low, high = label.min(), label.max()
        raise LearningError(f"labels are {low} to {high}, classes 0 to {classes - 1}")
    inputs = torch.from_numpy(np.ascontiguousarray(samples.inputs)).float()
    told = torch.nn.functional.one_hot(torch.from_numpy(label), classes).float() * strength
    if inputs.dim() == 2:
        return torch.cat([inputs, told], 1)
    flat = inputs.flatten(2).swapaxes(0, 1)
    return torch.cat([flat, told.expand(len(flat), *told.shape)], 2)


def train_forward_forward(
    layers: Sequence[Layer],
    samples: Samples,
    classes: int,
    p: LocalTraining,
    strength: float = 1.0,
) -> list[list[float]]:
    """Train layers in place, one after the other; return the losses of each.

    A negative input has one of the other labels, drawn evenly. Raises LearningError for labels that
    are no classes, fewer than two classes, or a loss that is not finite.
    """
    if classes < 2:
        raise LearningError(f"{classes} classes leave no other label")

    def below(number: int, inputs: Tensor) -> Tensor:
        for layer in layers[:number]:
            inputs = pass_on(layer, inputs).sent
        return inputs

    history = []
    for number, layer in enumerate(layers):

        def contrast(places: Places, generator: np.random.Generator, at: int = number) -> Contrast:
            batch = samples.take(places)
            other = (batch.label + generator.integers(1, classes, batch.size)) % classes
            return Contrast(
                below(at, with_label(batch, batch.label, classes, strength)),
                below(at, with_label(batch, other, classes, strength)),
            )

        history.append(train_layer(layer, contrast, samples.size, p, number))
    return history


def predict_forward_forward(
    layers: Sequence[Layer], samples: Samples, classes: int, strength: float = 1.0
) -> np.ndarray:
    """Return the label of each sample that has most goodness, summed over layers; int64[n].

    The first of several layers is left out, as Hinton has it.
    """
    counted = range(1 if len(layers) > 1 else 0, len(layers))
    predicted = []
    for low in range(0, samples.size, EVALUATION_BATCH):
        batch = samples.take(slice(low, low + EVALUATION_BATCH))
        scores = torch.zeros(batch.size, classes)
        for label in range(classes):
            inputs = with_label(batch, np.full(batch.size, label), classes, strength)
            for number, layer in enumerate(layers):
                strengths, inputs = pass_on(layer, inputs)
                if number in counted:
                    scores[:, label] += goodness(strengths)
        predicted.append(scores.argmax(1).numpy())
    return np.concatenate(predicted)
