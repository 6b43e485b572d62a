"""Magnitude pruning: the smallest weights become zero and are no synapses.

Method: Han et al., Learning both weights and connections for efficient neural networks, NeurIPS
2015; trained again with `learning.surrogate.Work.keep_zeros`, what is pruned stays so.

Weights are those of the matrix of a map, the drawn pairs of a random one, and the taps of a kernel,
which stays one; pooling, biases and weights that learn are left as they are. Weights that were zero
before count among the smallest. Among equal magnitudes those to go are drawn from the seed of the
network, so that equal weights thin out evenly. All weights of the result are arrays, in float32. A
random map behind another becomes a matrix with zeros, as its pairs would be drawn anew.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.compression.map_weights import (
    CompressionError,
    MapWeights,
    with_map_weights,
)
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.weights import Values


def prune(spec: NetworkSpec, share: float) -> NetworkSpec:
    """Return a network without the smallest `share`, 0 to 1, of the weights of each projection.

    Each map of a projection is pruned by itself; `share` of its weights, rounded down, are zero
    then. Pruning again by a larger share is pruning by that at once.
    Raises CompressionError for another share or a random matrix that is too large; NetworkError if
    weights do not fit.
    """
    _check(share)

    def change(given: MapWeights) -> Values:
        magnitude = np.abs(given.weights[given.synapses])
        gone = _smallest(magnitude, share, _order(spec, given))
        return _without(given, gone)

    return with_map_weights(spec, change)


def prune_globally(spec: NetworkSpec, share: float) -> NetworkSpec:
    """Return a network without the smallest `share`, 0 to 1, of the weights of all projections.

    Projections with larger weights keep more of them. Raises as `prune` does.
    """
    _check(share)
    magnitudes: list[Values] = []

    def listed(given: MapWeights) -> Values:
        magnitudes.append(np.abs(given.weights[given.synapses]))
        return given.weights

    spec = with_map_weights(spec, listed)
    if not magnitudes:
        return spec
    sizes = [each.size for each in magnitudes]
    gone = _smallest(np.concatenate(magnitudes), share, np.random.default_rng((spec.seed, 2)))
    parts = iter(np.split(gone, np.cumsum(sizes)[:-1]))
    return with_map_weights(spec, lambda given: _without(given, next(parts)))


def prune_below(spec: NetworkSpec, magnitude: float) -> NetworkSpec:
    """Return a network without the weights whose magnitude is less than that given.

    Raises CompressionError for a negative or no magnitude, or as `prune` does.
    """
    if not magnitude >= 0:
        raise CompressionError(f"magnitude {magnitude} of weights to prune is not from 0 on")
    return with_map_weights(
        spec, lambda given: _without(given, np.abs(given.weights[given.synapses]) < magnitude)
    )


def _check(share: float) -> None:
    if not 0 <= share <= 1:
        raise CompressionError(f"share {share} of weights to prune is outside of 0..1")


def _order(spec: NetworkSpec, given: MapWeights) -> np.random.Generator:
    # The third number keeps the draws apart from those of the weights.
    return np.random.default_rng((spec.seed, given.projection, 2, given.place))


def _smallest(magnitude: Values, share: float, order: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return which of the magnitudes, of one dimension, are the share of the smallest."""
    # A share of 0.29 of 100 weights is 29 of them, though not in binary.
    number = math.floor(share * magnitude.size + 1e-6)
    by_magnitude = np.lexsort((order.permutation(magnitude.size), magnitude))
    gone = np.zeros(magnitude.size, bool)
    gone[by_magnitude[:number]] = True
    return gone


def _without(given: MapWeights, gone: npt.NDArray[np.bool_]) -> Values:
    weights = np.array(given.weights, np.float32)
    weights[given.synapses] = np.where(gone, np.float32(0), weights[given.synapses])
    return weights
