"""Write the weights of neurons as sums of four values each, one for every type of axon.

A source that a neuron hears through several axons, of different types, has the sum of their values
as its weight. With one axon per source the neurons of a population can tell four kinds of sources
apart; with four, every neuron has a weight of four bits of its own for every source.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse

from neuromorphic_ros.backends.truenorth.neuron import TYPES

_BITS = 2 ** np.arange(TYPES)
# Steps that the largest weight of a neuron may be; beyond what four bits hold it is clipped.
_LEVELS = range(1, 25)


class Codebook(NamedTuple):
    """The values of neurons, and which of them make up each weight.

    values: float64[neurons, 4], 0 if unused. mask: uint8[weights], in the order of the weights; bit
    g says that value g is a part of it.
    """

    values: npt.NDArray[np.float64]
    mask: npt.NDArray[np.uint8]


def codebook(weights: Any) -> Codebook:
    """Return the values that make up a matrix of weights.

    weights: scipy CSC of sources by neurons, without zeros.
    One axon for each source is enough if four types of sources hold all weights exactly. Otherwise
    a neuron has the values of its own that are nearest: four of its weights, or multiples of a
    step by powers of two.
    """
    shared = _one_axon_each(weights)
    if shared is not None:
        return shared
    values = np.zeros((weights.shape[1], TYPES))
    mask = np.zeros(weights.nnz, np.uint8)
    for neuron in range(weights.shape[1]):
        own = slice(weights.indptr[neuron], weights.indptr[neuron + 1])
        if own.start < own.stop:
            values[neuron], mask[own] = _own(weights.data[own])
    return Codebook(values, mask)


def decoded(book: Codebook, weights: Any) -> npt.NDArray[np.float64]:
    """Return what the values make of the weights, in their order; float64[weights]."""
    neuron = np.repeat(np.arange(weights.shape[1]), np.diff(weights.indptr))
    used = (book.mask[:, None] & _BITS) != 0
    return np.asarray(np.sum(book.values[neuron] * used, axis=1))


def _one_axon_each(weights: Any) -> Codebook | None:
    """Give every source the first type in which no neuron has another value."""
    by_source = scipy.sparse.csr_array(weights)
    values = np.zeros((TYPES, weights.shape[1]))
    types = np.zeros(weights.shape[0], np.uint8)
    for source in range(weights.shape[0]):
        own = slice(by_source.indptr[source], by_source.indptr[source + 1])
        neurons, given = by_source.indices[own], by_source.data[own]
        for kind in range(TYPES):
            present = values[kind, neurons]
            if np.all((present == 0) | (present == given)):
                values[kind, neurons] = given
                types[source] = kind
                break
        else:
            return None
    return Codebook(values.T, (1 << types)[weights.indices].astype(np.uint8))


def _own(weights: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return four values and masks for the weights of one neuron."""
    candidates = [_clustered(weights)]
    if np.unique(weights).size > TYPES:
        candidates += [_powers_of_two(weights, level) for level in _LEVELS]
    return min(candidates, key=lambda each: _error(weights, *each))


def _error(weights: npt.NDArray[Any], values: npt.NDArray[Any], mask: npt.NDArray[Any]) -> float:
    return float(np.sum((((mask[:, None] & _BITS) != 0) @ values - weights) ** 2))


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
