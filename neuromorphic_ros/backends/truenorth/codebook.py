"""Write the weights of neurons as sums of four values each, one for every type of axon.

A source that a neuron hears through several axons has the sum of their values as its weight. With
one axon per source the neurons of a population can tell four kinds of sources apart; with one of
each type, every neuron has a weight of four bits of its own for every source; with several of one
type, a few weights of very different sizes are multiples of fewer values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.optimize

from neuromorphic_ros.backends.truenorth.chip import TYPES

_BITS = 2 ** np.arange(TYPES)
# Steps that the largest weight of a neuron may be; beyond what four bits hold it is clipped.
_LEVELS = range(1, 25)
# Different weights that four may stand for better than four bits.
_CLUSTERED = 32
# What float32 may lose of a weight must not cost an axon.
_ROUNDING = 1e-6
# Values that are worth a try: so many times fewer than the fewest axons of a weight would have.
_FRACTIONS = (1, 2, 3)
# What an axon may cost, as the mean of squares of relative errors.
_AXON = 1e-7
_MOST = 255

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class Codebook(NamedTuple):
    """The values of neurons, and how many of each make up a weight.

    values: float64[neurons, 4], 0 if unused. times: int64[weights, 4], in the order of the weights:
    so many axons of each type carry it.
    """

    values: Floats
    times: Counts


def codebook(weights: Any, largest: Floats) -> Codebook:
    """Return the values that make up a matrix of weights.

    weights: scipy CSC of sources by neurons, without zeros. largest: float64[neurons], what a value
    may be; a larger weight is the sum of equal parts.
    One axon for each part is enough if four types of sources hold all weights exactly. Otherwise a
    neuron has the values of its own that are nearest: four of its weights, or multiples of a step
    by powers of two.
    """
    most = np.repeat(largest, np.diff(weights.indptr))
    parts = _parts(weights.data, most)
    single = weights.copy()
    single.data = weights.data / parts
    shared = _one_axon_each(single)
    if shared is not None:
        return Codebook(shared.values, shared.times * parts[:, None])
    values, times = _empty(weights)
    known: dict[bytes, tuple[npt.NDArray[Any], npt.NDArray[Any]]] = {}
    for neuron, own in _neurons(weights):
        given = single.data[own]
        key = given.tobytes()
        if key not in known:
            known[key] = _own(given)
        values[neuron], mask = known[key]
        times[own] = _uses(mask) * parts[own, None]
    return Codebook(values, times)


def multiples(weights: Any, largest: Floats) -> Codebook:
    """Return a codebook for few different weights of very different sizes.

    Each weight is a multiple of one of four values, which have the smallest errors in relation to
    the weights. Arguments are those of `codebook`.
    """
    values, times = _empty(weights)
    held = np.zeros((weights.shape[0], TYPES), np.int64)
    for neuron, own in _neurons(weights):
        given, place, often = np.unique(weights.data[own], return_inverse=True, return_counts=True)
        chosen = _chosen(given, often, largest[neuron])
        nearest, cost = _times(chosen, given)
        kind, each = np.argmin(cost, axis=0), np.arange(given.size)
        needs = np.zeros((given.size, TYPES), np.int64)
        needs[each, kind] = nearest[kind, each]
        needs = needs[place]
        rows = weights.indices[own]
        # The types that need the fewest new axons.
        more = np.maximum(needs[:, :, None] - held[rows][:, None, :], 0).sum(axis=0)
        value, types = scipy.optimize.linear_sum_assignment(more)
        values[neuron, types] = chosen[value]
        times[own, types] = needs[:, value]
        held[rows] = np.maximum(held[rows], times[own])
    return Codebook(values, times)


def decoded(book: Codebook, weights: Any) -> Floats:
    """Return what the values make of the weights, in their order; float64[weights]."""
    neuron = np.repeat(np.arange(weights.shape[1]), np.diff(weights.indptr))
    return np.asarray(np.sum(book.values[neuron] * book.times, axis=1))


def _empty(weights: Any) -> Codebook:
    return Codebook(
        np.zeros((weights.shape[1], TYPES)), np.zeros((weights.indices.size, TYPES), np.int64)
    )


def _neurons(weights: Any) -> Iterator[tuple[int, slice]]:
    """Yield the neurons that have weights, and where these are."""
    for neuron in range(weights.shape[1]):
        own = slice(int(weights.indptr[neuron]), int(weights.indptr[neuron + 1]))
        if own.start < own.stop:
            yield neuron, own


def _parts(weights: Floats, largest: Floats) -> Counts:
    """Return how many equal parts weights must have."""
    parts = np.ceil(np.abs(weights) / largest - _ROUNDING)
    return np.asarray(np.maximum(parts, 1), np.int64)


def _uses(mask: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    return np.asarray((mask[:, None] & _BITS) != 0)


def _one_axon_each(weights: Any) -> Codebook | None:
    """Give every source the first type in which no neuron has another value."""
    by_source = weights.tocsr()
    first, neurons, given = (
        part.tolist() for part in (by_source.indptr, by_source.indices, by_source.data)
    )
    values: list[list[float]] = [[0.0] * weights.shape[1] for _ in range(TYPES)]
    types = np.zeros(weights.shape[0], np.int64)
    for source in range(weights.shape[0]):
        own = range(first[source], first[source + 1])
        for kind, held in enumerate(values):
            if all(held[neurons[at]] in (0.0, given[at]) for at in own):
                for at in own:
                    held[neurons[at]] = given[at]
                types[source] = kind
                break
        else:
            return None
    return Codebook(np.array(values).T, _uses(1 << types[weights.indices]).astype(np.int64))


def _chosen(given: Floats, often: Counts, largest: float) -> Floats:
    """Return four values of which multiples are nearest to weights.

    often: of each weight. Values are taken in turn, and exchanged while that is better.
    """
    parts = _parts(given, np.full(given.size, largest))
    candidates = np.unique(np.concatenate([given / (parts * each) for each in _FRACTIONS]))
    _, cost = _times(candidates, given)
    cost *= often
    chosen: list[int] = []
    best = np.inf
    while True:
        for slot in range(TYPES):
            others = [each for at, each in enumerate(chosen) if at != slot]
            reached = np.min(cost[others], axis=0, initial=1e9)
            totals = np.sum(np.minimum(cost, reached), axis=1)
            chosen = [*others[:slot], int(np.argmin(totals)), *others[slot:]]
        if totals.min() >= best:
            return candidates[chosen]
        best = totals.min()


def _times(values: Floats, weights: Floats) -> tuple[Counts, Floats]:
    """Return which multiples of values are nearest to weights, and what they cost.

    Both are of values by weights. The cost is the square of the relative error, and a little for
    every axon.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = weights / values[:, None]
    times = np.rint(np.clip(np.nan_to_num(exact), 1, _MOST)).astype(np.int64)
    error = times * values[:, None] / weights - 1
    return times, np.where(exact > 0, error**2, 1e6) + _AXON * times


def _own(weights: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return four values and masks for the weights of one neuron."""
    distinct = np.unique(weights).size
    # Four bits tell apart more than four weights can stand for.
    candidates = [_clustered(weights)] if distinct <= _CLUSTERED else []
    if distinct > TYPES:
        candidates += [_powers_of_two(weights, level) for level in _LEVELS]
    return min(candidates, key=lambda each: _error(weights, *each))


def _error(weights: npt.NDArray[Any], values: npt.NDArray[Any], mask: npt.NDArray[Any]) -> float:
    return float(np.sum((_uses(mask) @ values - weights) ** 2))


def _clustered(weights: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Merge neighbouring weights at the least squared error until four are left (Ward, 1963)."""
    centre, place, count = np.unique(weights, return_inverse=True, return_counts=True)
    group = np.arange(centre.size)
    while centre.size > TYPES:
        cost = np.diff(centre) ** 2 * count[1:] * count[:-1] / (count[1:] + count[:-1])
        first = int(np.argmin(cost))
        both = slice(first, first + 2)
        centre[first] = np.average(centre[both], weights=count[both])
        count[first] += count[first + 1]
        centre, count = np.delete(centre, first + 1), np.delete(count, first + 1)
        group -= group > first
    # The largest first, so that neurons with the same weights need the same axons.
    values = np.zeros(TYPES)
    values[: centre.size] = centre[::-1]
    return values, (1 << (centre.size - 1 - group[place])).astype(np.uint8)


def _powers_of_two(
    weights: npt.NDArray[Any], largest: int
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Write weights in four bits, two's complement if they have both signs.

    largest: steps of the largest weight. What four bits do not hold is clipped.
    """
    digits, low, high = _BITS.astype(np.float64), 0, 15
    if weights.max() < 0:
        digits, low, high = -digits, -15, 0
    elif weights.min() < 0:
        digits[-1] *= -1
        low, high = -8, 7
    step = np.max(np.abs(weights)) / largest
    level = np.clip(np.rint(weights / step), low, high).astype(np.int64)
    bits = -level if high == 0 else level & 15
    return digits * step, bits.astype(np.uint8)
