"""Running statistics of motion: what they tell and what they do not depend on."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.pipeline.recipes.motion_statistics import (
    CENTRES,
    RANGES,
    motion_statistics,
    running_mean,
)

INTERVAL_S = 0.04
TURN_ACCELERATION, TURN_VELOCITY = slice(9, 12), slice(12, 15)
TREMOR = 33


def swinging(period_s: float = 2.0, turn_rad_s: float = 2.0, lag: float = 0.0) -> np.ndarray:
    """Return 40 s of a turn about the vertical y and of an acceleration along z that lags."""
    phase = 2 * np.pi * np.arange(1000) * INTERVAL_S / period_s
    series = np.zeros((1000, 6))
    series[:, 1] = 1.0
    series[:, 2] = 0.3 * np.sin(phase - lag)
    series[:, 4] = turn_rad_s * np.sin(phase)
    return series


def test_a_running_mean_is_the_weighted_sum_of_what_came_before() -> None:
    values = np.random.default_rng(0).normal(0, 1, (40, 2))
    share = 1 - np.exp(-INTERVAL_S / 0.2)
    expected = [values[0]]
    for row in values[1:]:
        expected.append(expected[-1] + share * (row - expected[-1]))
    assert np.allclose(running_mean(values, 0.2, INTERVAL_S), expected)


def test_statistics_know_nothing_of_what_comes_after() -> None:
    series = np.random.default_rng(0).normal(0, 1, (300, 6))
    whole = motion_statistics(series, INTERVAL_S)
    assert np.allclose(motion_statistics(series[:200], INTERVAL_S), whole[:200])


@given(
    seed=st.integers(0, 1000),
    size=st.sampled_from([0.0, 1e-12, 1.0, 1e6, 1e300]),
    rows=st.integers(1, 60),
)
@settings(deadline=None, max_examples=40)
def test_any_finite_series_has_finite_statistics(seed: int, size: float, rows: int) -> None:
    series = np.random.default_rng(seed).normal(0, 1, (rows, 6)) * size
    found = motion_statistics(series, INTERVAL_S)
    assert found.shape == (rows, len(CENTRES)) == (rows, len(RANGES))
    assert np.all(np.isfinite(found))


def test_correlations_tell_what_goes_along_with_the_turn() -> None:
    along, against = (motion_statistics(swinging(lag=lag), INTERVAL_S)[-1] for lag in (0.0, np.pi))
    assert along[TURN_ACCELERATION][2] > 0.7
    assert against[TURN_ACCELERATION][2] < -0.7
    assert along[TURN_VELOCITY][1] > 0.7


def test_correlations_hardly_change_with_speed() -> None:
    slow, fast = (
        motion_statistics(swinging(period, turn), INTERVAL_S)[500:].mean(axis=0)[9:]
        for period, turn in ((2.5, 1.6), (1.25, 3.2))
    )
    assert np.allclose(slow, fast, atol=0.15)


def test_tremor_is_told_by_the_way_it_comes_with() -> None:
    generator = np.random.default_rng(0)
    series = swinging()
    series[:, 3] = generator.normal(0, 1.0, 1000) * (series[:, 4] > 0)
    found = motion_statistics(series, INTERVAL_S)[-1, TREMOR]
    series[:, 4] *= -1
    assert found > 0.5 > -0.5 > motion_statistics(series, INTERVAL_S)[-1, TREMOR]
