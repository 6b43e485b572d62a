"""Self-contrastive layers learn without labels; the readout is the best linear one."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.learning.samples import LearningError

from .networks import CHANNELS, CLASSES, samples

torch = pytest.importorskip("torch")

from neuromorphic_ros.learning.goodness import (  # noqa: E402
    DenseLayer,
    LocalTraining,
    SpikingLayer,
    goodness,
    pass_on,
)
from neuromorphic_ros.learning.scff import (  # noqa: E402
    as_inputs,
    fit_readout,
    others,
    read_out,
    strengths_of,
    train_scff,
)

from .test_forward_forward import pictures  # noqa: E402
from .test_goodness import spiking  # noqa: E402

SPIKING = LocalTraining(
    epochs=20,
    batch=16,
    learning_rate=0.01,
    threshold_positive=0.15,
    threshold_negative=0.05,
    sharpness=20.0,
)


def test_one_sample_has_no_others() -> None:
    with pytest.raises(LearningError, match="no others"):
        train_scff([DenseLayer(CHANNELS, 4, 0)], pictures().inputs[:1], LocalTraining())


def test_a_readout_needs_a_row_per_sample() -> None:
    with pytest.raises(LearningError, match="rows"):
        fit_readout(torch.zeros(3, 4), pictures(), CLASSES)


@pytest.mark.parametrize("count", [2, 3, 16])
def test_another_is_never_the_same(count: int) -> None:
    for seed in range(20):
        drawn = others(count, np.random.default_rng(seed))
        assert np.all(drawn != np.arange(count))
        assert set(drawn) <= set(range(count))


def test_a_single_sample_that_is_left_over_is_trained_too() -> None:
    layers = [DenseLayer(CHANNELS, 4, 0)]
    history = train_scff(layers, pictures(9).inputs, LocalTraining(epochs=1, batch=8))
    assert np.isfinite(history[0][0])


@pytest.mark.parametrize("kind", ["dense", "spiking"])
def test_a_sample_with_itself_gets_more_goodness_than_with_another(kind: str) -> None:
    given = samples(60) if kind == "spiking" else pictures()
    layer = DenseLayer(CHANNELS, 24, 0) if kind == "dense" else SpikingLayer(spiking(CHANNELS, 24))
    parameters = SPIKING if kind == "spiking" else LocalTraining(epochs=40, batch=16)
    inputs = as_inputs(given.inputs)
    at = torch.from_numpy(others(60, np.random.default_rng(5)))
    mixed = inputs + inputs.index_select(0 if kind == "dense" else 1, at)

    def margin() -> float:
        good, bad = (goodness(pass_on(layer, x).strength) for x in (2 * inputs, mixed))
        return float((good - bad).mean())

    before = margin()
    (losses,) = train_scff([layer], given.inputs, parameters)
    assert losses[-1] < losses[0]
    assert margin() > before


def test_spiking_layers_and_a_readout_classify() -> None:
    layers = [SpikingLayer(spiking(CHANNELS, 16)), SpikingLayer(spiking(16, 16, 1))]
    given, unseen = samples(60), samples(80, seed=1)
    train_scff(layers, given.inputs, SPIKING)
    readout = fit_readout(strengths_of(layers, given.inputs), given, CLASSES)
    found = read_out(readout, strengths_of(layers, unseen.inputs))
    assert np.mean(found == unseen.label) >= 0.9


def test_the_readout_is_where_its_loss_has_no_slope() -> None:
    given = pictures()
    strengths = torch.from_numpy(given.inputs)
    readout = fit_readout(strengths, given, CLASSES, decay=0.1)
    weight = readout.weight.clone().requires_grad_()
    logits = (strengths - readout.mean) / readout.deviation @ weight + readout.bias
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(given.label))
    (loss + 0.1 * weight.square().sum() / 2).backward()
    assert weight.grad is not None
    assert float(weight.grad.abs().max()) < 1e-3
