"""Weights on the grid of a few bits: whole multiples of a step, as many up as down from zero."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.patterns import AllToAll, Conv1d, Conv2d, Pattern, Random
from neuromorphic_ros.snn.weights import Values

# Shares of the largest weight that may become the end of the grid.
ENDS = np.linspace(1.0, 0.2, 41, dtype=np.float32)


@dataclass(frozen=True, config=STRICT)
class WeightGrid:
    """Symmetric uniform quantisation of weights: k step, with -K <= k <= K = 2^(bits - 1) - 1.

    step: max: the largest magnitude is the end of the grid; percentile: that of the magnitudes that
    are not zero is, and weights beyond are cut; mse: the end with the least squared error is.
    per_channel: each target has a step of its own, of a convolution each channel that it makes.

    Source: Krishnamoorthi, Quantizing deep convolutional networks for efficient inference,
    arXiv:1806.08342 (2018); the choice of the step: Nagel et al., A white paper on neural network
    quantization, arXiv:2106.08295 (2021), section 3.1.
    """

    bits: Annotated[int, Field(ge=2, le=8, description="Bits of a weight, its sign included")] = 8
    per_channel: Annotated[bool, Field(description="A step for each target")] = False
    step: Annotated[
        Literal["max", "percentile", "mse"], Field(description="How the step is chosen")
    ] = "max"
    percentile: Annotated[
        float, Field(gt=0, le=100, description="Of the magnitudes, the end of the grid")
    ] = 99.9

    @property
    def levels(self) -> int:
        """Number of steps on each side of zero."""
        return (1 << self.bits - 1) - 1

    def rounded(self, weights: Values, channel_axis: int | None) -> Values:
        """Return weights of any shape on the grid, float32; what is zero stays zero.

        channel_axis: along which the targets are; none: there is one step for all.
        """
        weights = np.asarray(weights, np.float32)
        if not self.per_channel or channel_axis is None:
            return self._rounded(weights.reshape(1, -1)).reshape(weights.shape)
        by_channel = np.moveaxis(weights, channel_axis, 0)
        flat = self._rounded(by_channel.reshape(len(by_channel), -1))
        return np.ascontiguousarray(np.moveaxis(flat.reshape(by_channel.shape), 0, channel_axis))

    def _rounded(self, weights: Values) -> Values:
        """Round each row by a step of its own."""
        largest = np.abs(weights).max(axis=1, initial=0, keepdims=True)
        if self.step == "percentile":
            return self._on(weights, self._percentile(weights))
        if self.step == "max":
            return self._on(weights, largest)
        best, least = weights, np.full(largest.shape, np.inf)
        for share in ENDS:
            tried = self._on(weights, largest * share)
            error = np.square(tried - weights, dtype=np.float64).sum(axis=1, keepdims=True)
            best = np.where(error < least, tried, best)
            least = np.minimum(error, least)
        return best

    def _on(self, weights: Values, end: Values) -> Values:
        # As a subnormal number, a step could be 0 or too far off for so many of it.
        step = np.maximum(end / np.float32(self.levels), np.finfo(np.float32).tiny)
        steps = np.clip(np.rint(weights / step), -self.levels, self.levels)
        return np.asarray(steps * step, np.float32)

    def _percentile(self, weights: Values) -> Values:
        magnitude = np.where(weights == 0, np.nan, np.abs(weights))
        magnitude[np.isnan(magnitude).all(axis=1)] = 0.0
        end = np.nanpercentile(magnitude, self.percentile, axis=1, keepdims=True)
        return np.asarray(end, np.float32)


def channel_axis(pattern: Pattern) -> int | None:
    """Return along which axis of the weights of a pattern its targets are.

    None: a target has a single weight, which a step of its own would not round.
    """
    if isinstance(pattern, (Conv1d, Conv2d)):
        return 0
    return 1 if isinstance(pattern, (AllToAll, Random)) else None
