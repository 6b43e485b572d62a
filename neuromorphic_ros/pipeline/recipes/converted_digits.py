"""Handwritten digits by a conventional network, trained to be converted, and converted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuromorphic_ros.compression.ann.weights_file import write_ann
from neuromorphic_ros.compression.ann_to_snn import ConversionParameters, convert
from neuromorphic_ros.learning.classification import evaluate
from neuromorphic_ros.learning.samples import LearningError, Samples, split_by_class
from neuromorphic_ros.pipeline.labelled_vectors import LabelledVectors, read_vectors
from neuromorphic_ros.pipeline.measurement import Measurement, of_classes
from neuromorphic_ros.pipeline.recipes import digits
from neuromorphic_ros.pipeline.recipes.recipe import Made, Training
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.tick_spikes import evenly_spaced

SHAPE, CLASSES = (64,), 10
LARGEST = 16.0
"""Amount of a pixel that is all ink."""
TICKS = 16
LEVELS = 8
EPOCHS = 60
HELD_OUT = 0.2
PARAMETERS = ConversionParameters(bits=8)
ANN_FILE = "converted_digits.safetensors"


class _Recipe:
    """Train with quantised activations, convert to 8-bit weights, measure after 16 ticks."""

    name = "converted_digits"
    task = "handwritten digits, 8 x 8 pixels as rates, by a converted conventional network"
    classes = tuple(map(str, range(CLASSES)))
    source = digits.RECIPE.source
    split = "a fifth of each class at random, no part in training or in calibration"

    def make(self, path: Path, training: Training) -> Made:
        """Train as `recipe.Recipe` says; the conventional network is written beside the other.

        Raises BackendError if there is no torch.
        """
        # Only training needs torch.
        from neuromorphic_ros.pipeline.recipes.ann_training import AnnTraining, trained

        data = read(path)
        assert data.label is not None
        held_out = split_by_class(data.label, HELD_OUT, training.seed)
        if held_out.all():
            raise LearningError(f"{path}: {data.size} pictures are too few to hold some out")
        seen = data.take(~held_out)
        epochs = EPOCHS if training.epochs is None else training.epochs
        how = AnnTraining("dense", epochs, LEVELS, LARGEST, training.seed)
        ann = trained(seen, CLASSES, how, training.progress)
        write_ann(ann, training.checkpoints / ANN_FILE)
        spec = convert(ann, seen.samples, PARAMETERS, self.name).spec
        return Made(spec, _measured(spec, data.take(held_out)))

    def measure(self, spec: NetworkSpec, path: Path) -> Measurement:
        """Measure as `recipe.Recipe` says."""
        return _measured(spec, read(path))


def read(path: Path) -> LabelledVectors:
    """Read an archive of pictures, 0 to 16, with their labels; raises LearningError."""
    data = read_vectors(path, SHAPE)
    if data.label is None or data.label.max() >= CLASSES:
        raise LearningError(f"{path}: has no labels from 0 to {CLASSES - 1}")
    return data


def _measured(spec: NetworkSpec, data: LabelledVectors) -> Measurement:
    assert data.label is not None
    levels = np.clip(data.samples.astype(np.float64) / LARGEST, 0, 1)
    amounts = np.zeros((data.size, TICKS, *SHAPE), np.uint8)
    for level, amount in zip(levels, amounts, strict=True):
        spikes = evenly_spaced(level, 0, TICKS)
        tick = np.repeat(np.arange(TICKS), np.diff(spikes.first))
        amount.reshape(TICKS, -1)[tick, spikes.address] = 1
    found = evaluate(spec, Samples(amounts, data.label))
    return of_classes(found, TICKS * spec.dt_ms)


RECIPE = _Recipe()
