"""What a reservoir can do whatever the task: remember, tell inputs apart, and generalise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import NeuromorphicError

Values = npt.NDArray[np.float64]
# Of the largest singular value: what is below is rounding or the noise of single spikes.
RANK_TOLERANCE = 1e-3


class LiquidError(NeuromorphicError, ValueError):
    """States of a liquid that do not fit the measure."""


def memory_capacity(
    states: npt.ArrayLike,
    values: npt.ArrayLike,
    delays: int,
    train: int,
    washout: int = 0,
    ridge: float = 1e-6,
) -> Values:
    """Return how well linear readouts recall the input of 1 .. `delays` steps ago, float64[delays].

    Each is the squared correlation of recalled and true input on the steps from `train` on, after a
    fit on those before it without the first `washout`; their sum is the memory capacity, at most
    the number of neurons for independent, identically distributed inputs. Measured on steps that
    were not fitted, so that it is not biased upwards, as it is where they are as many as neurons.
    states: [steps, neurons]. values: [steps]. ridge: of the fit, in mean squares of the states.
    Jaeger, Short term memory in echo state networks, GMD report 152, 2001.
    Raises LiquidError if shapes differ or too few steps are left.
    """
    x, u = _paired(states, values)
    first = max(washout, delays)
    if delays < 1 or not first < train <= len(x) - 2:
        raise LiquidError(
            f"{len(x)} steps cannot be divided at {train} for delays up to {delays} after a "
            f"washout of {washout}; record more"
        )
    recalled = np.stack([np.roll(u, delay) for delay in range(1, delays + 1)], axis=1)
    fitted = recalled[first:train]
    offset, centre = x[first:train].mean(0), fitted.mean(0)
    weights = ridge_solution(x[first:train] - offset, fitted - centre, ridge)
    found, true = (x[train:] - offset) @ weights, recalled[train:] - centre
    return _squared_correlation(found, true)


def ridge_solution(features: Values, targets: Values, ridge: float) -> Values:
    """Return the weights of least squares with a penalty of `ridge` mean squares of the features.

    features: [steps, n]; targets: [steps, m]. Returns float64[n, m].
    """
    normal = features.T @ features
    level = ridge * np.trace(normal) / len(normal)
    # So that silent neurons, of a liquid that is altogether silent too, get weights of 0.
    normal[np.diag_indices_from(normal)] += max(level, np.finfo(np.float64).tiny)
    return np.asarray(np.linalg.lstsq(normal, features.T @ targets, rcond=1e-15)[0])


def rank(states: npt.ArrayLike, tolerance: float = RANK_TOLERANCE) -> int:
    """Return the number of linearly independent states, [inputs, neurons], of one moment.

    After as many different inputs it is the kernel rank: inputs that a linear readout can give any
    values. After variants of one input that a readout should not tell apart, it is the
    generalisation rank, which should be low. Legenstein & Maass, Edge of chaos and prediction of
    computational performance for neural circuit models, Neural Networks 20, 2007.
    tolerance: singular values up to this share of the largest count as 0.
    Raises LiquidError if states are no matrix or not finite.
    """
    found = np.asarray(states, np.float64)
    if found.ndim != 2 or not np.all(np.isfinite(found)):
        raise LiquidError(
            f"states of shape {found.shape} are no matrix of finite numbers [inputs, neurons]"
        )
    singular = np.linalg.svd(found, compute_uv=False)
    return int(np.count_nonzero(singular > tolerance * singular.max(initial=0.0)))


def separation(one: npt.ArrayLike, other: npt.ArrayLike) -> Values:
    """Return the distance of the states that two inputs lead to, by step, float64[steps].

    Euclidean, over the square root of the number of neurons: the root of the mean square
    difference. one, other: [steps, neurons]. Maass, Natschlaeger & Markram, Neural Computation 14,
    2002, figure 2.
    Raises LiquidError if shapes differ.
    """
    first, second = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if first.shape != second.shape or first.ndim != 2:
        raise LiquidError(f"states of shapes {first.shape} and {second.shape} have no distance")
    return np.asarray(np.sqrt(np.mean((first - second) ** 2, axis=1)))


def _paired(states: npt.ArrayLike, values: npt.ArrayLike) -> tuple[Values, Values]:
    x, u = np.asarray(states, np.float64), np.asarray(values, np.float64)
    if x.ndim != 2 or u.shape != x.shape[:1]:
        raise LiquidError(f"states of shape {x.shape} do not go with values of shape {u.shape}")
    return x, u


def _squared_correlation(one: Values, other: Values) -> Values:
    a, b = one - one.mean(0), other - other.mean(0)
    power = (a * a).sum(0) * (b * b).sum(0)
    product = np.square((a * b).sum(0))
    return np.asarray(np.divide(product, power, out=np.zeros_like(power), where=power > 1e-30))
