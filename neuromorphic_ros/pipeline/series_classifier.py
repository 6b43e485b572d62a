"""Tell classes of recorded series apart by a liquid and a linear readout."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pydantic

from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.pipeline.liquid import Liquid, LiquidParameters
from neuromorphic_ros.snn.liquid_properties import ridge_solution

Features = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
# Of a case, while the liquid still forgets that it was at rest.
WASHOUT = 0.2
# In mean squares of the features; there are fewer cases than features.
RIDGE = 0.1


class ClassifierError(NeuromorphicError, ValueError):
    """Series or a file that a classifier cannot take."""


class SeriesClassifier(NamedTuple):
    """What was trained; centre: float64[features]. weights: float64[features, classes]."""

    parameters: LiquidParameters
    classes: tuple[str, ...]
    centre: Features
    weights: Features

    def classify(self, features: Features) -> Labels:
        """Return the class of each case, int64[cases]; features: those of `liquid_features`."""
        return np.asarray(np.argmax((features - self.centre) @ self.weights, axis=1), np.int64)


def liquid_features(parameters: LiquidParameters, values: npt.ArrayLike) -> Features:
    """Return mean and deviation of each trace over each case, float64[cases, 2 neurons].

    values: [cases, channels, samples]; each case starts at rest.
    Raises ClassifierError if they are of another number of channels or too short.
    """
    cases = np.asarray(values, np.float64)
    if cases.ndim != 3 or cases.shape[1] != parameters.channels or cases.shape[2] < 2:
        raise ClassifierError(
            f"series of shape {cases.shape} do not fit a liquid that needs (cases, "
            f"{parameters.channels}, samples), with at least two samples"
        )
    liquid = Liquid(parameters)
    features = np.empty((len(cases), 2, liquid.size))
    for case, feature in zip(cases, features, strict=True):
        liquid.reset()
        traces = liquid.run(case.T)[int(WASHOUT * len(case.T)) :]
        feature[:] = traces.mean(0), traces.std(0)
    return features.reshape(len(cases), -1)


def train(
    parameters: LiquidParameters, features: Features, label: Labels, classes: tuple[str, ...]
) -> SeriesClassifier:
    """Fit the readout by ridge regression to 1 for the class of a case and 0 for the others.

    label: int64[cases]. Raises ClassifierError if a label is no class or there are no cases.
    """
    if not label.size or label.shape != features.shape[:1]:
        raise ClassifierError(f"{len(features)} cases and {label.size} labels cannot be trained")
    if label.min() < 0 or label.max() >= len(classes):
        raise ClassifierError(f"a label of {label.min()}..{label.max()} is none of {classes}")
    centre = features.mean(0)
    wanted = np.eye(len(classes))[label]
    weights = ridge_solution(features - centre, wanted - wanted.mean(0), RIDGE)
    return SeriesClassifier(parameters, classes, centre, weights)


def confusion(label: Labels, found: Labels, classes: int) -> Labels:
    """Return how many cases of each class (rows) were taken for each (columns)."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (label, found), 1)
    return counts


def folds(label: Labels, number: int, generator: np.random.Generator) -> Labels:
    """Return the fold of each case, each with as equal a share of every class as can be."""
    fold = np.empty(label.size, np.int64)
    for one in np.unique(label):
        mine = generator.permutation(np.flatnonzero(label == one))
        fold[mine] = np.arange(mine.size) % number
    return fold


def save(classifier: SeriesClassifier, path: Path) -> None:
    """Write a classifier as .npz; the liquid is kept as parameters and seed, without synapses."""
    described = pydantic.TypeAdapter(LiquidParameters).dump_json(classifier.parameters)
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            liquid=np.array(described.decode()),
            classes=np.array(classifier.classes),
            centre=classifier.centre,
            weights=classifier.weights,
        )


def load(path: Path) -> SeriesClassifier:
    """Read what `save` wrote; raises ClassifierError if the file is none or does not fit itself."""
    try:
        with np.load(path, allow_pickle=False) as file:
            described = str(file["liquid"])
            classes = tuple(map(str, file["classes"]))
            centre = np.asarray(file["centre"], np.float64)
            weights = np.asarray(file["weights"], np.float64)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as wrong:
        raise ClassifierError(f"{path} is no classifier: {wrong}") from None
    try:
        content = json.loads(described)
    except ValueError:
        raise ClassifierError(f"{path}: its liquid is no JSON") from None
    parameters = build(LiquidParameters, content, f"{path}: liquid", ClassifierError)
    size = 2 * parameters.reservoir.size
    shapes_fit = centre.shape == (size,) and weights.shape == (size, len(classes))
    if not shapes_fit or not (np.all(np.isfinite(centre)) and np.all(np.isfinite(weights))):
        raise ClassifierError(
            f"{path}: centre {centre.shape} and weights {weights.shape} are not the finite ones of "
            f"{size} features and {len(classes)} classes"
        )
    return SeriesClassifier(parameters, classes, centre, weights)
