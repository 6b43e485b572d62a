"""Linear nodes of NIR as stages of a projection."""

from __future__ import annotations

import math
from typing import Any

import nir
import numpy as np

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.patterns import AllToAll, Conv1d, Conv2d, OneToOne, Pool2d
from neuromorphic_ros.snn.spec import Stage
from neuromorphic_ros.spikes import Shape


def pattern_of(node: Any) -> Conv1d | Conv2d | Pool2d:
    """Return the pattern of a convolution or pooling.

    Raises ValueError, TypeError or LookupError if its settings are none.
    """
    if isinstance(node, nir.Conv1d):
        return Conv1d(
            kernel=node.weight.shape[2],
            stride=_one(node.stride),
            padding=node.padding if node.padding == "same" else _one(_zero_if_valid(node.padding)),
            dilation=_one(node.dilation),
            groups=_one(node.groups),
        )
    if isinstance(node, nir.Conv2d):
        same = isinstance(node.padding, str) and node.padding == "same"
        return Conv2d(
            kernel=_pair(node.weight.shape[2:]),
            stride=_pair(node.stride),
            padding="same" if same else _pair(_zero_if_valid(node.padding)),
            dilation=_pair(node.dilation),
            groups=_one(node.groups),
        )
    return Pool2d(
        type="sum_pool2d" if isinstance(node, nir.SumPool2d) else "avg_pool2d",
        kernel=_pair(node.kernel_size),
        stride=_pair(node.stride),
        padding=_pair(node.padding),
    )


def stage(node: Any, pre: Shape, post: Shape) -> Stage:
    """Return the stage that an affine, linear, scale, convolution or pooling node is.

    pre, post: shapes before and after it. Raises NetworkError if its weights or bias misfit.
    """
    if isinstance(node, (nir.Affine, nir.Linear)):
        return Stage(AllToAll(), Array(node.weight.T), _bias(node, post), post)
    if isinstance(node, nir.Scale):
        return Stage(OneToOne(), one_or_each(node.scale, pre, (math.prod(pre),)), None, post)
    pattern = pattern_of(node)
    if isinstance(pattern, Pool2d):
        return Stage(pattern, shape=post)
    if node.weight.shape[1] * pattern.groups != pre[0]:
        raise NetworkError(
            f"has weights {node.weight.shape} in {pattern.groups} groups and gets {pre}"
        )
    return Stage(pattern, Array(node.weight), _bias(node, post), post)


def reshaped(stages: tuple[Stage, ...], pre: Shape, post: Shape) -> tuple[Stage, ...]:
    """Return stages that begin with shape `pre` and end with `post`, the same values flattened."""
    made = stages[-1].shape if stages else pre
    return stages if made == post else (*stages, Stage(OneToOne(), shape=post))


def one_or_each(values: Any, shape: Shape, stored: Shape | None = None) -> float | Array:
    """Return equal values as one number, others as an array with one value per element.

    shape: what the values are broadcast to; stored: shape of the array, if another.
    """
    array = np.asarray(values)
    first = array.flat[0]
    if np.all(array == first):
        return float(first)
    return Array(np.broadcast_to(array, shape).reshape(stored or shape))


def _bias(node: Any, post: Shape) -> Array | None:
    values = getattr(node, "bias", None)
    if values is None or not np.any(values):
        return None
    # Of a convolution per channel, else per target.
    if np.shape(values) != post[:1]:
        raise NetworkError(f"has a bias of shape {np.shape(values)} for an output of {post}")
    return Array(values)


def _zero_if_valid(padding: Any) -> Any:
    return 0 if isinstance(padding, str) and padding == "valid" else padding


def _one(values: Any) -> int:
    """Return a number that may be stored as an array of one, or of equal ones."""
    array = np.asarray(values)
    if array.size < 1 or array.dtype.kind not in "iu" or np.any(array != array.flat[0]):
        raise ValueError(f"{values!r} is not one whole number")
    return int(array.flat[0])


def _pair(values: Any) -> tuple[int, int]:
    array = np.asarray(values)
    if array.dtype.kind not in "iu" or array.size not in (1, 2):
        raise ValueError(f"{values!r} is no pair of whole numbers")
    first, last = np.broadcast_to(array.ravel(), (2,)).tolist()
    return first, last
