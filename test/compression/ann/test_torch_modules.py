"""Networks from torch modules, and the activation that is trained to be converted."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from neuromorphic_ros.compression.ann.layers import AnnError, Conv2d  # noqa: E402
from neuromorphic_ros.compression.ann.torch_modules import (  # noqa: E402
    QcfsActivation,
    ann_of_module,
)


def test_nested_sequences_and_modules_that_are_used_twice_are_followed() -> None:
    relu = nn.ReLU()
    inner = nn.Sequential(nn.Linear(2, 3), relu)
    ann = ann_of_module(nn.Sequential(inner, nn.Identity(), nn.Linear(3, 3), relu), (2,))
    assert [layer.type for layer in ann.layers] == ["linear", "relu", "linear", "relu"]
    assert set(ann.tensors) == {"0.0.weight", "0.0.bias", "2.weight", "2.bias"}


@pytest.mark.parametrize(("padding", "expected"), [("valid", (0, 0)), ("same", "same")])
def test_paddings_by_name_are_read(padding: str, expected: object) -> None:
    ann = ann_of_module(nn.Sequential(nn.Conv2d(1, 1, 3, padding=padding)), (1, 4, 4))
    assert isinstance(ann.layers[0], Conv2d)
    assert ann.layers[0].padding == expected


@pytest.mark.parametrize(
    "module",
    [
        nn.MaxPool2d(2),
        nn.AvgPool2d(2, ceil_mode=True),
        nn.AvgPool2d(2, padding=1, count_include_pad=False),
        nn.AvgPool2d(2, divisor_override=3),
        nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"),
        nn.BatchNorm2d(1, track_running_stats=False),
        nn.Flatten(2),
        nn.Sigmoid(),
    ],
)
def test_other_modules_are_named(module: nn.Module) -> None:
    with pytest.raises(AnnError, match="module '0' is "):
        ann_of_module(nn.Sequential(module), (1, 4, 4))


def test_what_is_no_sequence_is_refused() -> None:
    with pytest.raises(AnnError, match="put its layers into a Sequential"):
        ann_of_module(nn.Linear(2, 2), (2,))


def test_the_gradient_of_a_quantised_activation_passes_between_its_ends() -> None:
    activation = QcfsActivation(4, threshold=2.0)
    values = torch.tensor([-1.0, 0.6, 1.4, 3.0], requires_grad=True)
    made = activation(values)
    assert made.tolist() == [0.0, 0.5, 1.5, 2.0]
    made.sum().backward()
    assert values.grad is not None
    assert values.grad.tolist() == [0.0, 1.0, 1.0, 0.0]
    # What is clipped grows with the threshold.
    assert activation.threshold.grad is not None
    assert activation.threshold.grad > 0.5
