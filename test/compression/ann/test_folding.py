"""Layers between two activations as linear maps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.sparse

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from neuromorphic_ros.compression.ann.folding import Block, blocks  # noqa: E402
from neuromorphic_ros.compression.ann.layers import AnnError, Relu, Values  # noqa: E402
from neuromorphic_ros.compression.ann.torch_modules import ann_of_module  # noqa: E402
from neuromorphic_ros.snn.array import Array  # noqa: E402
from neuromorphic_ros.snn.patterns import AllToAll, Conv2d, Pool2d  # noqa: E402
from neuromorphic_ros.snn.spec import Link  # noqa: E402
from neuromorphic_ros.snn.synapses import expanded  # noqa: E402

from .networks import convolutional, samples  # noqa: E402


def mapped(block: Block, values: Values) -> Values:
    """Return what the synapses of a block make of samples, as the engine would add it up."""
    for each in block.maps:
        pre = values.shape[1:]
        weights = 1.0 if each.weight is None else Array(each.weight)
        link = Link(each.pattern, weights, None, pre, each.post)
        made: Any = expanded(link, np.random.default_rng(0))
        if not isinstance(made, np.ndarray):
            size = (math.prod(pre), math.prod(each.post))
            made = scipy.sparse.csr_array((made.weight, made.target, made.row), shape=size)
        values = values.reshape(len(values), -1) @ made
        values = values.reshape(-1, *each.post)
        if each.bias is not None:
            values = values + each.bias.reshape(-1, *[1] * (len(each.post) - 1))
    return np.maximum(values, 0) if isinstance(block.activation, Relu) else values


def test_blocks_make_what_the_layers_make() -> None:
    module, values = convolutional(), samples()
    found = blocks(ann_of_module(module, (2, 8, 8)))
    assert [len(block.maps) for block in found] == [1, 2, 1, 1]
    assert [block.place for block in found] == [1, 4, 9, 11]
    patterns = [type(each.pattern) for block in found for each in block.maps]
    assert patterns == [Conv2d, Pool2d, Conv2d, AllToAll, AllToAll]
    made = values.numpy()
    for block in found:
        made = mapped(block, made)
        through = block.place + (block.activation is not None)
        expected = module[: through + 1](values).detach().numpy()
        assert math.prod(expected.shape) == made.size
        assert np.allclose(made.ravel(), expected.ravel(), atol=1e-5)


@pytest.mark.parametrize(
    ("layers", "complaint"),
    [
        ([nn.BatchNorm1d(4), nn.Linear(4, 2)], r"layer 0 \(0\): BatchNorm is folded"),
        ([nn.Linear(4, 4), nn.ReLU(), nn.BatchNorm1d(4)], r"layer 2 \(2\): BatchNorm is folded"),
        ([nn.ReLU(), nn.Linear(4, 2)], r"layer 0 \(relu\): an activation needs"),
        ([nn.Linear(4, 4), nn.ReLU(), nn.ReLU()], r"layer 2 \(relu\): an activation needs"),
        ([nn.Flatten()], "the network ends without a Linear or Conv2d"),
    ],
)
def test_what_cannot_be_folded_is_named(layers: list[nn.Module], complaint: str) -> None:
    with pytest.raises(AnnError, match=complaint):
        blocks(ann_of_module(nn.Sequential(*layers), (4,)))


def test_a_pooling_at_the_end_is_not_lost() -> None:
    layers = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(), nn.AvgPool2d(2))
    with pytest.raises(AnnError, match="the network ends without a Linear or Conv2d"):
        blocks(ann_of_module(layers, (1, 4, 4)))
