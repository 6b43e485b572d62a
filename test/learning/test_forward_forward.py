"""Forward-forward: labels told with the input, and the label with most goodness taken."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.learning.samples import LearningError, Samples

from .networks import CHANNELS, CLASSES, TICKS, samples

torch = pytest.importorskip("torch")

from neuromorphic_ros.learning.forward_forward import (  # noqa: E402
    predict_forward_forward,
    train_forward_forward,
    with_label,
)
from neuromorphic_ros.learning.goodness import (  # noqa: E402
    DenseLayer,
    LocalTraining,
    SpikingLayer,
)

from .test_goodness import spiking  # noqa: E402


def pictures(count: int = 60, seed: int = 0) -> Samples:
    """Return what is in the sequences as pictures, the mean over ticks."""
    given = samples(count, seed)
    return Samples(given.inputs.mean(axis=1, dtype=np.float32), given.label)


def test_labels_that_are_no_classes_are_refused() -> None:
    with pytest.raises(LearningError, match="classes 0 to 1"):
        with_label(pictures(), np.full(60, 2), CLASSES)
    with pytest.raises(LearningError, match="no other label"):
        train_forward_forward([DenseLayer(9, 4, 0)], pictures(), 1, LocalTraining())


def test_the_label_is_a_channel_of_its_own() -> None:
    told = with_label(pictures(), pictures().label, CLASSES, 3.0)
    assert told.shape == (60, CHANNELS + CLASSES)
    assert torch.equal(told[:, CHANNELS:].argmax(1), torch.from_numpy(pictures().label))
    assert told[:, CHANNELS:].max() == 3.0
    given = samples(4)
    told = with_label(given, given.label, CLASSES)
    assert told.shape == (TICKS, 4, CHANNELS + CLASSES)
    assert torch.equal(told[:, :, CHANNELS:].sum(0).max(1).values, torch.full((4,), float(TICKS)))


def test_dense_layers_learn() -> None:
    layers = [DenseLayer(CHANNELS + CLASSES, 24, 0), DenseLayer(24, 24, 1)]
    parameters = LocalTraining(epochs=40, batch=16, learning_rate=0.01)
    history = train_forward_forward(layers, pictures(), CLASSES, parameters)
    assert all(losses[-1] < losses[0] for losses in history)
    unseen = pictures(80, seed=1)
    assert np.mean(predict_forward_forward(layers, unseen, CLASSES) == unseen.label) >= 0.9


def test_a_spiking_layer_learns() -> None:
    layers = [SpikingLayer(spiking(CHANNELS + CLASSES, 24))]
    parameters = LocalTraining(
        epochs=40,
        batch=16,
        learning_rate=0.01,
        threshold_positive=0.1,
        threshold_negative=0.1,
        sharpness=20.0,
    )
    train_forward_forward(layers, samples(60), CLASSES, parameters, strength=2.0)
    unseen = samples(80, seed=1)
    found = predict_forward_forward(layers, unseen, CLASSES, strength=2.0)
    assert np.mean(found == unseen.label) >= 0.9
