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
    channel, delay_ticks, source: int64[entries], sorted by channel. count: of sources.
    """

    channel: Integers
    delay_ticks: Integers
    source: Integers
    count: int


class Drive(NamedTuple):
    """What drives the neurons.

    weights: scipy CSC (sources + neurons, neurons), float64, in units of the network. bias: constant
    input of each neuron; float64[neurons]. too_late: projections between neurons with a delay of
    several ticks.
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
    outside: dict[int, list[Any]] = {}
    inside = [_matrix([], (neurons, neurons))]
    too_late = []
    for index, projection in enumerate(spec.projections):
        pre, post = spec.end(projection.pre), spec.end(projection.post)
        place = begin[post.name] - channels
        constant[place + post.start : place + post.stop] += bias(spec, index)
        row, column, weight = _synapses(connect(spec, index))
        source, target = row + begin[pre.name] + pre.start, column + place + post.start
        if begin[pre.name] < channels:
            entries = (weight, source, target)
            outside.setdefault(projection.delay_ticks, []).append(
                _matrix([entries], (channels, neurons))
            )
            continue
        if projection.delay_ticks > 1:
            too_late.append(projection)
        inside.append(_matrix([(weight, source - channels, target)], (neurons, neurons)))
    sources, played = _merged({delay: sum(parts) for delay, parts in sorted(outside.items())})
    weights = scipy.sparse.vstack([played, sum(inside)], format="csc") if played is not None else (
        sum(inside).tocsc()
    )
    weights.eliminate_zeros()
    return Drive(sources, weights, constant, tuple(too_late))


def _merged(by_delay: dict[int, Any]) -> tuple[Sources, Any]:
    """Give channels with equal rows one source; returns the weights of sources too, scipy CSR."""
    rows: dict[tuple[int, bytes], int] = {}
    entries, kept = [], []
    for delay, matrix in by_delay.items():
        matrix = matrix.tocsr()
        matrix.eliminate_zeros()
        matrix.sort_indices()
        used = np.flatnonzero(np.diff(matrix.indptr))
        firsts = []
        for channel in used:
            part = slice(matrix.indptr[channel], matrix.indptr[channel + 1])
            key = (delay, matrix.indices[part].tobytes() + matrix.data[part].tobytes())
            if key not in rows:
                rows[key] = len(rows)
                firsts.append(channel)
            entries.append((channel, delay, rows[key]))
        kept.append(matrix[firsts])
    channel, delay_ticks, source = np.array(sorted(entries), np.int64).reshape(-1, 3).T
    sources = Sources(channel, delay_ticks, source, len(rows))
    return sources, scipy.sparse.vstack(kept, format="csr") if rows else None


def _matrix(entries: list[tuple[Any, Any, Any]], shape: tuple[int, int]) -> Any:
    weight, row, column = (
        np.concatenate([np.empty(0), *parts]) for parts in zip(*entries, strict=True)
    ) if entries else (np.empty(0),) * 3
    places = (row.astype(np.int64), column.astype(np.int64))
    return scipy.sparse.coo_array((weight, places), shape).tocsr()


def _synapses(connection: Connection) -> tuple[Integers, Integers, Floats]:
    """Return row, column and weight of the synapses of a projection."""
    if connection.row is None or connection.target is None:
        row, column = np.nonzero(connection.weight)
        weight = connection.weight[row, column]
    else:
        row = np.repeat(np.arange(connection.rows), np.diff(connection.row))
        column, weight = connection.target.astype(np.int64), connection.weight
    return row, column, weight.astype(np.float64) * np.float64(connection.scale)
