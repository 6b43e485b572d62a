"""Weights of a whole network in another precision, and what their rounding changes."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.synapses import connect
from neuromorphic_ros.snn.weights import ITEM_BYTES, Precision


class PrecisionError(NeuromorphicError, ValueError):
    """A precision in which no weights are stored."""


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
    Raises PrecisionError for an unknown precision.
    """
    if precision not in ITEM_BYTES:
        raise PrecisionError(
            f"precision '{precision}' is unknown; there are {', '.join(ITEM_BYTES)}"
        )
    projections = (
        each if each.plasticity else dataclasses.replace(each, precision=precision)
        for each in spec.projections
    )
    return dataclasses.replace(spec, projections=tuple(projections))


def roundings(spec: NetworkSpec) -> tuple[Rounding, ...]:
    """Compare the weights of each projection as they are stored with those in float32.

    Raises NetworkError if a projection does not fit.
    """
    exact = quantize(spec, "float32")
    return tuple(_rounding(exact, spec, index) for index in range(len(spec.projections)))


def _rounding(exact: NetworkSpec, spec: NetworkSpec, index: int) -> Rounding:
    # Which synapses there are, and in what order, does not depend on the precision.
    given = connect(exact, index).weight.astype(np.float64).ravel()
    connection = connect(spec, index)
    stored = connection.weight.astype(np.float64).ravel() * connection.scale
    used = given != 0
    projection = spec.projections[index]
    name = str(projection)
    if not used.any():
        return Rounding(name, 0.0, 0.0, 0.0)
    given, change = given[used], (stored - given)[used]
    return Rounding(
        projection=name,
        largest=float(np.abs(change).max()),
        rms=float(np.sqrt(np.mean(change**2) / np.mean(given**2))),
        lost=float(np.mean(stored[used] == 0)),
    )
