"""Time a step of recursive least squares with 1000 features beside numpy, numba and reservoirpy.

One output, float32 here, one thread; medians. The sides take turns with many steps each, as one
step of another side would leave nothing of a matrix in the cache.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt
from peers import echo_state
from reporting import Row

from neuromorphic_ros.learning import force
from neuromorphic_ros.learning.blas_threads import one_thread

FEATURES = 1000
ROUNDS, STEPS = 5, 40

Values = npt.NDArray[np.float32]


class Side(NamedTuple):
    """One implementation; step: trains on the pair of an index. weights: float32[n], now."""

    step: Callable[[int], object]
    weights: Callable[[], Values]


def by_numpy(features: Values, targets: Values) -> Side:
    """Return the textbook's step: a whole matrix, a new one every time."""
    size = features.shape[1]
    inverse, weights = np.eye(size, dtype=np.float32), np.zeros((size, 1), np.float32)

    def step(index: int) -> None:
        nonlocal inverse, weights
        product = inverse @ features[index]
        gain = np.float32(1) / (np.float32(1) + features[index] @ product)
        weights = weights + np.outer(gain * product, targets[index] - features[index] @ weights)
        inverse = inverse - gain * np.outer(product, product)

    return Side(step, lambda: weights[:, 0])


@numba.njit()
def _numba_step(inverse: Values, weights: Values, product: Values, x: Values, y: float) -> None:
    size = x.size
    power = error = np.float32(0)
    for row in range(size):
        total = np.float32(0)
        for column in range(size):
            total += inverse[row, column] * x[column]
        product[row] = total
        power += total * x[row]
        error += weights[row] * x[row]
    gain = np.float32(1) / (np.float32(1) + power)
    error = y - error
    for row in range(size):
        scaled = gain * product[row]
        weights[row] += scaled * error
        for column in range(size):
            inverse[row, column] -= scaled * product[column]


def by_numba(features: Values, targets: Values) -> Side:
    """Return the loops that one writes by hand, compiled."""
    size = features.shape[1]
    inverse = np.eye(size, dtype=np.float32)
    weights, product = np.zeros((2, size), np.float32)

    def step(index: int) -> None:
        _numba_step(inverse, weights, product, features[index], targets[index, 0])

    return Side(step, lambda: weights)


def ours(features: Values, targets: Values) -> Side:
    """Return the step here."""
    parameters = force.ForceParameters(regularization=1.0)
    state = force.start(parameters, features.shape[1], 1)

    def step(index: int) -> None:
        force.step(parameters, state, features[index], targets[index])

    return Side(step, lambda: state.weights[0])


def measure_rls(features: int = FEATURES, rounds: int = ROUNDS, steps: int = STEPS) -> Row:
    """Return the row of RLS: microseconds a step here, and of the peers that are installed."""
    generator = np.random.default_rng(0)
    x = generator.random((steps, features), np.float32)
    y = generator.random((steps, 1), np.float32)
    sides = {"ours": ours(x, y), "numpy": by_numpy(x, y), "numba": by_numba(x, y)}
    calls = {name: side.step for name, side in sides.items()}
    if echo_state.available():
        calls["reservoirpy"] = echo_state.rls_step(x.astype(np.float64), y.astype(np.float64))
    times_us: dict[str, list[float]] = {name: [] for name in calls}
    with one_thread():
        for _, (name, step) in itertools.product(range(rounds), calls.items()):
            # Compiles, and fetches the matrix.
            step(0)
            for index in range(steps):
                begun = time.perf_counter()
                step(index)
                times_us[name].append(1e6 * (time.perf_counter() - begun))
    median = {name: statistics.median(times) for name, times in times_us.items()}
    ours_us = median.pop("ours")
    return {"work": "rls", "ours_us": ours_us, "peers": median}
