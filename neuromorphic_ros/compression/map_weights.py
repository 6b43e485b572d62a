"""Other weights for the linear maps of a projection, each in its own form."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import NetworkError, NeuromorphicError
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.patterns import AllToAll, Pattern, Pool2d, Random
from neuromorphic_ros.snn.spec import Link, NetworkSpec, Projection
from neuromorphic_ros.snn.synapses import expanded, weight_shape
from neuromorphic_ros.snn.weights import Values, values

# 1 GiB: what is drawn at random is kept as the matrix of all pairs.
MAX_PAIRS = 2**28


class MapWeights(NamedTuple):
    """The weights of a linear map, float32 in the shape of its pattern.

    synapses: which of them are; all, but of a random pattern the drawn pairs: elsewhere weights are
    and stay zero. projection, place: which projection, and which of its maps.
    """

    weights: Values
    synapses: npt.NDArray[np.bool_]
    pattern: Pattern
    projection: int
    place: int


Change = Callable[[MapWeights], Values]


class CompressionError(NeuromorphicError, ValueError):
    """A network that cannot be compressed, or not as it is asked for."""


def with_map_weights(spec: NetworkSpec, change: Change) -> NetworkSpec:
    """Return a network whose maps have other weights, as arrays in float32.

    Pooling, biases and weights that learn are left as they are. A random map behind another becomes
    a matrix with zeros, as its pairs would be drawn anew.
    Raises CompressionError for a random matrix beyond MAX_PAIRS; NetworkError if weights do not
    fit.
    """
    projections = (
        projection if projection.plasticity else _changed(spec, index, change)
        for index, projection in enumerate(spec.projections)
    )
    return dataclasses.replace(spec, projections=tuple(projections))


def _changed(spec: NetworkSpec, index: int, change: Change) -> Projection:
    projection = spec.projections[index]
    generator = spec.generator(index)
    try:
        changes = [
            _map(change, link, generator, index, place)
            for place, link in enumerate(spec.stages(projection))
        ]
    except (CompressionError, NetworkError) as wrong:
        raise type(wrong)(f"projection {projection}: {wrong}") from None
    before = (
        dataclasses.replace(stage, **changed)
        for stage, changed in zip(projection.before, changes, strict=False)
    )
    return dataclasses.replace(projection, before=tuple(before), **changes[-1])


def _map(
    change: Change, link: Link, generator: np.random.Generator, projection: int, place: int
) -> dict[str, Any]:
    """Return what changes in the map at a place of its projection."""
    pattern = link.pattern
    if isinstance(pattern, Pool2d):
        return {}
    if not isinstance(pattern, Random):
        weights = values(link.weights, weight_shape(link), generator)
        synapses = np.ones(weights.shape, bool)
        changed = change(MapWeights(weights, synapses, pattern, projection, place))
        return {"weights": Array(changed)}
    sources, targets = weight_shape(link)
    if sources * targets > MAX_PAIRS:
        raise CompressionError(
            f"a random matrix of {sources} x {targets} exceeds {MAX_PAIRS} pairs; take a smaller "
            "network"
        )
    drawn = expanded(link, generator)
    matrix, synapses = np.zeros((sources, targets), np.float32), np.zeros((sources, targets), bool)
    source = np.repeat(np.arange(sources), np.diff(drawn.row))
    matrix[source, drawn.target], synapses[source, drawn.target] = drawn.weight, True
    changed = change(MapWeights(matrix, synapses, pattern, projection, place))
    return {"pattern": pattern if place == 0 else AllToAll(), "weights": Array(changed)}
