"""Train a small conventional network with activations that neurons can take over."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.compression.ann.layers import Ann
from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.pipeline.labelled_vectors import LabelledVectors
from neuromorphic_ros.spikes import Shape

try:
    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy
except ImportError:
    raise BackendError(
        "training needs torch, which is not installed: pip install neuromorphic_ros[torch]"
    ) from None

from neuromorphic_ros.compression.ann.torch_modules import QcfsActivation, ann_of_module

BATCH = 64
LEARNING_RATE, WEIGHT_DECAY, DROPOUT = 2e-3, 1e-3, 0.2
WIDTHS = (64, 64)
CHANNELS = (16, 32)
KERNEL, WINDOW = 3, 2


@dataclass(frozen=True, config=STRICT)
class AnnTraining:
    """How it is trained: AdamW, its rate falling as half a cosine.

    kind: dense: two hidden layers, of samples of one axis; convolutional: two convolutions, of
    images. levels: of the activations (`layers.Qcfs`); 0: ReLU. largest: amount of an input, which
    the first layer divides by.
    """

    kind: Literal["dense", "convolutional"]
    epochs: Annotated[int, Field(ge=1, le=100_000)]
    levels: Annotated[int, Field(ge=0, le=1024)]
    largest: Annotated[float, Field(gt=0)]
    seed: Annotated[int, Field(ge=0, lt=2**31)]


def trained(
    data: LabelledVectors,
    classes: int,
    how: AnnTraining,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Ann:
    """Return a network that was trained on labelled samples.

    Raises LearningError if there are no labels or the loss is no longer finite.
    """
    if data.label is None:
        raise LearningError("samples without labels cannot be learned from")
    samples, label = torch.from_numpy(data.samples), torch.from_numpy(data.label)
    shape = data.samples.shape[1:]
    generator = np.random.default_rng((how.seed, 2))
    # The weights at the start and what is dropped are drawn by torch itself.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(how.seed)
        network = _network(shape, classes, how)
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY
        )
        network.train()
        for epoch in range(how.epochs):
            for group in optimizer.param_groups:
                group["lr"] = LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * epoch / how.epochs))
            loss_sum, order = 0.0, generator.permutation(data.size)
            for places in np.array_split(order, max(1, data.size // BATCH)):
                optimizer.zero_grad()
                loss = cross_entropy(network(samples[places] / how.largest), label[places])
                loss.backward()
                optimizer.step()
                loss_sum += loss.item() * len(places)
            if not math.isfinite(loss_sum):
                raise LearningError(f"loss of epoch {epoch + 1} is not finite; look at the samples")
            words = f"epoch {epoch + 1}: loss {loss_sum / data.size:.4f}"
            progress(words, epoch + 1, how.epochs)
    with torch.no_grad():
        first = network[0]
        assert isinstance(first, (nn.Linear, nn.Conv2d))
        first.weight /= how.largest
    return ann_of_module(network.eval(), shape)


def _network(shape: Shape, classes: int, how: AnnTraining) -> nn.Sequential:
    def activation() -> nn.Module:
        return QcfsActivation(how.levels) if how.levels else nn.ReLU()

    layers: list[nn.Module] = []
    if how.kind == "dense":
        (before,) = shape
        for width in WIDTHS:
            layers += [nn.Linear(before, width), nn.BatchNorm1d(width), activation()]
            layers.append(nn.Dropout(DROPOUT))
            before = width
        return nn.Sequential(*layers, nn.Linear(before, classes))
    before, height, width = shape
    for channels in CHANNELS:
        layers.append(nn.Conv2d(before, channels, KERNEL, padding=KERNEL // 2))
        layers += [nn.BatchNorm2d(channels), activation(), nn.AvgPool2d(WINDOW)]
        before, height, width = channels, height // WINDOW, width // WINDOW
    last = nn.Linear(before * height * width, classes)
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(DROPOUT), last)
