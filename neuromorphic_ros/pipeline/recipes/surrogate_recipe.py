"""A recipe by which a network learns classes by surrogate gradients."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.learning.classification import evaluate
from neuromorphic_ros.learning.samples import Amounts, Samples
from neuromorphic_ros.pipeline.measurement import Measurement, of_classes
from neuromorphic_ros.pipeline.recipes.recipe import Labelled, Made, Source, Training
from neuromorphic_ros.snn.spec import NetworkSpec


class SurrogateRecipe(NamedTuple):
    """From recordings to a trained network.

    read: from a file or folder; raises LearningError. folds: true for the recordings that are held
    out to measure accuracy, from a seed; of several folds each trains a network to be measured, and
    one more is trained on everything. encode: as the robot would; train: the same or more, varied
    by the seed. augment: by place in the batch, see `learning.samples.Augment`. parameters: fields
    of `learning.surrogate.SurrogateTraining`. complete: adds to a trained network what is not
    trained.
    """

    name: str
    task: str
    classes: tuple[str, ...]
    source: Source
    split: str
    spec: NetworkSpec
    parameters: dict[str, Any]
    read: Callable[[Path], Labelled]
    folds: Callable[[Labelled, int], list[npt.NDArray[np.bool_]]]
    encode: Callable[[Labelled], Samples]
    train: Callable[[Labelled, int], Samples]
    augment: Callable[[Amounts, np.random.Generator], Amounts] | None = None
    complete: Callable[[NetworkSpec], NetworkSpec] | None = None

    def make(self, path: Path, training: Training) -> Made:
        """Train as `recipe.Recipe` says; raises BackendError if there is no torch."""
        # Only training needs torch.
        from neuromorphic_ros.pipeline.model_training import make

        return make(self, path, training)

    def measure(self, spec: NetworkSpec, path: Path) -> Measurement:
        """Measure as `recipe.Recipe` says."""
        samples = self.encode(self.read(path))
        return of_classes(evaluate(spec, samples), samples.inputs.shape[1] * spec.dt_ms)
