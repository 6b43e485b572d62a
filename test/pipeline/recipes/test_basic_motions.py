"""Motions: what is refused, what the network gets, and a recipe that is followed in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from neuromorphic_ros.errors import BagError
from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.pipeline.encodings import ENCODERS
from neuromorphic_ros.pipeline.recipes import basic_motions as motions
from neuromorphic_ros.pipeline.recipes.recipe import Training


def training(epochs: int | None = None) -> Training:
    return Training(0, epochs, Path("nowhere"), print, lambda *_: None)


def series(cases: int) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Return noise around four postures, [cases, 6, 100], and their classes."""
    generator = np.random.default_rng(0)
    label = np.arange(cases) % 4
    posture = generator.uniform(-6, 6, (4, 6))
    values = posture[label][:, :, None] + generator.normal(0, 2, (cases, 6, 100))
    return values, [motions.CLASSES[each] for each in label]


def written(
    path: Path,
    values: npt.NDArray[np.float64],
    label: list[str],
    classes: tuple[str, ...] = motions.CLASSES,
) -> Path:
    lines = [f"@classLabel true {' '.join(classes)}", "@data"]
    for case, name in zip(values, label, strict=True):
        lines.append(":".join([*(",".join(map(str, channel)) for channel in case), name]))
    path.write_text("\n".join(lines))
    return path


def test_other_series_are_refused(tmp_path: Path) -> None:
    values, label = series(4)
    with pytest.raises(LearningError, match=r"series of \(6, 99\)"):
        motions.read(written(tmp_path / "short.ts", values[:, :, 1:], label))
    other = written(tmp_path / "other.ts", values[:1], ["Flying"], ("Standing", "Flying"))
    with pytest.raises(LearningError, match="classes Standing, Flying"):
        motions.read(other)
    with pytest.raises(BagError, match="cannot be read"):
        motions.read(tmp_path / "missing.ts")


def test_classes_are_known_by_name_whatever_their_order(tmp_path: Path) -> None:
    values, label = series(8)
    one = motions.read(written(tmp_path / "a.ts", values, label))
    other = motions.read(written(tmp_path / "b.ts", values, label, motions.CLASSES[::-1]))
    assert one.label.tolist() == other.label.tolist() == [0, 1, 2, 3] * 2
    assert motions.read(tmp_path).size == 16


def test_the_encoder_of_the_network_is_the_one_that_it_was_trained_with(tmp_path: Path) -> None:
    values, label = series(1)
    labelled = motions.read(written(tmp_path / "a.ts", values, label))
    encoder = ENCODERS["imu"]["imu_population"](motions.IMU, 0).encoder
    sample = motions.ImuSample(values[0, 3:, 0], values[0, :3, 0])
    expected = encoder.encode(sample, 0).address
    found = np.nonzero(motions.encode(labelled).inputs[0, : motions.TICKS].reshape(20, -1))[1]
    assert sorted(found) == sorted(expected)


def test_folds_share_out_every_class() -> None:
    label = np.repeat(np.arange(4), 20)
    fold = motions.folds(label, 0)
    for one in range(motions.FOLDS):
        assert np.bincount(label[fold == one]).tolist() == [2, 2, 2, 2]


def test_a_model_is_made_measured_on_what_it_has_not_seen_and_measures_others(
    tmp_path: Path,
) -> None:
    values, label = series(24)
    made = motions.RECIPE.make(written(tmp_path / "a.ts", values, label), training())
    assert made.measured.samples == 24
    assert made.measured.value > 0.9
    unseen = np.roll(values, 17, axis=2)
    found = motions.RECIPE.measure(made.spec, written(tmp_path / "b.ts", unseen, label))
    assert found.value > 0.9
    assert found.sample_ms == 10_000.0


def test_labels_by_chance_are_measured_as_chance(tmp_path: Path) -> None:
    values, label = series(24)
    shuffled = np.random.default_rng(1).permutation(label).tolist()
    made = motions.RECIPE.make(written(tmp_path / "a.ts", values, shuffled), training())
    assert made.measured.value < 0.6


def test_too_few_series_and_epochs_are_refused(tmp_path: Path) -> None:
    values, label = series(24)
    with pytest.raises(LearningError, match="no epochs"):
        motions.RECIPE.make(written(tmp_path / "a.ts", values, label), training(epochs=3))
    with pytest.raises(LearningError, match="too few"):
        motions.RECIPE.make(written(tmp_path / "b.ts", values[:3], label[:3]), training())


@pytest.mark.data
def test_real_motions_are_told_apart_above_95_percent(shared_data: Path) -> None:
    made = motions.RECIPE.make(shared_data / motions.RECIPE.source.file, training())
    assert made.measured.samples == 40
    assert made.measured.value > 0.95
