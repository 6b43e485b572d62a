"""All that drives the neurons of a network, as its host and its synapses bring it to a chip."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse

from neuromorphic_ros.snn.spec import NetworkSpec, Projection
from neuromorphic_ros.snn.synapses import Connection, bias, connect

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Sources(NamedTuple):
    """The spike sources that the host plays.

    Channels that drive the same neurons with the same weights are one source, as events from
    outside get their label on the host; a channel with several delays is one source for each.
    channel, delay_ticks, source: int64[entries], sorted by channel. number: of sources.
    """

    channel: Integers
    delay_ticks: Integers
    source: Integers
    number: int


class Drive(NamedTuple):
    """What drives the neurons.

    weights: scipy CSC (sources + neurons, neurons), float64, in units of the network. bias:
    float64[neurons], constant input of each neuron. too_late: projections between neurons with a
    delay of several ticks.
    """

    sources: Sources
    weights: Any
    bias: Floats
    too_late: tuple[Projection, ...]


def drive(spec: NetworkSpec) -> Drive:
    """Return what drives a network; raises NetworkError if a projection does not fit its ends.

    The host delays what comes from outside. Between neurons a chip has one short delay for all, as
    for a delay of 0 or 1 tick here.
    """
    begin, at = {}, 0
    for node in spec.execution_nodes():
        begin[node.name] = at
        at += math.prod(node.shape)
    channels, neurons = spec.channels, spec.neurons
    constant = np.zeros(neurons)
    outside: dict[int, Any] = {}
    inside = scipy.sparse.csr_array((neurons, neurons))
    too_late = []
    for index, projection in enumerate(spec.projections):
        pre, post = spec.end(projection.pre), spec.end(projection.post)
        target = begin[post.name] - channels + post.start
        constant[target : target + post.size] += bias(spec, index)
        row, column, weight = _synapses(connect(spec, index))
        row, column = row + begin[pre.name] + pre.start, column + target
        if begin[pre.name] < channels:
            matrix = scipy.sparse.coo_array((weight, (row, column)), (channels, neurons)).tocsr()
            delay = projection.delay_ticks
            outside[delay] = outside[delay] + matrix if delay in outside else matrix
            continue
        if projection.delay_ticks > 1:
            too_late.append(projection)
        places = (row - channels, column)
        inside = inside + scipy.sparse.coo_array((weight, places), inside.shape).tocsr()
    sources, played = _merged(outside, neurons)
    weights = scipy.sparse.vstack([played, inside], format="csc")
    weights.eliminate_zeros()
    return Drive(sources, weights, constant, tuple(too_late))


def _merged(by_delay: dict[int, Any], neurons: int) -> tuple[Sources, Any]:
    """Give channels with equal rows one source; returns the weights of sources too, scipy CSR."""
    known: dict[tuple[int, bytes], int] = {}
    entries = []
    kept = [scipy.sparse.csr_array((0, neurons))]
    for delay, matrix in sorted(by_delay.items()):
        matrix.eliminate_zeros()
        matrix.sort_indices()
        firsts = []
        for channel in np.flatnonzero(np.diff(matrix.indptr)):
            part = slice(matrix.indptr[channel], matrix.indptr[channel + 1])
            key = (delay, matrix.indices[part].tobytes() + matrix.data[part].tobytes())
            if key not in known:
                known[key] = len(known)
                firsts.append(channel)
            entries.append((channel, delay, known[key]))
        kept.append(matrix[firsts])
    channel, delay_ticks, source = np.array(sorted(entries), np.int64).reshape(-1, 3).T
    sources = Sources(channel, delay_ticks, source, len(known))
    return sources, scipy.sparse.vstack(kept, format="csr")


def _synapses(connection: Connection) -> tuple[Integers, Integers, Floats]:
    """Return row, column and weight of the synapses of a projection."""
    if connection.row is None or connection.target is None:
        row, column = np.nonzero(connection.weight)
        weight = connection.weight[row, column]
    else:
        row = np.repeat(np.arange(connection.rows), np.diff(connection.row))
        column, weight = connection.target.astype(np.int64), connection.weight
    return row, column, weight.astype(np.float64) * np.float64(connection.scale)
