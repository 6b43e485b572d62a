"""What compressing a network changed: its size, its weights, its spikes and its answers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from neuromorphic_ros.compression.quantize import Rounding
from neuromorphic_ros.learning.classification import Interval, Network, predict, wilson
from neuromorphic_ros.learning.samples import Samples
from neuromorphic_ros.pipeline.calibration import Calibration
from neuromorphic_ros.pipeline.compression import Compressed, Size, size_of
from neuromorphic_ros.pipeline.spike_comparison import (
    SpikeComparison,
    compare_spikes,
    run_pieces,
)
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.weight_grid import WeightGrid

OUTPUT = "output"


class Accuracy(NamedTuple):
    """Share of samples that were given their class, with Wilson's 95 % interval."""

    value: float
    ci95: Interval
    samples: int


class CompressionReport(NamedTuple):
    """A network before and after.

    accuracy: none: the input has no labels. populations: those that spike and are still whole.
    """

    before: Size
    after: Size
    roundings: tuple[Rounding, ...]
    populations: tuple[SpikeComparison, ...]
    accuracy_before: Accuracy | None
    accuracy: Accuracy | None

    @property
    def reduction(self) -> float:
        """How many times fewer bits all weights take that are left."""
        return self.before.weight_bits / max(self.after.weight_bits, 1)

    def document(self) -> dict[str, Any]:
        """Return what was found as JSON has it."""
        return {
            "before": self.before._asdict(),
            "after": self.after._asdict(),
            "reduction": self.reduction,
            "roundings": [each._asdict() for each in self.roundings],
            "populations": [each._asdict() for each in self.populations],
            "accuracy_before": _document(self.accuracy_before),
            "accuracy": _document(self.accuracy),
        }


def report(
    spec: NetworkSpec,
    compressed: Compressed,
    grid: WeightGrid | None,
    calibration: Calibration,
) -> CompressionReport:
    """Run a network as it was and as it is now, and compare.

    grid: on which its weights are now.
    """
    networks = StreamingNetwork(spec), compressed.network
    fired = [run_pieces(each, calibration.measured) for each in networks]
    accuracies = [_accuracy(each, calibration.held_out) for each in networks]
    return CompressionReport(
        before=size_of(spec),
        after=size_of(compressed.spec, grid),
        roundings=compressed.roundings,
        populations=compare_spikes(compressed.spec, fired[1], spec, fired[0]),
        accuracy_before=accuracies[0],
        accuracy=accuracies[1],
    )


def _accuracy(network: Network, samples: Samples | None) -> Accuracy | None:
    if samples is None:
        return None
    right = int(np.sum(predict(network, samples, OUTPUT) == samples.label))
    return Accuracy(right / samples.size, wilson(right, samples.size), samples.size)


def _document(accuracy: Accuracy | None) -> dict[str, Any] | None:
    if accuracy is None:
        return None
    return {**accuracy._asdict(), "ci95": list(accuracy.ci95)}
