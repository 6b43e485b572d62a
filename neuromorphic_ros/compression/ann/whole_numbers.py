"""Linear maps of whole numbers: the weights of a few bits, in units that thresholds take over."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.compression.ann.folding import LinearMap
from neuromorphic_ros.compression.ann.layers import Values
from neuromorphic_ros.snn.patterns import Pool2d
from neuromorphic_ros.snn.weight_grid import ENDS, channel_axis

Units = npt.NDArray[np.float64]


class ScaledMaps(NamedTuple):
    """Maps of a block, and by how much larger than that of the network their output is.

    unit: float64, one factor, or one of each channel of the output. error: root mean square of what
    rounding changed in the weights over that of the weights.
    """

    maps: tuple[LinearMap, ...]
    unit: Units
    error: float

    @property
    def largest_bias(self) -> float:
        """Largest magnitude of a bias."""
        biases = [np.abs(each.bias).max() for each in self.maps if each.bias is not None]
        return float(max(biases, default=0.0))

    def by_neuron(self) -> Units:
        """Return the unit of each neuron, of the shape of the output, or the one of all."""
        post = self.maps[-1].post
        if not self.unit.ndim:
            return self.unit
        return np.broadcast_to(self.unit.reshape(-1, *[1] * (len(post) - 1)), post)


def in_whole_numbers(maps: Sequence[LinearMap], bits: int, *, per_channel: bool) -> ScaledMaps:
    """Round the weights and biases of maps, and let poolings add instead of average.

    per_channel: each channel of the last weights has a unit of its own.
    """
    last = max(place for place, each in enumerate(maps) if each.weight is not None)
    unit = np.array(1.0)
    rounded, changed, total = [], 0.0, 0.0
    for place, each in enumerate(maps):
        weight, bias = each.weight, each.bias
        if isinstance(each.pattern, Pool2d):
            unit = unit * math.prod(each.pattern.kernel)
            each = each._replace(pattern=dataclasses.replace(each.pattern, type="sum_pool2d"))
        elif weight is not None:
            axis = channel_axis(each.pattern) if per_channel and place == last else None
            exact = weight.astype(np.float64)
            weight, per_unit = whole(weight, bits, axis)
            along = per_unit if axis is None else _along(per_unit, axis, weight.ndim)
            changed += float(np.sum((weight / along - exact) ** 2))
            total += float(np.sum(exact**2))
            unit = unit * per_unit
        if bias is not None:
            bias = np.rint(bias * unit).astype(np.float32)
        rounded.append(each._replace(weight=weight, bias=bias))
    return ScaledMaps(tuple(rounded), unit, math.sqrt(changed / total) if total else 0.0)


def whole(weights: Values, bits: int, axis: int | None = None) -> tuple[Values, Units]:
    """Round weights to whole numbers of so many bits, their sign included.

    axis: along which each has a unit of its own; none: all have one. The largest number is where
    the squared error is the least, and weights beyond are cut.
    Returns float32 weights and how many of their units make 1, float64 () or (channels,).
    """
    flat = weights.reshape(1, -1) if axis is None else np.moveaxis(weights, axis, 0)
    rows = flat.reshape(len(flat), -1).astype(np.float64)
    levels = 2 ** (bits - 1) - 1
    largest = np.abs(rows).max(axis=1, keepdims=True)
    finest = levels / np.where(largest > 0, largest, 1.0)
    best, least = finest, np.full(largest.shape, np.inf)
    for end in ENDS.astype(np.float64):
        rounded = np.clip(np.rint(rows * finest / end), -levels, levels)
        error = np.sum((rounded * end / finest - rows) ** 2, axis=1, keepdims=True)
        best = np.where(error < least, finest / end, best)
        least = np.minimum(error, least)
    found = np.clip(np.rint(rows * best), -levels, levels).astype(np.float32)
    if axis is None:
        return found.reshape(weights.shape), best.reshape(())
    return np.moveaxis(found.reshape(flat.shape), 0, axis), best.ravel()


def _along(values: Units, axis: int, dimensions: int) -> Units:
    return values.reshape([-1 if each == axis else 1 for each in range(dimensions)])
