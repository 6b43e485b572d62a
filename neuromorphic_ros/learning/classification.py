"""Ask a network for classes, on the engine that runs on the robot."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.learning.samples import (
    Samples,
    addresses_of,
    check_samples,
    tick_spikes,
)
from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


class Evaluation(NamedTuple):
    """How a network did.

    predicted: int64[samples]. confusion: int64[classes, classes], rows are the true classes.
    counts: of all samples together.
    """

    predicted: npt.NDArray[np.int64]
    confusion: npt.NDArray[np.int64]
    counts: Counts

    @property
    def samples(self) -> int:
        """Number of samples."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """Share of the samples that were given their class."""
        return int(np.trace(self.confusion)) / self.samples

    @property
    def ci95(self) -> Interval:
        """Wilson's interval of the accuracy."""
        return wilson(int(np.trace(self.confusion)), self.samples)


class Network(Protocol):
    """A network that is run for one robot, e.g. `StreamingNetwork`."""

    spec: NetworkSpec

    def reset(self) -> None:
        """Return to rest."""

    def run(self, spikes: TickSpikes) -> TickSpikes:
        """Run one tick per tick of `spikes` and return the spikes of the neurons."""

    def membrane(self, name: str) -> npt.NDArray[Any]:
        """Return the membranes of a population now, flat."""


def evaluate(spec: NetworkSpec, samples: Samples, output: str = "output") -> Evaluation:
    """Run each sample from rest, on the streaming engine, and `predict` its class.

    Raises as `check_samples` does.
    """
    check_samples(spec, samples, output)
    network = StreamingNetwork(spec)
    predicted = predict(network, samples, output)
    classes = spec.population(output).shape[0]
    confusion = confusion_of(samples.label, predicted, classes)
    return Evaluation(predicted, confusion, network.counts())


def predict(network: Network, samples: Samples, output: str) -> npt.NDArray[np.int64]:
    """Run each sample from rest; its class is the one whose neurons in `output` fired most.

    Of neurons that never fire it is the one whose membranes are highest at the end. Among equal
    classes the first is taken.
    """
    spec = network.spec
    place, population = addresses_of(spec, output), spec.population(output)
    predicted = np.empty(samples.size, np.int64)
    for index, sequence in enumerate(samples.inputs):
        network.reset()
        fired = network.run(tick_spikes(sequence)).one_by_one().address.astype(np.int64)
        mine = fired[(fired >= place.start) & (fired < place.stop)] - place.start
        votes = np.bincount(mine, minlength=place.stop - place.start)
        support = votes if population.neuron.spikes else network.membrane(output)
        predicted[index] = support.reshape(population.shape[0], -1).sum(axis=1).argmax()
    return predicted


def confusion_of(
    true: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], classes: int
) -> npt.NDArray[np.int64]:
    """Count the samples of each true (row) and predicted (column) class."""
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (true, predicted), 1)
    return confusion


def wilson(right: int, samples: int, confidence: float = 0.95) -> Interval:
    """Return the interval in which the probability of being right lies.

    Source: Wilson, Journal of the American Statistical Association 22, 209 (1927). It takes the
    samples as independent. Raises ValueError unless 0 <= right <= samples and samples > 0.
    """
    if not 0 <= right <= samples or samples == 0:
        raise ValueError(f"{right} of {samples} is no share")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = right / samples
    middle = (share + z * z / (2 * samples)) / (1 + z * z / samples)
    spread = share * (1 - share) / samples + z * z / (4 * samples * samples)
    half = z * math.sqrt(spread) / (1 + z * z / samples)
    return Interval(max(0.0, middle - half), min(1.0, middle + half))
