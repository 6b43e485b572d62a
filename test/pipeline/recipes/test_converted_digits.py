"""Digits by a conventional network that is trained to be converted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from neuromorphic_ros.compression.ann.ann_file import load_ann
from neuromorphic_ros.compression.ann.forward import outputs
from neuromorphic_ros.learning.samples import LearningError, split_by_class
from neuromorphic_ros.pipeline.labelled_vectors import LabelledVectors
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.recipes.ann_training import AnnTraining, trained
from neuromorphic_ros.pipeline.recipes.converted_digits import (
    ANN_FILE,
    HELD_OUT,
    RECIPE,
    read,
)
from neuromorphic_ros.pipeline.recipes.recipe import Training
from neuromorphic_ros.resources import share_directory


def strokes(count: int = 80) -> tuple[Any, Any]:
    """Return figures of two classes: upright and lying strokes with noise."""
    generator = np.random.default_rng(0)
    images, labels = generator.uniform(0, 3, (count, 8, 8)), np.arange(count) % 2
    images[labels == 0, 1:7, 3:5] += 13
    images[labels == 1, 3:5, 1:7] += 13
    return images, labels


@pytest.fixture
def data(tmp_path: Path) -> Path:
    images, labels = strokes()
    np.savez(tmp_path / "strokes.npz", images=images, labels=labels)
    return tmp_path / "strokes.npz"


def training(folder: Path, seed: int = 0, epochs: int = 40) -> Training:
    return Training(seed, epochs, folder, lambda _: None, lambda *_: None)


def test_the_same_seed_makes_the_same_networks_and_others_tell_strokes_apart(
    data: Path, tmp_path: Path
) -> None:
    made = [RECIPE.make(data, training(tmp_path / name)) for name in ("one", "other")]
    assert made[0].spec == made[1].spec
    one, other = (tmp_path / name / ANN_FILE for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()
    assert made[0].measured.value == 1.0
    assert made[0].measured.samples == 16
    assert made[0].measured.sample_ms == 16.0
    assert RECIPE.make(data, training(tmp_path, seed=1)).spec != made[0].spec
    assert RECIPE.measure(made[0].spec, data).samples == 80


@pytest.mark.parametrize("levels", [0, 4])
@pytest.mark.parametrize("kind", ["dense", "convolutional"])
def test_every_kind_learns_in_the_units_of_its_samples(kind: Any, levels: int) -> None:
    images, labels = strokes()
    shape = (64,) if kind == "dense" else (1, 8, 8)
    samples = LabelledVectors(images.astype(np.float32).reshape(-1, *shape), labels)
    ann = trained(samples, 2, AnnTraining(kind, 40, levels, 16.0, 0))
    right = outputs(ann, samples.samples).argmax(axis=1) == labels
    assert right.mean() == 1.0
    types = {layer.type for layer in ann.layers}
    assert ("qcfs" in types) == (levels > 0)
    assert ("conv2d" in types) == (kind == "convolutional")


def test_samples_without_labels_teach_nothing() -> None:
    samples = LabelledVectors(np.ones((4, 64), np.float32), None)
    with pytest.raises(LearningError, match="without labels"):
        trained(samples, 2, AnnTraining("dense", 1, 0, 1.0, 0))


def test_a_loss_that_is_not_finite_is_told() -> None:
    samples = LabelledVectors(np.full((4, 64), 3e38, np.float32), np.arange(4) % 2)
    with pytest.raises(LearningError, match="loss of epoch 1 is not finite"):
        trained(samples, 2, AnnTraining("dense", 1, 0, 1e-3, 0))


@pytest.mark.parametrize(
    "arrays", [{"images": np.ones((4, 8, 8))}, {"images": np.ones((1, 8, 8)), "labels": [10]}]
)
def test_other_archives_are_refused(tmp_path: Path, arrays: dict[str, Any]) -> None:
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(LearningError, match="has no labels from 0 to 9"):
        read(tmp_path / "data.npz")


def test_too_few_pictures_to_hold_some_out_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", images=np.ones((2, 8, 8)), labels=[0, 1])
    with pytest.raises(LearningError, match="2 pictures are too few"):
        RECIPE.make(tmp_path / "data.npz", training(tmp_path))


@pytest.mark.data
def test_the_shipped_network_is_within_one_percent_of_the_conventional_one(
    shared_data: Path,
) -> None:
    found = read(shared_data / RECIPE.source.file)
    assert found.label is not None
    held_out = found.take(split_by_class(found.label, HELD_OUT, 0))
    ann = load_ann(share_directory() / "models" / RECIPE.name / ANN_FILE)
    conventional = np.mean(outputs(ann, held_out.samples).argmax(axis=1) == held_out.label)
    card = find_model(RECIPE.name).card
    assert card.samples == held_out.size
    assert card.sample_ms == 16.0
    assert card.value > conventional - 0.01
    assert conventional > 0.97
