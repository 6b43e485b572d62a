"""How often a network that counts spikes is right, by how long it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.base import Runner
from neuromorphic_ros.learning.classification import Interval, wilson
from neuromorphic_ros.learning.samples import LearningError, addresses_of
from neuromorphic_ros.pipeline.labelled_vectors import LabelledVectors
from neuromorphic_ros.snn.tick_spikes import evenly_spaced


class AccuracyByTicks(NamedTuple):
    """right: int64[ticks], samples whose class had most spikes after 1, 2, ... ticks."""

    right: npt.NDArray[np.int64]
    samples: int

    def after(self, ticks: int) -> float:
        """Return the share that is right after so many ticks."""
        return float(self.right[ticks - 1]) / self.samples

    def ci95(self, ticks: int) -> Interval:
        """Return Wilson's interval of that share."""
        return wilson(int(self.right[ticks - 1]), self.samples)


def accuracy_by_ticks(
    runner: Runner,
    data: LabelledVectors,
    largest: float,
    ticks: int,
    output: str = "output",
    lag_ticks: int = 0,
    done: Callable[[int], None] = lambda _: None,
) -> AccuracyByTicks:
    """Run each sample from rest; its class is the neuron of `output` that fired most.

    Amounts become evenly spaced spikes, `largest` and what is above it one in every tick. Among
    equal classes the first is taken. lag_ticks: by which the output is late. done: is told how many
    samples are.
    Raises LearningError if there are no labels or one is no class, NetworkError if there is no
    population `output`.
    """
    place = addresses_of(runner.spec, output)
    classes = place.stop - place.start
    if data.label is None or not data.size or data.label.max() >= classes:
        raise LearningError(f"samples need labels, from 0 to {classes - 1}")
    right = np.zeros(ticks, np.int64)
    for index, (sample, label) in enumerate(zip(data.samples, data.label, strict=True)):
        runner.reset()
        level = np.clip(sample.astype(np.float64) / largest, 0, 1)
        fired = runner.run(evenly_spaced(level, 0, ticks + lag_ticks)).one_by_one()
        tick = np.repeat(np.arange(fired.ticks), np.diff(fired.first)) - lag_ticks
        address = fired.address.astype(np.int64) - place.start
        mine = (address >= 0) & (address < classes) & (tick >= 0)
        votes = np.zeros((ticks, classes), np.int64)
        np.add.at(votes, (tick[mine], address[mine]), 1)
        right += votes.cumsum(axis=0).argmax(axis=1) == label
        done(index + 1)
    return AccuracyByTicks(right, data.size)


def powers_of_two(ticks: int) -> Iterator[int]:
    """Yield 1, 2, 4, ... up to a number of ticks."""
    shown = 1
    while shown <= ticks:
        yield shown
        shown *= 2
