"""What a model was found to do on labelled data, whatever its kind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.learning.classification import Evaluation, Interval
from neuromorphic_ros.snn.counts import Counts

ACCURACY = "accuracy"


class Measurement(NamedTuple):
    """How well a model did.

    metric: the one of `figures` that a card tells. figures: shares by name, nan: of nothing.
    ci95: of the metric. confusion: int64[classes, classes], rows are the true classes.
    counts: of all samples together. sample_ms: length of a sample. windows: number of samples, if
    one may hold several things that are counted, or none.
    """

    metric: str
    figures: Mapping[str, float]
    ci95: Interval
    confusion: npt.NDArray[np.int64]
    counts: Counts
    sample_ms: float
    windows: int | None = None

    @property
    def value(self) -> float:
        """The metric."""
        return self.figures[self.metric]

    @property
    def samples(self) -> int:
        """Number of samples."""
        return int(self.confusion.sum()) if self.windows is None else self.windows

    def document(self) -> dict[str, Any]:
        """Return what was found as JSON has it: a share of nothing is null."""
        figures = {name: _told(share) for name, share in self.figures.items()}
        return {
            **figures,
            "ci95": [_told(end) for end in self.ci95],
            "samples": self.samples,
            "confusion": self.confusion.tolist(),
            "synaptic_operations": int(self.counts.synaptic_events.sum()) / self.samples,
        }


def pooled(found: Sequence[Evaluation]) -> Evaluation:
    """Return the evaluations of all folds as one."""
    total = found[0]
    for each in found[1:]:
        total = Evaluation(
            total.predicted,
            total.confusion + each.confusion,
            total.counts.plus(each.counts),
        )
    return total


def of_classes(found: Evaluation, sample_ms: float) -> Measurement:
    """Return the accuracy of classes with Wilson's interval."""
    figures = {ACCURACY: found.accuracy}
    return Measurement(ACCURACY, figures, found.ci95, found.confusion, found.counts, sample_ms)


def _told(share: float) -> float | None:
    return None if math.isnan(share) else share
