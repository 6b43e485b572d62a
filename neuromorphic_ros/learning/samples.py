"""Labelled sequences of spikes, as training and evaluation take them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import NetworkError, NeuromorphicError
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.tick_spikes import TickSpikes
from neuromorphic_ros.spikes import SpikeBatch

Amounts = npt.NDArray[Any]
Labels = npt.NDArray[np.int64]
Augment = Callable[[Amounts, np.random.Generator], Amounts]
"""Makes other sequences of a batch of them, (batch, ticks, *shape), with the same labels."""


class LearningError(NeuromorphicError, ValueError):
    """Data, parameters or a checkpoint that nothing can be learned from."""


class Samples(NamedTuple):
    """Sequences of one length with their classes.

    inputs: the spikes of every channel in every tick, (samples, ticks, *shape), of any real dtype;
    of a network with several inputs (samples, ticks, channels), one input after the other.
    label: int64[samples], from 0.
    """

    inputs: Amounts
    label: Labels

    @property
    def size(self) -> int:
        """Number of samples."""
        return len(self.label)

    def take(self, index: npt.NDArray[Any] | slice) -> Samples:
        """Return some of the samples, by places or a mask."""
        return Samples(self.inputs[index], self.label[index])


def check_samples(spec: NetworkSpec, samples: Samples, output: str) -> None:
    """Check that a network can learn or be asked these samples.

    output: the population whose first extent is the classes.
    Raises LearningError if there are none, their shape is neither that of the only input nor that
    of the channels of several, a value is not finite, or a label is no class; NetworkError if there
    is no population `output`.
    """
    classes = spec.population(output).shape[0]
    shape = spec.inputs[0].shape if len(spec.inputs) == 1 else (spec.channels,)
    if not samples.size or samples.size != len(samples.inputs):
        raise LearningError(
            f"there are {len(samples.inputs)} sequences and {samples.size} labels; "
            "give as many labels as sequences, and at least one"
        )
    if samples.inputs.shape[2:] != shape or not samples.inputs.shape[1]:
        raise LearningError(
            f"sequences are {samples.inputs.shape[1:]}; network '{spec.name}' takes "
            f"(ticks, {', '.join(map(str, shape))}) with at least one tick"
        )
    if samples.inputs.dtype.kind == "f" and not np.all(np.isfinite(samples.inputs)):
        raise LearningError("a sequence holds NaN or infinity")
    low, high = int(samples.label.min()), int(samples.label.max())
    if low < 0 or high >= classes:
        raise LearningError(
            f"labels are {low} to {high}; '{output}' has classes 0 to {classes - 1}"
        )


def split_by_class(label: Labels, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Choose about `share` of each class at random, at least one; true where chosen."""
    generator = np.random.default_rng(seed)
    chosen = np.zeros(len(label), bool)
    for each in np.unique(label):
        places = generator.permutation(np.flatnonzero(label == each))
        chosen[places[: max(1, round(share * len(places)))]] = True
    return chosen


def binned(batches: Sequence[SpikeBatch], ticks: int, dt_ns: int) -> Amounts:
    """Count events per channel and tick from time 0 on, uint8[n, ticks, *shape], at most 255.

    Later events are left out. Raises LearningError if there is no batch or shapes differ.
    """
    shapes = {batch.shape for batch in batches}
    if len(shapes) != 1:
        raise LearningError(f"recordings have the shapes {sorted(shapes)}; they need one in common")
    (shape,) = shapes
    size = math.prod(shape)
    amounts = np.zeros((len(batches), ticks * size), np.uint8)
    for batch, into in zip(batches, amounts, strict=True):
        tick = batch.time_ns // dt_ns
        inside = (tick >= 0) & (tick < ticks)
        place = tick[inside] * size + batch.address[inside]
        into[:] = np.minimum(np.bincount(place, minlength=into.size), 255)
    return amounts.reshape(len(batches), ticks, *shape)


def tick_spikes(sequence: Amounts) -> TickSpikes:
    """Return one sequence, (ticks, *shape), as the streaming engine takes it.

    Whole amounts become as many events, as a robot would bring them; others keep their amount.
    """
    flat = sequence.reshape(len(sequence), math.prod(sequence.shape[1:]))
    tick, address = np.nonzero(flat)
    first = np.searchsorted(tick, np.arange(len(flat) + 1))
    amount = flat[tick, address]
    events = TickSpikes(address.astype(np.uint32), first, amount.astype(np.float32))
    whole = flat.dtype.kind in "ub" or bool(np.all((amount >= 0) & (amount == np.rint(amount))))
    return events.one_by_one() if whole else events


def addresses_of(spec: NetworkSpec, name: str) -> slice:
    """Return where the neurons of a population are among the spikes of the streaming engine.

    Raises NetworkError if there is no such population.
    """
    low = 0
    for population in spec.execution_order():
        if population.name == name:
            return slice(low, low + population.size)
        low += population.size
    spec.population(name)
    raise NetworkError(f"population '{name}' is not executed")
