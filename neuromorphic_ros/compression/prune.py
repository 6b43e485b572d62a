"""Magnitude pruning: the smallest weights of each projection become zero and are no synapses."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import NetworkError, NeuromorphicError
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.patterns import AllToAll, Pool2d, Random
from neuromorphic_ros.snn.spec import Link, NetworkSpec, Projection
from neuromorphic_ros.snn.synapses import expanded, weight_shape
from neuromorphic_ros.snn.weights import Values, values

# 1 GiB: what is drawn at random is kept as the matrix of all pairs.
MAX_PAIRS = 2**28


class PruningError(NeuromorphicError, ValueError):
    """A share of weights that cannot be pruned, or a projection that is too large to be pruned."""


def prune(spec: NetworkSpec, share: float) -> NetworkSpec:
    """Return a network without the smallest `share`, 0 to 1, of the weights of each projection.

    All weights of the result are arrays, in float32. Each map of a projection is pruned by itself
    and keeps its largest weights by magnitude; `share` of its weights, rounded down, are zero
    then, those that were before included. Weights are those of the matrix, the drawn pairs of a
    random one, and the taps of a kernel, which stays one; pooling and biases are left as they are.
    Among equal magnitudes those to go are drawn from the seed of the network, so that equal weights
    thin out evenly; pruning again by a larger share is pruning by that at once. A random map behind
    another becomes a matrix with zeros, as its pairs would be drawn anew.
    Method: Han et al., Learning both weights and connections for efficient neural networks, NeurIPS
    2015, without their training in between.
    Raises PruningError for another share or a random matrix beyond MAX_PAIRS; NetworkError if
    weights do not fit.
    """
    if not 0 <= share <= 1:
        raise PruningError(f"share {share} of weights to prune is outside of 0..1")
    projections = tuple(_pruned(spec, index, share) for index in range(len(spec.projections)))
    return dataclasses.replace(spec, projections=projections)


def _pruned(spec: NetworkSpec, index: int, share: float) -> Projection:
    projection = spec.projections[index]
    generator = spec.generator(index)
    # The third number keeps the draws apart from those of the weights.
    order = np.random.default_rng((spec.seed, index, 2))
    where = f"projection {projection}"
    try:
        changes = [
            _map(link, place, share, generator, order)
            for place, link in enumerate(spec.stages(projection))
        ]
    except NetworkError as wrong:
        raise NetworkError(f"{where}: {wrong}") from None
    except PruningError as wrong:
        raise PruningError(f"{where}: {wrong}") from None
    before = (
        dataclasses.replace(stage, **changed)
        for stage, changed in zip(projection.before, changes, strict=False)
    )
    return dataclasses.replace(projection, before=tuple(before), **changes[-1])


def _map(
    link: Link, place: int, share: float, generator: np.random.Generator, order: np.random.Generator
) -> dict[str, Any]:
    """Return what changes in the map at a place of its projection."""
    if isinstance(link.pattern, Pool2d):
        return {}
    if not isinstance(link.pattern, Random):
        return {"weights": _kept(values(link.weights, weight_shape(link), generator), share, order)}
    sources, targets = weight_shape(link)
    if sources * targets > MAX_PAIRS:
        raise PruningError(
            f"a random matrix of {sources} x {targets} exceeds {MAX_PAIRS} pairs; prune a smaller "
            "network"
        )
    drawn = expanded(link, generator)
    matrix = np.zeros((sources, targets), np.float32)
    source = np.repeat(np.arange(sources), np.diff(drawn.row))
    matrix[source, drawn.target] = _kept(drawn.weight, share, order).values
    pattern = link.pattern if place == 0 else AllToAll()
    return {"pattern": pattern, "weights": Array(matrix)}


def _kept(weights: Values, share: float, order: np.random.Generator) -> Array:
    """Return weights of any shape of which the smallest are zero."""
    flat: npt.NDArray[np.float32] = np.array(weights, np.float32).ravel()
    # A share of 0.29 of 100 weights is 29 of them, though not in binary.
    number = math.floor(share * flat.size + 1e-6)
    by_magnitude = np.lexsort((order.permutation(flat.size), np.abs(flat)))
    flat[by_magnitude[:number]] = 0.0
    return Array(flat.reshape(weights.shape))
