"""Layers in numpy make what those of torch make."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from neuromorphic_ros.compression.ann import forward  # noqa: E402
from neuromorphic_ros.compression.ann.forward import activations, outputs  # noqa: E402
from neuromorphic_ros.compression.ann.torch_modules import (  # noqa: E402
    QcfsActivation,
    ann_of_module,
)

from .networks import convolutional, samples  # noqa: E402


@settings(max_examples=40, deadline=None)
@given(
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 2)),
    padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    groups=st.sampled_from([1, 2, 4]),
    bias=st.booleans(),
)
def test_a_convolution_of_any_shape_is_that_of_torch(
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
    bias: bool,
) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(4, 8, kernel, stride, padding, dilation, groups, bias),
        nn.AvgPool2d((1, 2), stride=1, padding=(0, 1)),
    )
    values = torch.randn(3, 4, 6, 7)
    made = outputs(ann_of_module(module, (4, 6, 7)), values.numpy())
    assert np.allclose(made, module(values).detach().numpy(), atol=1e-5)


def test_every_layer_makes_what_it_makes_in_torch() -> None:
    module, values = convolutional(), samples()
    ann = ann_of_module(module, (2, 8, 8))
    made = activations(ann, values.numpy(), tuple(range(len(module))))
    for layer, each in zip(module, made, strict=True):
        values = layer(values)
        assert np.allclose(each, values.detach().numpy(), atol=1e-5)


def test_a_quantised_activation_is_that_of_torch() -> None:
    module = nn.Sequential(nn.Linear(1, 1), QcfsActivation(4, threshold=2.0))
    with torch.no_grad():
        module[0].weight.fill_(1.0)
        module[0].bias.fill_(0.0)
    values = torch.linspace(-1, 3, 81)[:, None]
    made = outputs(ann_of_module(module, (1,)), values.numpy())
    assert np.array_equal(made, module(values).detach().numpy())
    assert np.unique(made).tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ann, values = ann_of_module(convolutional(), (2, 8, 8)), samples().numpy()
    whole = outputs(ann, values)
    monkeypatch.setattr(forward, "BATCH_NUMBERS", 5000)
    assert np.allclose(outputs(ann, values), whole, atol=1e-6)
