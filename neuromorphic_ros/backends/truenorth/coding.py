"""Write the weights of a population and its neurons in integers, at scales that suit both."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.truenorth.chip import AXONS
from neuromorphic_ros.backends.truenorth.codebook import Codebook, codebook, decoded, multiples
from neuromorphic_ros.backends.truenorth.neuron import LIMITS
from neuromorphic_ros.backends.truenorth.translation import Dynamics, Translation, translate
from neuromorphic_ros.errors import NetworkError

# Relative error of weights and threshold of a neuron that needs no more axons.
_TOLERANCE = 0.005
# Different weights of a neuron that multiples of four values may hold.
_FEW = 24
# Parts that the largest weight of a neuron is made of.
_PARTS = (1, 2, 4, 8, 16, 32)

Integers = npt.NDArray[np.int64]


class Coded(NamedTuple):
    """Weights as values of neurons, and the neurons with these in integers."""

    book: Codebook
    made: Translation

    def weights(self, exact: Any) -> npt.NDArray[np.float64]:
        """Return the weights as the chip adds them up."""
        chip = self.made.neurons["weight"] / self.made.scale[:, None]
        return decoded(Codebook(chip, self.book.times), exact)

    def error(self, exact: Any) -> npt.NDArray[np.float64]:
        """Return the errors of neurons: of weights, each relative, and threshold; mean squares."""
        sources = np.diff(exact.indptr)
        share = self.weights(exact) / exact.data - 1
        total = np.bincount(np.repeat(np.arange(sources.size), sources), share**2, sources.size)
        mean = total / np.maximum(sources, 1)
        return np.asarray(np.sqrt(mean + self.made.threshold_error**2))


def coded(population: str, moves: Dynamics, weights: Any) -> Coded:
    """Return the neurons of a population in integers.

    weights: scipy CSC of sources by neurons, without zeros, times gain. Raises as `translate` does.

    Where a few weights lose more than they need, larger ones are made of more and smaller parts, so
    that all find integers at a finer scale: as many as bring them within the tolerance, if any do.
    """
    largest = LIMITS["weight"][1] * moves.threshold
    book = codebook(weights, largest)
    best = Coded(book, translate(population, moves, book))
    error = best.error(weights)
    owner = np.repeat(np.arange(error.size), np.diff(weights.indptr))
    few = _with_few_weights(weights, np.flatnonzero(error > _TOLERANCE))
    for parts in _PARTS:
        rough = few[error[few] > _TOLERANCE]
        if not rough.size:
            break
        some = weights[:, rough]
        cap = np.minimum(abs(some).max(axis=0).toarray().ravel() / parts, largest[rough])
        finer = multiples(some, cap)
        try:
            made = Coded(finer, translate(population, moves.of(rough), finer))
        except NetworkError:
            # At a scale so fine, a threshold or leak has too many bits.
            break
        found = made.error(some)
        better = (found < error[rough] / 2) & (axons(finer, some) <= AXONS)
        taken = rough[better]
        error[taken] = found[better]
        for whole, part in (
            (best.book.values, finer.values),
            *zip(best.made, made.made, strict=True),
        ):
            whole[taken] = part[better]
        kept = np.repeat(better, np.diff(some.indptr))
        best.book.times[np.isin(owner, taken)] = finer.times[kept]
    return best


def axons(book: Codebook, weights: Any) -> Integers:
    """Return the axons that each neuron needs."""
    until = np.concatenate(([0], np.cumsum(book.times.sum(axis=1))))
    return np.asarray(np.diff(until[weights.indptr]))


def _with_few_weights(weights: Any, neurons: Integers) -> Integers:
    """Return those of some neurons whose weights multiples of four values may hold."""
    first = weights.indptr
    few = [
        np.unique(weights.data[first[each] : first[each + 1]]).size <= _FEW
        for each in neurons.tolist()
    ]
    return neurons[np.array(few, np.bool_)]
