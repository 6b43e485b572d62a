"""Classes of series by a liquid, on series that we make and on a real watch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from neuromorphic_ros.pipeline.liquid import LiquidParameters
from neuromorphic_ros.pipeline.series_classifier import (
    ClassifierError,
    SeriesClassifier,
    confusion,
    folds,
    liquid_features,
    load,
    save,
    train,
)
from neuromorphic_ros.snn.reservoir import ReservoirParameters

PARAMETERS = LiquidParameters(
    reservoir=ReservoirParameters(
        shape=(3, 3, 6),
        reach=5.0,
        input_weights="graded",
        input_probability=1.0,
        input_scale=0.2,
        tau_mem_ms=(50.0, 200.0),
    ),
    low=(-1.0,),
    high=(1.0,),
    ticks=10,
)
CLASSES = ("slow", "fast")


def waves(cases: int, seed: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return sines of two frequencies with random phases."""
    generator = np.random.default_rng(seed)
    label = np.arange(cases) % 2
    cycles = np.where(label, 12.0, 3.0)[:, None] * np.linspace(0, 1, 60)
    phase = generator.uniform(0, 1, (cases, 1))
    return np.sin(2 * np.pi * (cycles + phase))[:, None, :], label


@pytest.fixture(scope="module")
def classifier() -> SeriesClassifier:
    values, label = waves(16, 0)
    return train(PARAMETERS, liquid_features(PARAMETERS, values), label, CLASSES)


def test_unseen_series_are_told_apart(classifier: SeriesClassifier) -> None:
    values, label = waves(16, 1)
    found = classifier.classify(liquid_features(PARAMETERS, values))
    assert confusion(label, found, 2).tolist() == [[8, 0], [0, 8]]


def test_labels_that_mean_nothing_are_not_learned() -> None:
    values, _ = waves(24, 2)
    features = liquid_features(PARAMETERS, values)
    label = np.random.default_rng(0).permutation(np.arange(24) % 2)
    right = 0
    for case in range(24):
        others = np.arange(24) != case
        model = train(PARAMETERS, features[others], label[others], CLASSES)
        right += int(model.classify(features[[case]])[0] == label[case])
    assert right <= 19


def test_a_case_does_not_depend_on_the_ones_before() -> None:
    values, _ = waves(3, 0)
    together = liquid_features(PARAMETERS, values)
    np.testing.assert_array_equal(together[2:], liquid_features(PARAMETERS, values[2:]))


def test_a_file_brings_it_back(classifier: SeriesClassifier, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    save(classifier, path)
    back = load(path)
    assert back.parameters == classifier.parameters
    assert back.classes == CLASSES
    np.testing.assert_array_equal(back.weights, classifier.weights)
    np.testing.assert_array_equal(back.centre, classifier.centre)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"rubbish" * 100])
def test_rubbish_is_no_classifier(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    with pytest.raises(ClassifierError, match="is no classifier"):
        load(path)


def test_a_file_that_is_missing_or_cut_is_no_classifier(
    classifier: SeriesClassifier, tmp_path: Path
) -> None:
    path = tmp_path / "model.npz"
    with pytest.raises(ClassifierError, match="is no classifier"):
        load(path)
    save(classifier, path)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 97):
        path.write_bytes(whole[:length])
        with pytest.raises(ClassifierError):
            load(path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"weights": np.zeros((3, 2))}, "weights"),
        ({"centre": np.full(108, np.nan)}, "finite"),
        ({"classes": np.array(["slow"])}, "1 classes"),
        ({"liquid": np.array("{}")}, "reservoir is missing"),
        ({"liquid": np.array("{")}, "no JSON"),
        ({"centre": np.array([{}], object)}, "is no classifier"),
    ],
)
def test_a_file_that_does_not_fit_itself_is_refused(
    classifier: SeriesClassifier, tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    path = tmp_path / "model.npz"
    save(classifier, path)
    with np.load(path) as file:
        content = dict(file)
    np.savez(path, **{**content, **change})
    with pytest.raises(ClassifierError, match=complaint):
        load(path)


@pytest.mark.parametrize("shape", [(2, 60), (2, 3, 60), (2, 1, 1)])
def test_other_series_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ClassifierError, match="do not fit a liquid"):
        liquid_features(PARAMETERS, np.zeros(shape))


@pytest.mark.parametrize(
    ("features", "label", "complaint"),
    [(0, [], "cannot be trained"), (2, [0], "cannot be trained"), (2, [0, 2], "none of")],
)
def test_labels_that_do_not_fit_are_refused(
    features: int, label: list[int], complaint: str
) -> None:
    with pytest.raises(ClassifierError, match=complaint):
        train(PARAMETERS, np.zeros((features, 108)), np.array(label, np.int64), CLASSES)


def test_folds_share_out_every_class() -> None:
    label = np.repeat(np.arange(4), 10)
    fold = folds(label, 5, np.random.default_rng(0))
    for one in range(5):
        assert np.bincount(label[fold == one]).tolist() == [2, 2, 2, 2]
