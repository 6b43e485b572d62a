"""The populations of a network in the integers of TrueNorth, with all that drives them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse

from neuromorphic_ros.backends.truenorth.codebook import Codebook, codebook, decoded
from neuromorphic_ros.backends.truenorth.core import AXONS
from neuromorphic_ros.backends.truenorth.neuron import LIMITS, TYPES, Neurons
from neuromorphic_ros.backends.truenorth.translation import dynamics, rate_error, translate
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.spec import NetworkSpec, Population
from neuromorphic_ros.snn.synapses import Connection, bias, connect

MAX_DELAY = LIMITS["delay"][1]
_ONES = np.array([bin(mask).count("1") for mask in range(2**TYPES)])

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
    part: Integers
    first: Integers
    row: Integers
    mask: npt.NDArray[np.uint8]
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
    parts, weights = _shared(population.name, weights, moves.threshold)
    # Before values are sought: that takes the longer the more sources there are.
    sources = np.diff(weights.indptr)
    _check_axons(population.name, sources, sources)
    part = np.arange(int(parts.sum())) - np.repeat(np.cumsum(parts) - parts, parts)
    book = codebook(weights)
    neuron = np.repeat(np.arange(population.size), sources)
    axons = np.bincount(neuron, _ONES[book.mask], population.size).astype(np.int64)
    _check_axons(population.name, sources, axons)
    translation = translate(population.name, moves, book)
    chip = Codebook(translation.neurons["weight"] / translation.scale[:, None], book.mask)
    norm = np.linalg.norm(weights.data)
    weight_error = np.linalg.norm(decoded(chip, weights) - weights.data) / norm if norm else 0.0
    rates = [rate_error(decay) for decay in np.unique(moves.decay)] if moves.leaky else [0.0]
    loss = Loss(
        float(weight_error), translation.threshold_error, translation.leak_error, max(rates)
    )
    return Layer(
        population=population,
        begin=begin,
        source=np.repeat(source, parts),
        delay=np.repeat(delay, parts),
        part=part,
        first=weights.indptr.astype(np.int64),
        row=weights.indices.astype(np.int64),
        mask=book.mask,
        neurons=translation.neurons,
        loss=loss,
        relative_refractory=moves.refractory > 0,
    )


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


def _shared(
    population: str, weights: Any, threshold: npt.NDArray[np.float64]
) -> tuple[Integers, Any]:
    """Let several rows share a weight that is larger than thresholds and weights can tell apart.

    Returns how many rows each becomes, and the weights; scipy CSC.
    """
    share = np.abs(weights.data) / np.repeat(threshold, np.diff(weights.indptr))
    most = np.zeros(weights.shape[0])
    np.maximum.at(most, weights.indices, share)
    parts = np.maximum(np.ceil(most / LIMITS["weight"][1] - 1e-6), 1).astype(np.int64)
    if np.any(parts > AXONS):
        raise NetworkError(
            f"population '{population}': a weight is {most.max():g} times a threshold; "
            f"{LIMITS['weight'][1]} times are the most for each of {AXONS} axons of TrueNorth; "
            "choose a smaller weight or a higher threshold"
        )
    rows = weights.tocsr()[np.repeat(np.arange(parts.size), parts)]
    rows.data /= np.repeat(np.repeat(parts, parts), np.diff(rows.indptr))
    return parts, rows.tocsc()


def _synapses(connection: Connection) -> tuple[Integers, Integers, npt.NDArray[Any]]:
    """Return row, column and weight of the synapses of a projection."""
    if connection.row is None or connection.target is None:
        row, column = np.nonzero(connection.weight)
        weight = connection.weight[row, column]
    else:
        row = np.repeat(np.arange(connection.rows), np.diff(connection.row))
        column, weight = connection.target.astype(np.int64), connection.weight
    return row, column, weight.astype(np.float32) * connection.scale
