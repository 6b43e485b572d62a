"""Local layers: no gradient crosses one, and each learns what it is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.snn.neurons.leaky import Li, Lif
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.weights import Normal

torch = pytest.importorskip("torch")

from neuromorphic_ros.learning.goodness import (  # noqa: E402
    Contrast,
    DenseLayer,
    LocalTraining,
    SpikingLayer,
    goodness,
    local_loss,
    pass_on,
    train_layer,
)

LOCAL = LocalTraining(
    epochs=3, batch=8, learning_rate=0.02, threshold_positive=0.1, threshold_negative=0.1
)


def spiking(inputs: int, neurons: int, seed: int = 0) -> NetworkSpec:
    return NetworkSpec(
        name="layer",
        dt_ms=1.0,
        inputs=(Input("spikes", (inputs,)),),
        populations=(Population("layer", (neurons,), Lif(tau_mem_ms=5.0, reset="subtract")),),
        projections=(Projection("spikes", "layer", Normal(0.05, 0.3)),),
        seed=seed,
    )


def pair(kind: str) -> list[Any]:
    if kind == "dense":
        return [DenseLayer(8, 10, 0), DenseLayer(10, 6, 1)]
    return [SpikingLayer(spiking(8, 10)), SpikingLayer(spiking(10, 6, 1))]


def inputs_of(kind: str, count: int = 16, seed: int = 0) -> Any:
    generator = torch.Generator().manual_seed(seed)
    if kind == "dense":
        return torch.rand(count, 8, generator=generator)
    return (torch.rand(5, count, 8, generator=generator) < 0.5).float()


def test_layers_of_several_populations_are_refused() -> None:
    silent, alone = Population("silent", (2,), Li()), replace(spiking(3, 2), projections=())
    with pytest.raises(LearningError, match="one population"):
        SpikingLayer(replace(alone, populations=(silent, Population("other", (2,)))))
    with pytest.raises(LearningError, match="does not spike"):
        SpikingLayer(replace(alone, populations=(silent,)))


def test_a_loss_that_is_not_finite_is_told() -> None:
    layer = DenseLayer(8, 4, 0)
    wrong = Contrast(torch.full((4, 8), torch.nan), torch.zeros(4, 8))
    with pytest.raises(LearningError, match="loss of layer 0"):
        train_layer(layer, lambda *_: wrong, 4, LOCAL)


@pytest.mark.parametrize("kind", ["dense", "spiking"])
def test_no_gradient_crosses_a_layer(kind: str) -> None:
    lower, upper = pair(kind)
    inputs = inputs_of(kind)

    # What is sent on as training does it has no way back, though the lower layer has weights.
    through = lower(inputs)
    assert through.sent.requires_grad
    before = {name: each.clone() for name, each in lower.named_parameters()}
    # A contrast that leaves its gradient on is still cut at the layer that learns.
    history = train_layer(
        upper, lambda *_: Contrast(lower(inputs).sent, 0 * lower(inputs).sent), 16, LOCAL, 1
    )
    assert len(history) == LOCAL.epochs
    assert all(each.grad is None for each in lower.parameters())
    assert all(torch.equal(each, before[name]) for name, each in lower.named_parameters())
    assert any(each.grad is not None for each in upper.parameters())


@pytest.mark.parametrize("kind", ["dense", "spiking"])
def test_a_gradient_would_cross_without_that(kind: str) -> None:
    lower, upper = pair(kind)
    goodness(upper(lower(inputs_of(kind)).sent).strength).sum().backward()
    assert any(each.grad is not None and each.grad.any() for each in lower.parameters())


@pytest.mark.parametrize("kind", ["dense", "spiking"])
def test_what_is_passed_on_has_no_gradient(kind: str) -> None:
    lower, _ = pair(kind)
    made = pass_on(lower, inputs_of(kind))
    assert not made.sent.requires_grad
    assert not made.strength.requires_grad


@pytest.mark.parametrize("kind", ["dense", "spiking"])
def test_goodness_parts_what_is_told_apart(kind: str) -> None:
    layer, _ = pair(kind)
    positive, negative = inputs_of(kind), inputs_of(kind).clone()
    # The halves of the channels are what differs.
    positive[..., :4] = 0
    negative[..., 4:] = 0
    parameters = LocalTraining(
        epochs=60, batch=16, learning_rate=0.02, threshold_positive=0.3, threshold_negative=0.05
    )

    def margin() -> float:
        good, bad = (goodness(pass_on(layer, each).strength) for each in (positive, negative))
        return float((good - bad).mean())

    def contrast(places: Any, _: np.random.Generator) -> Contrast:
        at = torch.from_numpy(places)
        batch_axis = 0 if kind == "dense" else 1
        return Contrast(
            positive.index_select(batch_axis, at), negative.index_select(batch_axis, at)
        )

    before = margin()
    history = train_layer(layer, contrast, 16, parameters)
    assert history[-1] < history[0]
    assert margin() > before + 0.05


def test_equal_seeds_are_equal_trainings() -> None:
    def weights(seed: int) -> Any:
        layer = DenseLayer(8, 4, 0)
        inputs = inputs_of("dense", 16)
        train_layer(
            layer,
            lambda places, _: Contrast(inputs[places], inputs[places] * 0.5),
            16,
            LocalTraining(epochs=2, batch=4, seed=seed),
        )
        return layer.weight.detach()

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))


def test_a_dense_layer_does_not_see_the_length_of_its_input() -> None:
    layer, inputs = DenseLayer(8, 4, 0), inputs_of("dense")
    assert torch.allclose(layer(inputs).strength, layer(7 * inputs).strength, atol=1e-3)


def test_the_loss_is_that_of_the_paper() -> None:
    positive, negative = torch.tensor([3.0, 1.0]), torch.tensor([0.5, 2.5])
    p = LocalTraining(threshold_positive=2.0, threshold_negative=1.0, penalty=0.1)
    expected = np.mean(
        np.log1p(np.exp(2 - positive.numpy()))
        + np.log1p(np.exp(negative.numpy() - 1))
        + 0.1 * positive.numpy()
    )
    assert float(local_loss(positive, negative, p)) == pytest.approx(expected, rel=1e-5)


def test_a_spiking_strength_is_spikes_per_tick() -> None:
    layer = SpikingLayer(spiking(8, 10))
    inputs = inputs_of("spiking")
    made = pass_on(layer, inputs)
    assert made.sent.shape == (5, 16, 10)
    assert torch.allclose(made.strength, made.sent.mean(0))
    assert set(made.sent.unique().tolist()) <= {0.0, 1.0}
