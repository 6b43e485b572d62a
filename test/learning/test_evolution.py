"""Evolution finds minima of functions with known ones, and repeats by its seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from neuromorphic_ros.learning.evolution import (
    EvolutionParameters,
    EvolutionState,
    ask,
    start,
    tell,
)
from neuromorphic_ros.learning.samples import LearningError

Values = npt.NDArray[np.float64]
PARAMETERS = EvolutionParameters(step=0.5, candidates=12)


def evolved(loss: Callable[[Values], Values], generations: int, seed: int = 0) -> EvolutionState:
    generator = np.random.default_rng(seed)
    state = start(PARAMETERS, np.full(6, 1.0))
    for _ in range(generations):
        candidates = ask(PARAMETERS, state, generator)
        state = tell(PARAMETERS, state, candidates, loss(candidates))
    return state


def ellipsoid(x: Values) -> Values:
    """A valley a thousand times as long as wide, turned, with its minimum at 3."""
    turned = (x - 3.0) @ np.linalg.qr(np.vander(np.arange(1.0, 7.0)))[0]
    return np.asarray(np.sum(np.geomspace(1.0, 1e6, 6) * turned**2, axis=-1))


def test_the_minimum_of_a_narrow_valley_is_found() -> None:
    found = evolved(ellipsoid, 400)
    assert found.generation == 400
    assert found.mean == pytest.approx(np.full(6, 3.0), abs=1e-4)


def test_the_covariance_learns_the_shape_of_the_valley() -> None:
    # Of a quadratic loss it becomes the inverse of the Hessian, up to a factor.
    axes = np.linalg.qr(np.vander(np.arange(1.0, 7.0)))[0]
    deviation = np.diag(axes.T @ evolved(ellipsoid, 200).covariance @ axes) ** 0.5
    assert deviation[0] / deviation[-1] == pytest.approx(1e3, rel=1.0)


def test_noise_of_the_losses_does_not_mislead() -> None:
    noise = np.random.default_rng(1)
    found = evolved(lambda x: np.sum((x - 2.0) ** 2, axis=-1) + noise.normal(0.0, 0.1, len(x)), 100)
    assert found.mean == pytest.approx(np.full(6, 2.0), abs=0.4)


def test_a_seed_makes_all_of_it() -> None:
    one, other, another = (evolved(ellipsoid, 5, seed).mean for seed in (1, 1, 2))
    assert np.array_equal(one, other)
    assert not np.array_equal(one, another)


def test_only_the_order_of_losses_counts() -> None:
    plain, bent = evolved(ellipsoid, 20), evolved(lambda x: np.log(ellipsoid(x)), 20)
    assert np.array_equal(plain.mean, bent.mean)


@pytest.mark.parametrize("mean", [np.zeros((2, 2)), np.zeros(0), np.array([0.0, np.nan])])
def test_a_start_that_is_no_vector_is_refused(mean: Values) -> None:
    with pytest.raises(LearningError, match="finite vector"):
        start(PARAMETERS, mean)


@pytest.mark.parametrize(
    ("candidates", "losses"),
    [
        (np.zeros((12, 5)), np.zeros(12)),
        (np.zeros((12, 6)), np.zeros(11)),
        (np.zeros((12, 6)), np.full(12, np.nan)),
    ],
)
def test_losses_that_do_not_fit_are_refused(candidates: Values, losses: Values) -> None:
    with pytest.raises(LearningError, match="finite losses of 12 candidates of 6 parameters"):
        tell(PARAMETERS, start(PARAMETERS, np.zeros(6)), candidates, losses)
