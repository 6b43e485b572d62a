"""What the layers of a conventional network make of samples, in numpy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from neuromorphic_ros.compression.ann.layers import (
    Ann,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    Linear,
    Qcfs,
    Relu,
    Values,
)
from neuromorphic_ros.snn import patterns

BATCH_NUMBERS = 2**24
"""Values of an unfolded convolution that are held at once, unless one sample has more."""


def outputs(ann: Ann, samples: Values) -> Values:
    """Return what the last layer makes of samples, float32 (n, *shape)."""
    (found,) = activations(ann, samples, (len(ann.layers) - 1,))
    return found


def activations(ann: Ann, samples: Values, places: tuple[int, ...]) -> tuple[Values, ...]:
    """Return what the layers at places make of samples, float32 (n, *shape) each."""
    made = tuple(np.empty((len(samples), *ann.shapes[place]), np.float32) for place in places)
    for some in _batches(ann, len(samples)):
        values = samples[some]
        for place, layer in enumerate(ann.layers):
            values = _applied(ann, layer, values)
            if place in places:
                made[places.index(place)][some] = values
    return made


def _batches(ann: Ann, samples: int) -> Iterator[slice]:
    largest = max(
        np.prod(shape) * (ann.tensor(layer, "weight")[0].size if isinstance(layer, Conv2d) else 1)
        for layer, shape in zip(ann.layers, ann.shapes, strict=True)
    )
    size = max(1, BATCH_NUMBERS // int(largest))
    return (slice(low, low + size) for low in range(0, samples, size))


def _applied(ann: Ann, layer: Layer, values: Values) -> Values:
    if isinstance(layer, Linear):
        return _shifted(values @ ann.tensor(layer, "weight").T, ann.get(layer, "bias"))
    if isinstance(layer, Conv2d):
        return _shifted(
            _convolved(layer, values, ann.tensor(layer, "weight")), ann.get(layer, "bias")
        )
    if isinstance(layer, BatchNorm):
        factor, shift = affine(ann, layer)
        return _shifted(values * _by_channel(factor, values), shift)
    if isinstance(layer, Relu):
        return np.asarray(np.maximum(values, 0), np.float32)
    if isinstance(layer, Qcfs):
        step = np.float32(ann.tensor(layer, "threshold").item() / layer.levels)
        counted = np.floor(values / step + np.float32(0.5))
        return np.asarray(np.clip(counted, 0, layer.levels) * step, np.float32)
    if isinstance(layer, AvgPool2d):
        pattern = layer.pattern()
        windows = _windows(values, pattern.sliding(values.shape[1]))
        return np.asarray(windows.mean((4, 5)), np.float32)
    if isinstance(layer, Flatten):
        return values.reshape(len(values), -1)
    assert isinstance(layer, Dropout)
    return values


def affine(ann: Ann, layer: BatchNorm) -> tuple[Values, Values]:
    """Return factor and shift of each channel, float32."""
    variance = ann.tensor(layer, "running_var").astype(np.float64) + layer.eps
    weight, bias = ann.get(layer, "weight"), ann.get(layer, "bias")
    factor = (1.0 if weight is None else weight) / np.sqrt(variance)
    shift = (0.0 if bias is None else bias) - ann.tensor(layer, "running_mean") * factor
    return factor.astype(np.float32), shift.astype(np.float32)


def _convolved(layer: Conv2d, values: Values, weight: Values) -> Values:
    windows = _windows(values, layer.pattern(weight))
    parts = [
        np.tensordot(of_group, kernel, ((1, 4, 5), (1, 2, 3)))
        for of_group, kernel in zip(
            np.split(windows, layer.groups, 1), np.split(weight, layer.groups), strict=True
        )
    ]
    return np.moveaxis(np.concatenate(parts, 3), 3, 1)


def _windows(values: Values, pattern: patterns.Conv2d) -> Values:
    """Return what each place of a kernel sees, (n, channels, rows, columns, height, width)."""
    (down, across), (rows, columns) = pattern.stride, pattern.dilation
    height, width = pattern.kernel
    padded = np.pad(values, ((0, 0), (0, 0), *pattern.borders))
    extents = (rows * (height - 1) + 1, columns * (width - 1) + 1)
    seen: Any = sliding_window_view(padded, extents, axis=(2, 3))  # type: ignore[call-overload]
    windows: Values = seen[:, :, ::down, ::across, ::rows, ::columns]
    return windows


def _shifted(values: Values, shift: Values | None) -> Values:
    return values if shift is None else values + _by_channel(shift, values)


def _by_channel(each: Values, values: Values) -> Values:
    return each.reshape(-1, *[1] * (values.ndim - 2))
