"""FORCE: a linear readout trained online by recursive least squares."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.dataclasses import dataclass
from scipy.linalg import blas

from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.learning.blas_threads import one_thread
from neuromorphic_ros.parameters import STRICT

# Forgetting stops while the inverse has grown by this factor in some direction that no features
# have had for long: else it overflows (Astrom & Wittenmark, Adaptive Control, 1995, wind-up).
WIND_UP = 1e3

Values = npt.NDArray[np.float32]


class ReadoutError(NeuromorphicError, ValueError):
    """Features or targets that do not fit a readout, or would spoil it for good."""


@dataclass(frozen=True, config=STRICT)
class ForceParameters:
    """Parameters of recursive least squares.

    Without forgetting, the weights after n steps are those of ridge regression over all of them, as
    long as float32 holds the inverse: with a regularization above about 1e-7 times the sum of all
    squared features so far.
    """

    regularization: Annotated[
        float,
        Field(ge=1e-6, le=1e9, description="penalty of squared weights, alpha [features squared]"),
    ] = 1.0
    forgetting: Annotated[
        float,
        Field(ge=0.9, le=1.0, description="weight of a step relative to the one after it [1]"),
    ] = 1.0


class ForceState(NamedTuple):
    """What a readout remembers; `step` changes the arrays in place.

    weights: float32[outputs, features]. inverse: float32[features, features] in Fortran order, the
    inverse of the features' regularised correlation; of it only the upper triangle is kept.
    product: float32[features], room for a step. resets: how often rounding has spoiled the inverse,
    which was then begun again.
    """

    weights: Values
    inverse: Values
    product: Values
    resets: int = 0


def start(parameters: ForceParameters, features: int, outputs: int) -> ForceState:
    """Return a readout that has learned nothing; raises ReadoutError for one of no size."""
    if features < 1 or outputs < 1:
        raise ReadoutError(f"a readout of {features} features and {outputs} outputs is none")
    inverse = np.zeros((features, features), np.float32, order="F")
    _begin(parameters, inverse)
    weights = np.zeros((outputs, features), np.float32)
    return ForceState(weights, inverse, np.zeros(features, np.float32))


def _begin(parameters: ForceParameters, inverse: Values) -> None:
    inverse.fill(0.0)
    np.fill_diagonal(inverse, 1.0 / parameters.regularization)


def predict(state: ForceState, features: Values) -> Values:
    """Return the outputs for features, float32[outputs]; raises ReadoutError if they do not fit."""
    _check("features", features, state.product.shape)
    return np.asarray(state.weights @ features)


def step(
    parameters: ForceParameters, state: ForceState, features: Values, target: Values
) -> tuple[Values, ForceState]:
    """Learn one pair and return the outputs before it, float32[outputs], and the state.

    The cost is that of one product of the inverse with a vector and one update of rank 1, both of a
    triangle: O(features^2).
    Sussillo & Abbott, Generating coherent patterns of activity from chaotic neural networks, Neuron
    63, 2009; for spiking networks, whose features are filtered spikes, Nicola & Clopath, Supervised
    learning in spiking neural networks with FORCE training, Nature Communications 8, 2208, 2017.
    Raises ReadoutError, with the state as before, if a shape or dtype is wrong or a value is not
    finite.
    """
    weights, _, product, _ = state
    _check("features", features, product.shape)
    _check("target", target, weights.shape[:1])
    with one_thread():
        return _step(parameters, state, features, target)


def _step(
    parameters: ForceParameters, state: ForceState, features: Values, target: Values
) -> tuple[Values, ForceState]:
    weights, inverse, product, resets = state
    output = weights @ features
    blas.ssymv(1.0, inverse, features, y=product, overwrite_y=1)
    power = float(features @ product)
    if not 0.0 <= power < np.inf:
        # No inverse of a correlation gives this: the weights would grow without bound. They stay,
        # and the inverse is that of the start again (Goodwin & Sin, Adaptive Filtering Prediction
        # and Control, 1984, covariance resetting).
        _begin(parameters, inverse)
        return output, state._replace(resets=resets + 1)
    gain = 1.0 / (parameters.forgetting + power)
    weights += np.outer((target - output) * np.float32(gain), product)
    blas.ssyr(-gain, product, a=inverse, overwrite_a=1)
    largest = float(inverse.diagonal().max()) * parameters.regularization
    if parameters.forgetting < 1.0 and largest < WIND_UP:
        inverse *= np.float32(1.0 / parameters.forgetting)
    return output, state


def _check(name: str, values: Values, shape: tuple[int, ...]) -> None:
    if values.shape != shape or values.dtype != np.float32:
        raise ReadoutError(
            f"{name} of shape {values.shape} and {values.dtype} do not fit a readout that needs "
            f"{shape} and float32"
        )
    if not np.all(np.isfinite(values)):
        raise ReadoutError(f"{name} hold NaN or infinity, which a readout would never forget")
