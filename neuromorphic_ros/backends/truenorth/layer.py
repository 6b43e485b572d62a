"""The populations of a network in the integers of TrueNorth, with all that drives them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse

from neuromorphic_ros.backends.truenorth.codebook import Codebook, codebook, decoded, multiples
from neuromorphic_ros.backends.truenorth.core import AXONS
from neuromorphic_ros.backends.truenorth.neuron import LIMITS, Neurons
from neuromorphic_ros.backends.truenorth.translation import (
    Dynamics,
    Translation,
    dynamics,
    rate_error,
    translate,
)
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.spec import NetworkSpec, Population
from neuromorphic_ros.snn.synapses import Connection, bias, connect

MAX_DELAY = LIMITS["delay"][1]
# Relative error of weights and threshold of a neuron that needs no more axons.
_TOLERANCE = 0.005
# Different weights of a neuron that multiples of four values may hold.
_FEW = 24
# Parts that the largest weight of a neuron is made of.
_PARTS = (1, 2, 4, 8, 16, 32)

Integers = npt.NDArray[np.int64]


class Loss(NamedTuple):
    """What a population loses.

    weight: root mean square over that of the weights. threshold, leak: the largest by rounding, as
    shares of the threshold; of the leak, per tick. rate: of rates, by a linear leak in place of an
    exponential one, as a share of them, for constant input of up to a threshold per tick; weak
    input loses more.
    """

    weight: float
    threshold: float
    leak: float
    rate: float


class Layer(NamedTuple):
    """A population in integers.

    begin: address of its first neuron among all in execution order. source, delay: int64[rows], of
    each row of the weights; sources are all channels, then all neurons. part: int64[rows], counts
    the rows that share a weight which is too large for one. row: int64[weights], mask:
    uint8[weights], of neuron k from first[k] to before first[k + 1]; bit g of a mask says that
    weight g of the neuron is a part of it. neurons: NEURON[n], without destinations.
    """

    population: Population
    begin: int
    source: Integers
    delay: Integers
    first: Integers
    row: Integers
    count: Integers
    neurons: Neurons
    loss: Loss
    relative_refractory: bool


def layers(spec: NetworkSpec) -> tuple[Layer, ...]:
    """Return the populations of a network in execution order.

    Raises NetworkError that names what TrueNorth does not have, or cannot hold.
    """
    made, begin = [], 0
    for population in spec.execution_order():
        made.append(_layer(spec, population, begin))
        begin += population.size
    return tuple(made)


def _layer(spec: NetworkSpec, population: Population, begin: int) -> Layer:
    incoming = [
        index
        for index, each in enumerate(spec.projections)
        if spec.end(each.post).name == population.name
    ]
    constant = np.zeros(population.size)
    for index in incoming:
        end = spec.end(spec.projections[index].post)
        constant[end.start : end.stop] += bias(spec, index)
    moves = dynamics(population, constant, spec.dt_ms)
    source, delay, weights = _driving(spec, population, incoming)
    weights.data *= np.repeat(moves.gain, np.diff(weights.indptr))
    _check_weights(population.name, weights, moves.threshold)
    # Before values are sought: that takes the longer the more sources there are.
    sources = np.diff(weights.indptr)
    _check_axons(population.name, sources, sources)
    coded = _coded(population.name, moves, weights)
    _check_axons(population.name, sources, _axons(coded.book, weights))
    made = coded.made
    norm = np.linalg.norm(weights.data)
    lost = np.linalg.norm(coded.weights(weights) - weights.data)
    rates = [rate_error(decay) for decay in np.unique(moves.decay)] if moves.leaky else [0.0]
    loss = Loss(
        float(lost / norm) if norm else 0.0,
        float(np.max(made.threshold_error)),
        float(np.max(made.leak_error)),
        max(rates),
    )
    return Layer(
        population=population,
        begin=begin,
        source=source,
        delay=delay,
        first=weights.indptr.astype(np.int64),
        row=weights.indices.astype(np.int64),
        count=coded.book.count,
        neurons=made.neurons,
        loss=loss,
        relative_refractory=moves.refractory > 0,
    )


class _Coded(NamedTuple):
    """Weights as values of neurons, and the neurons with these in integers."""

    book: Codebook
    made: Translation

    def weights(self, exact: Any) -> npt.NDArray[np.float64]:
        """Return the weights as the chip adds them up."""
        chip = self.made.neurons["weight"] / self.made.scale[:, None]
        return decoded(Codebook(chip, self.book.count), exact)

    def error(self, exact: Any) -> npt.NDArray[np.float64]:
        """Return the errors of neurons: of weights, each relative, and threshold; mean squares."""
        sources = np.diff(exact.indptr)
        share = self.weights(exact) / exact.data - 1
        total = np.bincount(np.repeat(np.arange(sources.size), sources), share**2, sources.size)
        return np.sqrt(total / np.maximum(sources, 1) + self.made.threshold_error**2)


def _coded(population: str, moves: Dynamics, weights: Any) -> _Coded:
    """Return the neurons of a population in integers.

    Where a few weights lose more than they need, larger ones are made of more and smaller parts, so
    that all find integers at a finer scale: as many as bring them within the tolerance, if any do.
    """
    largest = LIMITS["weight"][1] * moves.threshold
    book = codebook(weights, largest)
    best = _Coded(book, translate(population, moves, book))
    error = best.error(weights)
    sources = np.diff(weights.indptr)
    neuron = np.repeat(np.arange(sources.size), sources)
    few = np.array(
        [np.unique(own).size <= _FEW for own in np.split(weights.data, weights.indptr[1:-1])]
    )
    for parts in _PARTS:
        rough = np.flatnonzero(few & (error > _TOLERANCE))
        if not rough.size:
            break
        some = weights[:, rough]
        cap = np.minimum(abs(some).max(axis=0).toarray().ravel() / parts, largest[rough])
        finer = multiples(some, cap)
        made = _Coded(finer, translate(population, moves.of(rough), finer))
        found = made.error(some)
        better = (found < error[rough] / 2) & (_axons(finer, some) <= AXONS)
        taken = rough[better]
        error[taken] = found[better]
        for whole, part in (
            (best.book.values, finer.values),
            *zip(best.made, made.made, strict=True),
        ):
            whole[taken] = part[better]
        best.book.count[np.isin(neuron, taken)] = finer.count[
            np.repeat(better, np.diff(some.indptr))
        ]
    return best


def _axons(book: Codebook, weights: Any) -> Integers:
    """Return the axons that each neuron needs."""
    until = np.concatenate(([0], np.cumsum(book.count.sum(axis=1))))
    return np.asarray(np.diff(until[weights.indptr]))


def _driving(
    spec: NetworkSpec, population: Population, incoming: list[int]
) -> tuple[Integers, Integers, Any]:
    """Return sources and delays, and the weights of their rows; scipy CSC, without zeros."""
    begins, at = {}, 0
    for node in spec.execution_nodes():
        begins[node.name] = at
        at += int(np.prod(node.shape))
    keys, targets, weights = [], [], []
    for index in incoming:
        projection = spec.projections[index]
        if projection.delay_ticks > MAX_DELAY:
            raise NetworkError(
                f"projection {projection}: delay_ticks {projection.delay_ticks} exceeds the "
                f"{MAX_DELAY} of TrueNorth; choose a shorter delay or a longer tick"
            )
        connection = connect(spec, index)
        row, target, weight = _synapses(connection)
        source = row + connection.pre_start + begins[spec.end(projection.pre).name]
        keys.append(source * (MAX_DELAY + 1) + projection.delay_ticks)
        targets.append(target + connection.post_start)
        weights.append(weight)
    key, row = np.unique(np.concatenate([*keys, np.empty(0, np.int64)]), return_inverse=True)
    column = np.concatenate([*targets, np.empty(0, np.int64)])
    value = np.concatenate([*weights, np.empty(0, np.float32)]).astype(np.float64)
    # Of a source that a target hears through several projections, the weights are one here.
    matrix = scipy.sparse.coo_array((value, (row, column)), (key.size, population.size)).tocsc()
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return key // (MAX_DELAY + 1), key % (MAX_DELAY + 1), matrix


def _check_axons(population: str, sources: Integers, axons: Integers) -> None:
    """Raise NetworkError that names the first neuron that needs more axons than a core has.

    sources, axons: of each neuron; int64[n].
    """
    over = np.flatnonzero(axons > AXONS)
    if over.size:
        raise NetworkError(
            f"population '{population}', neuron {over[0]}: its {sources[over[0]]} sources need "
            f"{axons[over[0]]} axons, a core of TrueNorth has {AXONS}; choose a pattern with fewer "
            "sources for each neuron, or fewer different weights"
        )


def _check_weights(population: str, weights: Any, threshold: npt.NDArray[np.float64]) -> None:
    """Raise NetworkError if a weight is more than all axons of a core can carry."""
    share = np.abs(weights.data) / np.repeat(threshold, np.diff(weights.indptr))
    most = LIMITS["weight"][1]
    if np.any(share > most * AXONS):
        raise NetworkError(
            f"population '{population}': a weight is {share.max():g} times a threshold; {most} "
            f"times are the most for each of {AXONS} axons of TrueNorth; choose a smaller weight "
            "or a higher threshold"
        )


def _synapses(connection: Connection) -> tuple[Integers, Integers, npt.NDArray[Any]]:
    """Return row, column and weight of the synapses of a projection."""
    if connection.row is None or connection.target is None:
        row, column = np.nonzero(connection.weight)
        weight = connection.weight[row, column]
    else:
        row = np.repeat(np.arange(connection.rows), np.diff(connection.row))
        column, weight = connection.target.astype(np.int64), connection.weight
    return row, column, weight.astype(np.float32) * connection.scale
