"""The same projection in a conventional network, which computes every weight in every tick."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from neuromorphic_ros.snn.patterns import Conv1d, Conv2d, Pool2d
from neuromorphic_ros.snn.spec import Link, NetworkSpec
from neuromorphic_ros.snn.synapses import weight_shape
from neuromorphic_ros.snn.weights import ITEM_BYTES
from neuromorphic_ros.spikes import Shape


class DenseEquivalent(NamedTuple):
    """What a dense computation of a projection takes per tick.

    macs: multiply-accumulates, as NeuroBench counts dense synaptic operations: zero weights and
    inputs too, the padding of a convolution not. weight_bytes: its weights, in the projection's
    precision; those of a convolution once.
    """

    macs: int
    weight_bytes: int


def dense_equivalent(spec: NetworkSpec, index: int) -> DenseEquivalent:
    """Return what the projection `spec.projections[index]` takes densely, all of its maps.

    A random pattern is a full matrix then: dense hardware keeps no lists of targets.
    """
    projection = spec.projections[index]
    links = spec.stages(projection)
    weights = sum(math.prod(weight_shape(link)) for link in links)
    return DenseEquivalent(
        sum(_macs(link) for link in links), weights * ITEM_BYTES[projection.precision]
    )


def _macs(link: Link) -> int:
    pattern, pre, post = link.pattern, link.pre, link.post
    if isinstance(pattern, Conv1d):
        return _conv_macs(pattern.flat, (pre[0], 1, pre[1]), (post[0], 1, post[1]))
    if isinstance(pattern, Conv2d):
        return _conv_macs(pattern, pre, post)
    if isinstance(pattern, Pool2d):
        return _conv_macs(pattern.sliding(pre[0]), pre, post)
    return math.prod(weight_shape(link))


def _conv_macs(pattern: Conv2d, pre: Shape, post: Shape) -> int:
    taps = 1
    for axis in (0, 1):
        place = (
            np.arange(post[1 + axis])[:, None] * pattern.stride[axis]
            + np.arange(pattern.kernel[axis]) * pattern.dilation[axis]
            - pattern.borders[axis][0]
        )
        taps *= int(np.count_nonzero((place >= 0) & (place < pre[1 + axis])))
    return taps * post[0] * (pre[0] // pattern.groups)
