"""Weights of a whole network in another precision or on a grid, and what their rounding changes."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from neuromorphic_ros.compression.map_weights import CompressionError, with_map_weights
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.synapses import Connection, connect
from neuromorphic_ros.snn.weight_grid import WeightGrid, channel_axis
from neuromorphic_ros.snn.weights import ITEM_BYTES, Precision


class Rounding(NamedTuple):
    """What storing the weights of one projection changes in them.

    largest: greatest change of a weight. rms: root mean square of the changes over that of the
    weights. lost: share of the weights that became zero. All 0 if there is no weight.
    """

    projection: str
    largest: float
    rms: float
    lost: float


def quantize(spec: NetworkSpec, precision: Precision) -> NetworkSpec:
    """Return a network that stores the weights of all projections in a precision.

    Arithmetic, state, biases, and weights that learn stay in float32.
    Raises CompressionError for an unknown precision.
    """
    if precision not in ITEM_BYTES:
        raise CompressionError(
            f"precision '{precision}' is unknown; there are {', '.join(ITEM_BYTES)}"
        )
    projections = (
        each if each.plasticity else dataclasses.replace(each, precision=precision)
        for each in spec.projections
    )
    return dataclasses.replace(spec, projections=tuple(projections))


def on_grid(spec: NetworkSpec, grid: WeightGrid) -> NetworkSpec:
    """Return a network whose weights are on a grid, as numbers in float32 that every engine runs.

    Each map of a projection has steps of its own. Pooling, biases, graphs and weights that learn
    are left as they are.
    Raises CompressionError for a random matrix that is too large; NetworkError if weights do not
    fit.
    """
    spec = with_map_weights(
        spec, lambda given: grid.rounded(given.weights, channel_axis(given.pattern))
    )
    return quantize(spec, "float32")


def roundings(spec: NetworkSpec, exact: NetworkSpec | None = None) -> tuple[Rounding, ...]:
    """Compare the weights of each projection, as they are stored, with those of another network.

    exact: of the same synapses; none: the network itself in float32.
    Raises NetworkError if a projection does not fit.
    """
    exact = quantize(exact or spec, "float32")
    return tuple(_rounding(exact, spec, index) for index in range(len(spec.projections)))


def _rounding(exact: NetworkSpec, spec: NetworkSpec, index: int) -> Rounding:
    given, stored = (_matrix(connect(each, index)) for each in (exact, spec))
    name = str(spec.projections[index])
    if not given.nnz:
        return Rounding(name, 0.0, 0.0, 0.0)
    change = (stored - given).data
    return Rounding(
        projection=name,
        largest=float(np.abs(change).max(initial=0)),
        rms=float(np.sqrt(np.sum(change**2) / np.sum(given.data**2))),
        lost=1 - stored.multiply(given != 0).nnz / given.nnz,
    )


def _matrix(connection: Connection) -> Any:
    """Return the weights of a connection as they act, without zeros; float64[rows, columns]."""
    weight = connection.weight.astype(np.float64) * connection.scale
    if connection.row is None:
        return scipy.sparse.csr_array(weight)
    lists: Any = (weight, connection.target, connection.row)
    matrix = scipy.sparse.csr_array(lists, shape=(connection.rows, connection.columns))
    matrix.eliminate_zeros()
    return matrix
