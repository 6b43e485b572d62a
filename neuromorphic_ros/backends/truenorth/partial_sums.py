"""Let neurons between add up what reaches a neuron from more sources than a core has axons.

Sources are taken in groups that fit a core. For each group and each sign of weights there are a few
accumulators, which all hear the whole group. They do not leak, fire at the sum of as many quanta as
they are, keep what is above, and begin a quantum apart. So together they fire once for each
quantum of the sum, whatever comes when, by Hermite's identity:

    floor(x) = sum over k from 0 to n - 1 of floor((x + k) / n)

The neuron hears each of them with the weight of a quantum. What is less than half a quantum waits,
and so does what is more than all accumulators pass in one tick.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse

from neuromorphic_ros.backends.truenorth.chip import AXONS, TYPES
from neuromorphic_ros.backends.truenorth.codebook import Codebook, codebook
from neuromorphic_ros.backends.truenorth.coding import Coded
from neuromorphic_ros.backends.truenorth.neuron import LIMITS
from neuromorphic_ros.backends.truenorth.translation import Dynamics, Translation, translate

QUANTUM = 0.25
"""What an accumulator passes on, as a share of the threshold of the neuron that hears it."""

MOST = 4
"""Accumulators of one group and sign, if the neuron has axons for so many."""

# Neurons that must have the same sources, on average, to have groups of their own.
_ALIKE = 4

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class PartialSums(NamedTuple):
    """Accumulators, and what neurons hear of them.

    each: accumulators of a sum. weights: of sources by accumulators; scipy CSC. code: of these,
    in integers. heard: weights of accumulators by neurons; scipy CSC.
    """

    each: int
    weights: Any
    code: Coded
    heard: Any


def partial_sums(population: str, weights: Any, threshold: Floats) -> PartialSums | None:
    """Return what adds up for neurons, or none if a neuron would hear too many accumulators.

    weights: scipy CSC of sources by neurons, without zeros. threshold: float64[neurons]. Raises as
    `translate` does.
    """
    signed = _by_sign(weights)
    thresholds = np.tile(threshold, 2)
    book = codebook(signed, LIMITS["weight"][1] * thresholds)
    group = _groups(weights, signed, book)
    columns = signed.shape[1]
    column = np.repeat(np.arange(columns), np.diff(signed.indptr))
    # One after the other those of a group, which share its axons.
    key, place = np.unique(group * columns + column, return_inverse=True)
    sums = key % columns
    count = min(MOST, AXONS // int(np.bincount(sums % threshold.size).max()))
    if count < 1:
        return None
    order = np.argsort(place, kind="stable")
    first = np.concatenate(([0], np.cumsum(np.bincount(place, minlength=key.size))))
    # Each as often as there are accumulators; the data tell the place of each weight.
    entries = scipy.sparse.csc_array(
        (order, signed.indices[order], first), (signed.shape[0], key.size)
    )[:, np.repeat(np.arange(key.size), count)]
    sums, phase = np.repeat(sums, count), np.tile(np.arange(count), key.size)
    quanta = QUANTUM * thresholds
    made = translate(population, _accumulators(count * quanta), book)
    neurons = made.neurons[sums]
    # Half a quantum more, so that what waits is as often too little as too much.
    neurons["initial"] = np.rint((phase + 0.5) * (quanta * made.scale)[sums])
    signs = np.where(sums < threshold.size, 1.0, -1.0)
    return PartialSums(
        each=count,
        weights=scipy.sparse.csc_array(
            (signed.data[entries.data], entries.indices, entries.indptr), entries.shape
        ),
        code=Coded(
            Codebook(book.values[sums], book.times[entries.data]),
            Translation(neurons, *(part[sums] for part in made[1:])),
        ),
        heard=scipy.sparse.coo_array(
            (signs * quanta[sums], (np.arange(sums.size), sums % threshold.size)),
            (sums.size, threshold.size),
        ).tocsc(),
    )


def _by_sign(weights: Any) -> Any:
    """Return the weights above zero, then those below without their sign, beside each other."""
    parts = []
    for sign in (1, -1):
        part = (sign * weights).tocsc()
        part.data = np.maximum(part.data, 0)
        part.eliminate_zeros()
        parts.append(part)
    return scipy.sparse.hstack(parts, format="csc")


def _groups(weights: Any, signed: Any, book: Codebook) -> Integers:
    """Return the group of each signed weight.

    Neurons with the same sources, as those of a convolution at one place, have groups of their own.
    If there are few such, all neurons share groups of all sources.
    """
    axons = np.zeros((signed.shape[0], TYPES), np.int64)
    np.maximum.at(axons, signed.indices, book.times)
    needed = axons.sum(axis=1)
    sets: dict[bytes, int] = {}
    heard = np.split(weights.indices, weights.indptr[1:-1])
    place = np.array([sets.setdefault(rows.tobytes(), len(sets)) for rows in heard])
    lists = [np.frombuffer(rows, weights.indices.dtype) for rows in sets]
    if _ALIKE * len(sets) > len(heard):
        place, lists = np.zeros(len(heard), np.int64), [np.arange(weights.shape[0])]
    group = np.zeros((len(lists), weights.shape[0]), np.int64)
    number = 0
    for each, rows in enumerate(lists):
        number, taken = number + 1, 0
        for row, more in zip(rows.tolist(), needed[rows].tolist(), strict=True):
            if taken + more > AXONS:
                number, taken = number + 1, 0
            group[each, row] = number
            taken += more
    neuron = np.repeat(np.arange(signed.shape[1]), np.diff(signed.indptr)) % len(heard)
    return np.asarray(group[place[neuron], signed.indices])


def _accumulators(threshold: Floats) -> Dynamics:
    none = np.zeros(threshold.size)
    return Dynamics(
        gain=none + 1,
        threshold=threshold,
        leak=none,
        floor=none + np.nan,
        initial=none,
        decay=none + 1,
        leaky=False,
        subtract=True,
        strict=False,
        refractory=0,
    )
