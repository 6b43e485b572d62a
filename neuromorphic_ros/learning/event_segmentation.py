"""Train an event graph to tell of each event to which class of things it belongs, if to any.

The loss of a node is logistic, of the membranes of the last layer about their threshold; below it
gradients go through surrogates (Neftci, Mostafa & Zenke, IEEE Signal Processing Magazine 36(6), 51,
2019). Every class weighs the same as all events of none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.learning.labelled_events import NONE, LabelledEvents
from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.graph.event_edges import event_edges
from neuromorphic_ros.snn.graph.event_graph_spec import EventGraphSpec

try:
    import torch
    from torch import Tensor
    from torch.nn.functional import binary_cross_entropy_with_logits, one_hot
except ImportError:
    raise BackendError(
        "training needs torch, which is not installed: pip install neuromorphic_ros[torch]"
    ) from None

from neuromorphic_ros.snn.graph.event_graph_module import (
    EventGraphModule,
    EventGraphTensors,
    side_by_side,
)
from neuromorphic_ros.snn.surrogate import Arctan


@dataclass(frozen=True, config=STRICT)
class SegmentationTraining:
    """How a graph is trained: Adam, its rate falling as half a cosine."""

    epochs: Annotated[int, Field(ge=1, le=100_000, description="Passes over the events")] = 20
    learning_rate: Annotated[float, Field(gt=0, le=10, description="Rate of the first step")] = 5e-3
    logit_scale: Annotated[
        float, Field(gt=0, le=1e3, description="Logit of a membrane that is 1 above its threshold")
    ] = 4.0
    clip_norm: Annotated[
        float, Field(gt=0, le=1e6, description="Longest gradient that is not cut")
    ] = 1.0
    seed: Annotated[int, Field(ge=0, lt=2**31, description="Of everything random")] = 0


class Epoch(NamedTuple):
    """What an epoch brought: mean loss, and share of events given their label, as it went."""

    loss: float
    accuracy: float


def train(
    spec: EventGraphSpec,
    parts: Sequence[LabelledEvents],
    parameters: SegmentationTraining,
    tell: Callable[[int, Epoch], None],
) -> EventGraphSpec:
    """Return the graph with the weights after the last epoch; same seed, same weights.

    parts: a step of the optimizer is made after each, in an order that is drawn for each epoch.
    tell: is called after each epoch with its number from 1.
    Raises LearningError if a label is none of the last layer's, there are no events, or the loss is
    no longer finite.
    """
    graphs = [_graph(spec, part) for part in parts if len(part.events)]
    if not graphs:
        raise LearningError("there are no events to be trained with")
    weight = _weights(spec.widths[-1], [label for _, label in graphs])
    module = EventGraphModule(spec, Arctan())
    optimizer = torch.optim.Adam(module.parameters(), lr=parameters.learning_rate)
    generator = np.random.default_rng(parameters.seed)
    steps, step, events = parameters.epochs * len(graphs), 0, sum(len(y) for _, y in graphs)
    for number in range(1, parameters.epochs + 1):
        loss_sum, right = 0.0, 0
        for place in generator.permutation(len(graphs)):
            graph, label = graphs[place]
            for group in optimizer.param_groups:
                falling = 0.5 * (1 + math.cos(math.pi * step / steps))
                group["lr"] = parameters.learning_rate * falling
            optimizer.zero_grad()
            above = module.last_membrane(graph) - 1.0
            wanted = _one_hot(label, above.shape[1])
            losses = binary_cross_entropy_with_logits(
                parameters.logit_scale * above, wanted, reduction="none"
            )
            loss = (losses.sum(1) * weight[label]).mean()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), parameters.clip_norm)
            optimizer.step()
            step += 1
            loss_sum += loss.item() * len(label)
            right += int(((above >= 0) == wanted.bool()).all(1).sum())
        if not math.isfinite(loss_sum):
            raise LearningError(
                f"loss of epoch {number} is no longer finite; lower the learning rate "
                f"({parameters.learning_rate:g})"
            )
        tell(number, Epoch(loss_sum / events, right / events))
    return module.spec()


def _graph(spec: EventGraphSpec, part: LabelledEvents) -> tuple[EventGraphTensors, Tensor]:
    classes = spec.widths[-1]
    wrong = part.label[(part.label < NONE) | (part.label >= classes)]
    if wrong.size or len(part.label) != len(part.events):
        what = f"label {wrong[0]}" if wrong.size else f"{len(part.label)} labels"
        raise LearningError(
            f"{what} for {len(part.events)} events and {classes} classes; each event has one of "
            f"them or {NONE}"
        )
    return side_by_side(spec, [event_edges(spec, part.events)]), torch.from_numpy(part.label)


def _weights(classes: int, labels: Sequence[Tensor]) -> Tensor:
    """Return the weight of an event by its label, that of NONE last; their mean is 1."""
    label = torch.cat(list(labels))
    count = torch.bincount(label % (classes + 1), minlength=classes + 1)
    present = int((count > 0).sum())
    return len(label) / (present * count.clamp(min=1).float())


def _one_hot(label: Tensor, classes: int) -> Tensor:
    """Return float32 (events, classes); all 0 for NONE."""
    return one_hot(label % (classes + 1), classes + 1)[:, :classes].float()
