"""What tensors fit an architecture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.compression.ann.layers import Ann, AnnError, Architecture, ann_of
from neuromorphic_ros.parameters import build

CONV = {"type": "conv2d", "name": "conv", "padding": 1}
NORM = {"type": "batch_norm", "name": "norm"}
RELU = {"type": "relu"}
POOL = {"type": "avg_pool2d", "kernel": 2}
FLATTEN = {"type": "flatten"}
LINEAR = {"type": "linear", "name": "fc"}
TENSORS = {
    "conv.weight": np.ones((3, 1, 3, 3), np.float32),
    "conv.bias": np.ones(3),
    "norm.running_mean": np.zeros(3),
    "norm.running_var": np.ones(3),
    "fc.weight": np.ones((2, 12), np.int64),
}


def made(*layers: dict[str, Any], **changed: Any) -> Ann:
    values = {"input": (1, 4, 4), "layers": layers}
    tensors = TENSORS | {name.replace("__", "."): each for name, each in changed.items()}
    architecture = build(Architecture, values, "network", AnnError)
    return ann_of(architecture, {name: each for name, each in tensors.items() if each is not None})


def test_shapes_follow_from_the_layers_and_what_is_not_named_is_left_out() -> None:
    ann = made(CONV, NORM, RELU, POOL, FLATTEN, LINEAR, stranger=np.ones(10**6))
    assert ann.shapes == ((3, 4, 4), (3, 4, 4), (3, 4, 4), (3, 2, 2), (12,), (2,))
    assert ann.tensors.keys() == TENSORS.keys()
    assert {each.dtype for each in ann.tensors.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("layers", "changed", "complaint"),
    [
        ([], {}, "layers"),
        ([{"type": "max_pool2d", "kernel": 2}], {}, "max_pool2d"),
        ([{**CONV, "stride": 0}], {}, "stride"),
        ([{**CONV, "name": "a b"}], {}, "name"),
        ([{**CONV, "code": "import os"}], {}, "code is not a known field"),
        ([CONV], {"conv__weight": None}, "layer 'conv' (conv2d) has no tensor 'conv.weight'"),
        ([CONV], {"conv__weight": np.ones((3, 2, 3, 3))}, "layer 0 (conv): its weight has shape"),
        ([CONV], {"conv__weight": np.ones((3, 1, 3))}, "it needs four axes"),
        ([CONV], {"conv__weight": np.full((3, 1, 3, 3), np.nan)}, "NaN, infinity"),
        ([CONV], {"conv__weight": np.full((3, 1, 3, 3), 1e300)}, "what float32 cannot"),
        ([CONV], {"conv__weight": np.ones((3, 1, 3, 3), complex)}, "complex128, not numbers"),
        ([CONV], {"conv__weight": np.ones((0, 1, 3, 3))}, "four axes"),
        ([CONV], {"conv__weight": np.ones((3, 1, 9, 9))}, "does not fit into"),
        ([CONV], {"conv__bias": np.ones(4)}, "its bias has shape (4,)"),
        ([{**CONV, "groups": 2}], {}, "2 groups do not divide"),
        ([CONV, NORM], {"norm__running_var": np.full(3, -1.0)}, "running_var is negative"),
        ([CONV, NORM], {"norm__running_mean": np.ones(1)}, "its running_mean has shape (1,)"),
        ([CONV, LINEAR], {}, "layer 1 (fc): its weight has shape (2, 12), its input (3, 4, 4)"),
        ([FLATTEN, POOL], {}, "layer 1 (avg_pool2d): avg_pool2d needs (channels, height, width)"),
        ([{"type": "qcfs", "name": "q", "levels": 4}], {"q__threshold": np.zeros(1)}, "positive"),
        ([{**POOL, "padding": 2**31}], {}, "more than"),
        ([{**POOL, "kernel": 2**21, "padding": 2**20}], {}, "sees more than"),
        ([{**CONV, "padding": 2**20, "stride": 2**20}], {}, "sees more than"),
    ],
)
def test_what_does_not_fit_is_named(
    layers: list[dict[str, Any]], changed: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(AnnError) as refused:
        made(*layers, **changed)
    assert complaint in str(refused.value)


def test_endless_strides_are_refused_before_they_are_copied() -> None:
    endless = np.broadcast_to(np.float32(1), (2**20, 1, 2**10, 2**10))
    with pytest.raises(AnnError, match="more than"):
        made(CONV, conv__weight=endless)
