"""How finely a membrane is counted on Loihi: the weight units of a threshold, and 8-bit weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.loihi.dense import MAX_EXPONENT, MAX_WEIGHT, MIN_EXPONENT
from neuromorphic_ros.backends.loihi.neuron import (
    INPUT_SHIFT,
    MAX_BIAS,
    MAX_BIAS_EXPONENT,
    STATE_LIMIT,
)
from neuromorphic_ros.errors import NetworkError

FINEST_THRESHOLD = 1 << 14
"""Weight units of a threshold at most, so that v holds 8 thresholds below zero."""
# Half of 24 bits, as rounding at most doubles a weight, less what rounding sums down adds.
CURRENT_LIMIT = 0.99 * STATE_LIMIT / 2
MAX_MIXED_WEIGHT = 254
# Of a projection with more, as many weights stand for all when a threshold is chosen.
SAMPLED_WEIGHTS = 1024
# Of errors.
ROUNDING = 1e-12
# Weights in float32 miss the threshold that they add up to by less.
FLOAT32_MARGIN = 0.01

Floats = npt.NDArray[np.float64]


class Load(NamedTuple):
    """What reaches the neurons of a population in a tick, all in thresholds; float64[neurons] each.

    current: the largest that sums may grow to. weight: the largest of one synapse. drift: constant
    input.
    """

    current: Floats
    weight: Floats
    drift: Floats


class Code(NamedTuple):
    """Weights in 8 bits: steps of `step` 2^exponent units."""

    step: int
    exponent: int

    @property
    def units(self) -> float:
        """Weight units of a step."""
        return self.step * 2.0**self.exponent


def code(weights: Floats) -> Code:
    """Return the finest code that holds weights; in units. One bit of mixed ones is the sign."""
    limit, step = _range(weights)
    return Code(step, int(_exponent(np.abs(weights).max(initial=0), limit)))


def threshold(name: str, load: Load, weights: Sequence[Floats]) -> int:
    """Return the units of a threshold with which everything fits and weights change the least.

    weights: of each projection to the population, in thresholds.
    Raises NetworkError, which names the population, if its input is too large.
    """
    limits = (
        (CURRENT_LIMIT / (1 << INPUT_SHIFT), load.current),
        (MAX_MIXED_WEIGHT << MAX_EXPONENT, load.weight),
        ((MAX_BIAS << MAX_BIAS_EXPONENT) / (1 << INPUT_SHIFT), np.abs(load.drift)),
    )
    limit, reached = max(limits, key=lambda each: float(each[1].max() / each[0]))
    most = 1.0 / max(reached.max() / limit, 1.0 / FINEST_THRESHOLD)
    if most < 1:
        raise NetworkError(
            f"population '{name}' may receive {reached.max():g} thresholds in a tick, the integers "
            f"of Loihi hold {limit:.0f}: raise its threshold, or lower its weights or bias"
        )
    samples = [_sample(each) for each in weights if np.any(each)]
    candidates = np.unique(np.concatenate([[int(most)], *(_exact(each, most) for each in samples)]))
    error = np.sum([_error(candidates, each) for each in samples], axis=0)
    # Equal but for rounding is equal, and the finest of equal ones is the best.
    return int(candidates[np.flatnonzero(error <= np.min(error) + ROUNDING)[-1]])


def _range(weights: Floats) -> tuple[int, int]:
    """Return the largest mantissa of weights and the step between mantissas."""
    mixed = weights.min(initial=0) < 0 < weights.max(initial=0)
    return (MAX_MIXED_WEIGHT, 2) if mixed else (MAX_WEIGHT, 1)


def _exponent(largest: Floats, limit: int) -> Floats:
    """Return the least exponent with which weights are within a limit."""
    return np.asarray(np.ceil(np.log2(np.maximum(largest / limit, 2.0**MIN_EXPONENT))))


def _sample(weights: Floats) -> Floats:
    """Return a few weights from the least to the largest that stand for all."""
    ordered = np.sort(weights)
    places = np.linspace(0, ordered.size - 1, min(ordered.size, SAMPLED_WEIGHTS))
    return ordered[np.rint(places).astype(np.int64)]


def _exact(weights: Floats, most: float) -> Floats:
    """Return the thresholds, from a half of the most up, with which the largest weight is a code.

    Of whole units, which no sum loses: equal weights then add up to the threshold with as many
    spikes as they do in float.
    """
    largest, (limit, step) = np.abs(weights).max(), _range(weights)
    mantissas = np.arange(limit // step // 2, limit // step + 1) * step
    codes = mantissas * 2.0 ** np.floor(np.log2(most * largest / mantissas))
    units = np.floor(codes[codes % step == 0] / largest + FLOAT32_MARGIN)
    return np.asarray(units[(units >= 1) & (units <= most)])


def _error(thresholds: Floats, weights: Floats) -> Floats:
    """Return the mean square change of single weights over that of the weights, by threshold."""
    limit, step = _range(weights)
    largest = np.abs(weights).max()
    shares, unit = weights / largest, thresholds[:, None] * largest
    units = step * 2.0 ** _exponent(unit, limit)
    # What single spikes leave of less than a unit is lost.
    change = np.floor(np.rint(shares * unit / units) * units) / unit - shares
    return np.asarray(np.sum(change**2, axis=1) / np.sum(shares**2))
