"""The populations of a network in the integers of TrueNorth, with all that drives them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse

from neuromorphic_ros.backends.truenorth.chip import AXONS, MAX_DELAY, TYPES
from neuromorphic_ros.backends.truenorth.coding import Coded, axons, coded
from neuromorphic_ros.backends.truenorth.neuron import LIMITS, Neurons
from neuromorphic_ros.backends.truenorth.partial_sums import partial_sums
from neuromorphic_ros.backends.truenorth.translation import (
    Dynamics,
    dynamics,
    rate_error,
)
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.spec import NetworkSpec, Population
from neuromorphic_ros.snn.synapses import Connection, bias, connect

# Axons for all that hear the sources of a neuron, above which hardly two share a core.
_CROWDED = AXONS * 11 // 10
Integers = npt.NDArray[np.int64]


class Loss(NamedTuple):
    """What a population loses.

    weight: root mean square over that of the weights; weight_norm: root of the sum of the squares
    of these, in units of the membrane. threshold, leak: the largest by rounding, as shares of the
    threshold; of the leak, per tick. rate: of rates, by a linear leak in place of an exponential
    one, as a share of them, for constant input of up to a threshold per tick; weak input loses
    more.
    """

    weight: float
    weight_norm: float
    threshold: float
    leak: float
    rate: float


class Drive(NamedTuple):
    """What reaches neurons.

    source, delay: int64[rows], of each row of the weights; sources are all channels, then all
    neurons. weights: of rows by neurons, scipy CSC, without zeros.
    """

    source: Integers
    delay: Integers
    weights: Any


class Layer(NamedTuple):
    """Neurons in integers: a population, or the accumulators that add up for one.

    begin: address of its first neuron among all: populations in execution order, then accumulators.
    times: int64[weights, 4], axons of each type that carry a weight of the drive, in the order of
    these. neurons: NEURON[n], without destinations. scale: float64[n], integers per unit of the
    membrane. loss: of the population.
    """

    population: Population
    begin: int
    drive: Drive
    times: Integers
    neurons: Neurons
    scale: npt.NDArray[np.float64]
    loss: Loss
    relative_refractory: bool


class Layers(NamedTuple):
    """A network in integers.

    layers: populations in execution order, then accumulators. population: of each, the place of the
    population that it is, or adds up for.
    """

    layers: tuple[Layer, ...]
    population: tuple[int, ...]


def layers(spec: NetworkSpec) -> Layers:
    """Return the populations of a network, and what adds up for them.

    Raises NetworkError that names what TrueNorth does not have, or cannot hold.
    """
    populations: list[Layer] = []
    accumulators: dict[int, Layer] = {}
    begin, after = 0, spec.neurons
    for place, population in enumerate(spec.execution_order()):
        layer, added = _layer(spec, population, begin, after)
        populations.append(layer)
        begin += population.size
        if added:
            accumulators[place] = added
            after += added.neurons.size
    return Layers((*populations, *accumulators.values()), (*range(len(populations)), *accumulators))


def refused(spec: NetworkSpec) -> tuple[str, ...]:
    """Return why populations are refused, of each the first reason."""
    reasons = []
    for population in spec.execution_order():
        try:
            _layer(spec, population, 0, spec.neurons)
        except NetworkError as reason:
            reasons.append(str(reason))
    return tuple(reasons)


def _layer(
    spec: NetworkSpec, population: Population, begin: int, after: int
) -> tuple[Layer, Layer | None]:
    """Return a population and its accumulators; after: address of the first of these."""
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
    drive = _driving(spec, population, incoming)
    drive.weights.data *= np.repeat(moves.gain, np.diff(drive.weights.indptr))
    _check_weights(population.name, drive.weights, moves.threshold)
    sources = np.diff(drive.weights.indptr)
    code = coded(population.name, moves, drive.weights) if np.all(sources <= AXONS) else None
    # With one axon of each type, others fit a core.
    over = np.flatnonzero(sources > AXONS // TYPES)
    heard, accumulators, sums = drive, None, None
    if code is None or (over.size and _crowded(code, drive.weights)):
        sums = _summed(population.name, moves, drive, over, spec.channels + after)
        heard = sums.heard
        code = coded(population.name, moves, heard.weights)
    _check_axons(population.name, axons(code.book, heard.weights))
    loss = _loss(moves, drive, heard, code, sums)
    refractory = moves.refractory > 0
    layer = _coded_layer(population, begin, heard, code, loss, refractory)
    if sums:
        accumulators = _coded_layer(population, after, sums.drive, sums.code, loss, False)
    return layer, accumulators


def _coded_layer(
    population: Population, begin: int, drive: Drive, code: Coded, loss: Loss, refractory: bool
) -> Layer:
    neurons, scale = code.made.neurons, code.made.scale
    return Layer(population, begin, drive, code.book.times, neurons, scale, loss, refractory)


class _Summed(NamedTuple):
    """Accumulators in integers, and what a population hears in place of what they hear.

    each: accumulators of a sum.
    """

    drive: Drive
    code: Coded
    heard: Drive
    each: int


def _summed(population: str, moves: Dynamics, drive: Drive, over: Integers, begin: int) -> _Summed:
    """Let accumulators add up for some neurons, and return what all neurons hear then.

    over: these neurons. begin: address of the first accumulator as a source. Raises NetworkError if
    accumulators, or the axons of one, are too many.
    """
    sources = np.diff(drive.weights.indptr)
    sums = partial_sums(population, drive.weights[:, over], moves.threshold[over])
    if sums is None:
        most = int(np.argmax(sources))
        raise NetworkError(
            f"population '{population}', neuron {most}: its {sources[most]} sources, in groups "
            f"that fit the {AXONS} axons of a core of TrueNorth, have more than {AXONS} sums; "
            "choose a pattern with fewer sources for each neuron, or fewer different weights"
        )
    direct = drive.weights.copy()
    direct.data[np.isin(np.repeat(np.arange(sources.size), sources), over)] = 0
    direct.eliminate_zeros()
    accumulators = sums.weights.shape[1]
    heard = scipy.sparse.coo_array(sums.heard)
    needed = np.zeros(sources.size, np.int64)
    each = axons(sums.code.book, sums.weights)
    np.maximum.at(needed, over[heard.col], each[heard.row])
    _check_axons(population, needed)
    added = scipy.sparse.coo_array(
        (heard.data, (heard.row, over[heard.col])), (accumulators, sources.size)
    )
    return _Summed(
        drive._replace(weights=sums.weights),
        sums.code,
        Drive(
            np.concatenate((drive.source, begin + np.arange(accumulators))),
            np.concatenate((drive.delay, np.zeros(accumulators, np.int64))),
            scipy.sparse.vstack([direct, added], format="csc"),
        ),
        sums.each,
    )


def _crowded(code: Coded, weights: Any) -> bool:
    """Return whether neurons need more axons than a core has, or share too few to share cores."""
    heard = np.zeros((weights.shape[0], TYPES), np.int64)
    np.maximum.at(heard, weights.indices, code.book.times)
    until = np.concatenate(([0], np.cumsum(heard.sum(axis=1)[weights.indices])))
    together = np.diff(until[weights.indptr])
    return bool(np.any((axons(code.book, weights) > AXONS) | (together > _CROWDED)))


def _loss(moves: Dynamics, drive: Drive, heard: Drive, code: Coded, sums: _Summed | None) -> Loss:
    """Return what a population loses, of the weights with which it hears all its sources."""
    direct = heard.weights.indices < drive.source.size
    lost = np.sum((code.weights(heard.weights) - heard.weights.data)[direct] ** 2)
    threshold, leak = np.max(code.made.threshold_error), np.max(code.made.leak_error)
    if sums:
        exact = sums.drive.weights
        lost += np.sum((sums.code.weights(exact) - exact.data) ** 2) / sums.each
        threshold = max(threshold, np.max(sums.code.made.threshold_error))
    whole = np.sum(drive.weights.data**2)
    rates = [rate_error(decay) for decay in np.unique(moves.decay)] if moves.leaky else [0.0]
    return Loss(
        weight=float(np.sqrt(lost / whole)) if whole else 0.0,
        weight_norm=float(np.sqrt(whole)),
        threshold=float(threshold),
        leak=float(leak),
        rate=max(rates),
    )


def _driving(spec: NetworkSpec, population: Population, incoming: list[int]) -> Drive:
    """Return what reaches a population from all the network."""
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
    return Drive(key // (MAX_DELAY + 1), key % (MAX_DELAY + 1), matrix)


def _check_axons(population: str, needed: Integers) -> None:
    over = np.flatnonzero(needed > AXONS)
    if over.size:
        raise NetworkError(
            f"population '{population}', neuron {over[0]}: its sources need {needed[over[0]]} "
            f"axons, a core of TrueNorth has {AXONS}; choose a pattern with fewer sources for each "
            "neuron, fewer different weights or smaller ones"
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
