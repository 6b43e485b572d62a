"""Train a network by backpropagation through time with surrogate gradients.

Method: Neftci, Mostafa & Zenke, IEEE Signal Processing Magazine 36(6), 51 (2019). An epoch is a
pure function of what came before it: everything random in it is drawn from the seed and its number,
so that training goes on from a checkpoint as if it had never stopped.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.learning.samples import Augment, LearningError, Samples, check_samples
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.spec import EventGraphLayers, NetworkSpec
from neuromorphic_ros.snn.weight_grid import WeightGrid

try:
    import torch
    from torch import Tensor
    from torch.nn.functional import cross_entropy
except ImportError:
    raise BackendError(
        "training needs torch, which is not installed: pip install neuromorphic_ros[torch]"
    ) from None

from neuromorphic_ros.snn.constrained_weights import constrain
from neuromorphic_ros.snn.network import TorchNetwork
from neuromorphic_ros.snn.surrogate import (
    Arctan,
    MultiGaussian,
    Rectangular,
    SuperSpike,
    Surrogate,
    Triangular,
)

SURROGATES: dict[str, type[Surrogate]] = {
    "superspike": SuperSpike,
    "arctan": Arctan,
    "triangular": Triangular,
    "rectangular": Rectangular,
    "multi_gaussian": MultiGaussian,
}
MOMENTS = ("exp_avg", "exp_avg_sq")
EVALUATION_BATCH = 256


@dataclass(frozen=True, config=STRICT)
class SurrogateTraining:
    """How a network is trained: Adam with decoupled decay, its rate falling as half a cosine.

    Sources: Loshchilov & Hutter, ICLR 2019 (AdamW) and ICLR 2017 (cosine).
    """

    epochs: Annotated[int, Field(ge=1, le=100_000, description="Passes over the samples")] = 30
    batch: Annotated[int, Field(ge=1, le=65_536, description="Samples of one step")] = 64
    learning_rate: Annotated[float, Field(gt=0, le=10, description="Rate of the first step")] = 2e-3
    weight_decay: Annotated[float, Field(ge=0, le=10, description="Decay of the weights")] = 1e-4
    label_smoothing: Annotated[
        float, Field(ge=0, lt=1, description="Share of a label that goes to all classes")
    ] = 0.0
    logit_scale: Annotated[
        float, Field(gt=0, le=1e3, description="Logit of one spike of the output per neuron")
    ] = 1.0
    rate_cost: Annotated[
        float,
        Field(
            ge=0,
            le=1e6,
            description="Cost of a spike per hidden neuron and tick, or event of a graph, squared",
        ),
    ] = 0.0
    clip_norm: Annotated[
        float, Field(gt=0, le=1e6, description="Longest gradient that is not cut")
    ] = 1.0
    patience: Annotated[
        int, Field(ge=0, le=100_000, description="Epochs without a better validation; 0: no limit")
    ] = 0
    surrogate: Annotated[
        Literal["superspike", "arctan", "triangular", "rectangular", "multi_gaussian"],
        Field(description="Pseudo-derivative of a spike"),
    ] = "arctan"
    seed: Annotated[int, Field(ge=0, lt=2**31, description="Of everything random")] = 0


class Work(NamedTuple):
    """What is trained with what; it does not change while it goes on.

    output: population whose first extent is the classes. validation: picks the best epoch and ends
    training early; without it the last epoch is the best. grid: on which the weights of projections
    are used while they are trained, and end. keep_zeros: their weights that are zero stay so.
    """

    spec: NetworkSpec
    samples: Samples
    parameters: SurrogateTraining
    output: str = "output"
    augment: Augment | None = None
    validation: Samples | None = None
    grid: WeightGrid | None = None
    keep_zeros: bool = False


class Epoch(NamedTuple):
    """What an epoch brought; loss and accuracy on what it was trained with, as it went.

    validation: accuracy on the validation samples, NaN without any.
    """

    loss: float
    accuracy: float
    validation: float


class TrainingState(NamedTuple):
    """All that training remembers between two epochs.

    weights, best: parameters of the network by name. moments: of Adam, as `name.exp_avg`.
    step: steps of the optimizer so far. best_epoch: number of the one that made `best`.
    """

    weights: dict[str, Tensor]
    best: dict[str, Tensor]
    moments: dict[str, Tensor]
    step: int
    best_epoch: int
    history: tuple[Epoch, ...]


def start(work: Work) -> TrainingState:
    """Return the state before the first epoch; raises as `check_samples` does."""
    for samples in (work.samples, *([] if work.validation is None else [work.validation])):
        check_samples(work.spec, samples, work.output)
    weights = _copied(_network(work))
    if not weights:
        raise LearningError(f"network '{work.spec.name}' has no weights to train")
    moments = {
        f"{name}.{moment}": torch.zeros_like(weight)
        for name, weight in weights.items()
        for moment in MOMENTS
    }
    return TrainingState(weights, weights, moments, 0, 0, ())


def is_over(work: Work, state: TrainingState) -> bool:
    """Tell whether all epochs are done, or as many in vain as patience allows."""
    done, patience = len(state.history), work.parameters.patience
    if work.validation is not None and patience and done - state.best_epoch >= patience:
        return True
    return done >= work.parameters.epochs


def advance(work: Work, state: TrainingState) -> TrainingState:
    """Train for one epoch.

    Raises LearningError if loss or weights are no longer finite.
    """
    p, number = work.parameters, len(state.history)
    network = _network(work, state.weights)
    optimizer = _optimizer(network, p, state)
    generator = np.random.default_rng((p.seed, number))
    order = generator.permutation(work.samples.size)
    steps = p.epochs * math.ceil(len(order) / p.batch)
    step, loss_sum, right = state.step, 0.0, 0
    for places in np.array_split(order, range(p.batch, len(order), p.batch)):
        batch = work.samples.take(places)
        inputs = batch.inputs if work.augment is None else work.augment(batch.inputs, generator)
        label = torch.from_numpy(batch.label)
        for group in optimizer.param_groups:
            group["lr"] = p.learning_rate * 0.5 * (1 + math.cos(math.pi * step / steps))
        optimizer.zero_grad()
        logits, rate_cost = _forward(network, inputs, work)
        loss = cross_entropy(logits, label, label_smoothing=p.label_smoothing)
        (loss + p.rate_cost * rate_cost).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), p.clip_norm)
        optimizer.step()
        step += 1
        loss_sum += loss.item() * batch.size
        right += int((logits.argmax(1) == label).sum())
    weights = _copied(network)
    # A membrane that is not a number does not fire, so that the loss alone would not tell.
    if not math.isfinite(loss_sum) or not all(map(_is_finite, weights.values())):
        raise LearningError(
            f"loss or weights of epoch {number + 1} are no longer finite; lower the learning rate "
            f"({p.learning_rate:g})"
        )
    validation = math.nan if work.validation is None else accuracy(work, weights, work.validation)
    epoch = Epoch(loss_sum / len(order), right / len(order), validation)
    earlier = max((each.validation for each in state.history), default=-math.inf)
    is_best = not validation <= earlier
    return TrainingState(
        weights,
        weights if is_best else state.best,
        _moments(network, optimizer),
        step,
        number + 1 if is_best else state.best_epoch,
        (*state.history, epoch),
    )


def trained(work: Work, state: TrainingState) -> NetworkSpec:
    """Return the network with the weights of the best epoch."""
    return _network(work, state.best).spec()


def accuracy(work: Work, weights: dict[str, Tensor], samples: Samples) -> float:
    """Return the share of samples whose class fires most, in torch."""
    network, right = _network(work, weights), 0
    with torch.no_grad():
        for low in range(0, samples.size, EVALUATION_BATCH):
            batch = samples.take(slice(low, low + EVALUATION_BATCH))
            logits, _ = _forward(network, batch.inputs, work)
            right += int((logits.argmax(1) == torch.from_numpy(batch.label)).sum())
    return right / samples.size


def _network(work: Work, weights: dict[str, Tensor] | None = None) -> TorchNetwork:
    network = TorchNetwork(work.spec, SURROGATES[work.parameters.surrogate]())
    constrain(network, work.grid, work.keep_zeros)
    if weights is not None:
        with torch.no_grad():
            for name, parameter in _learned(network).items():
                parameter.copy_(weights[name])
    return network


def _forward(network: TorchNetwork, inputs: object, work: Work) -> tuple[Tensor, Tensor]:
    """Return logits (batch, classes) and the sum of the mean squared rates of hidden layers."""
    amounts = torch.from_numpy(np.ascontiguousarray(inputs)).to(torch.float32).swapaxes(0, 1)
    outputs, _ = network(_by_input(amounts, work.spec))
    classes = outputs[work.output].shape[2]
    total = outputs[work.output].sum(0).flatten(1).unflatten(1, (classes, -1)).mean(2)
    rates, events = [], amounts.sum().clamp(min=1)
    for population in work.spec.populations:
        name = population.name
        if isinstance(population.graph, EventGraphLayers):
            # A layer has as many neurons of a feature as there are events.
            inner = [each for key, each in outputs.items() if key.startswith(f"{name}.")]
            layers = *inner, outputs[name].flatten(3).sum(3)
            rates += [layer.sum((0, 1)) / events for layer in layers]
        elif name != work.output and population.neuron.spikes:
            rates.append(outputs[name].flatten(2).mean((0, 1)))
    cost = torch.stack([rate.square().mean() for rate in rates]).sum() if rates else events * 0
    return total * work.parameters.logit_scale, cost


def _by_input(amounts: Tensor, spec: NetworkSpec) -> dict[str, Tensor]:
    """Return the amounts of each input, (ticks, batch, *shape), of `Samples.inputs`."""
    parts = amounts.flatten(2).split([math.prod(each.shape) for each in spec.inputs], 2)
    return {
        each.name: part.unflatten(2, each.shape)
        for each, part in zip(spec.inputs, parts, strict=True)
    }


def _optimizer(
    network: TorchNetwork, p: SurrogateTraining, state: TrainingState
) -> torch.optim.AdamW:
    parameters = _learned(network)
    optimizer = torch.optim.AdamW(
        parameters.values(), lr=p.learning_rate, weight_decay=p.weight_decay
    )
    if state.step:
        for name, parameter in parameters.items():
            optimizer.state[parameter] = {
                "step": torch.tensor(float(state.step)),
                **{moment: state.moments[f"{name}.{moment}"].clone() for moment in MOMENTS},
            }
    return optimizer


def _moments(network: TorchNetwork, optimizer: torch.optim.AdamW) -> dict[str, Tensor]:
    return {
        f"{name}.{moment}": optimizer.state[parameter][moment].detach().clone()
        for name, parameter in _learned(network).items()
        for moment in MOMENTS
    }


def _is_finite(tensor: Tensor) -> bool:
    return bool(torch.isfinite(tensor).all())


def _copied(network: TorchNetwork) -> dict[str, Tensor]:
    return {name: each.detach().clone() for name, each in _learned(network).items()}


def _learned(network: TorchNetwork) -> dict[str, torch.nn.Parameter]:
    return {name: each for name, each in network.named_parameters() if each.requires_grad}
