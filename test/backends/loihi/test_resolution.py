"""How many units a threshold has, and what becomes of weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuromorphic_ros.backends.loihi.resolution import (
    FINEST_THRESHOLD,
    Code,
    Load,
    code,
    threshold,
)
from neuromorphic_ros.errors import NetworkError

WEIGHTS = arrays(np.float64, st.integers(1, 20), elements=st.floats(-1e3, 1e3))


def load(current: float = 1.0, weight: float = 1.0, drift: float = 0.0) -> Load:
    """Return the load of a population of one neuron."""
    return Load(*(np.array([each]) for each in (current, weight, drift)))


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([255], Code(1, 0)),
        ([255.01], Code(1, 1)),
        ([-255.0, 0], Code(1, 0)),
        ([254, -254], Code(2, 0)),
        ([255, -1], Code(2, 1)),
        ([510, 3], Code(1, 1)),
        ([1], Code(1, -7)),
        ([1e-9], Code(1, -8)),
        ([0], Code(1, -8)),
        ([], Code(1, -8)),
    ],
)
def test_a_code_is_the_finest_that_holds_all(weights: list[float], expected: Code) -> None:
    assert code(np.array(weights, float)) == expected


@given(WEIGHTS)
def test_a_code_changes_no_weight_by_more_than_half_a_step(weights: np.ndarray) -> None:
    found = code(weights)
    mantissa = np.rint(weights / found.units) * found.step
    assert np.abs(mantissa).max() <= 255
    assert np.all(np.abs(mantissa * 2.0**found.exponent - weights) <= found.units / 2)
    assert found.units == found.step * 2.0**found.exponent


def are_exact(weights: list[list[float]], units: int) -> bool:
    """Tell whether weights are whole steps, with as many units of a threshold."""
    for each in weights:
        given_units = np.array(each) * units
        steps = given_units / code(given_units).units
        if not np.allclose(steps, np.rint(steps), atol=1e-6):
            return False
    return True


@pytest.mark.parametrize(
    "weights",
    [
        [[0.5]],
        [[0.25, 0.75], [-0.1]],
        [[0.1], [-1 / 3]],
        [[0.98, 0.01]],
        [[0.5, -0.3]],
        [],
        [[0.0]],
    ],
)
def test_of_thresholds_with_exact_weights_the_finest_is_taken(weights: list[list[float]]) -> None:
    tried = range(FINEST_THRESHOLD, FINEST_THRESHOLD // 2, -1)
    finest = next(units for units in tried if are_exact(weights, units))
    assert threshold("b", load(), [np.array(each) for each in weights]) == finest


def test_large_weights_leave_few_units() -> None:
    assert threshold("b", load(current=500, weight=500), [np.array([500.0])]) == 64


@pytest.mark.parametrize(
    ("given_load", "message"),
    [
        (load(current=64_882), "may receive 64882 thresholds in a tick, .* hold 64881: raise"),
        (load(weight=32_513), "may receive 32513 thresholds .* hold 32512"),
        (load(drift=-8_191), "may receive 8191 thresholds .* hold 8190"),
    ],
)
def test_input_beyond_24_bits_is_refused(given_load: Load, message: str) -> None:
    with pytest.raises(NetworkError, match=f"population 'b' {message}"):
        threshold("b", given_load, [])


@given(WEIGHTS, st.floats(1.0, 500.0))
def test_whatever_the_weights_they_fit(weights: np.ndarray, more: float) -> None:
    largest = float(np.abs(weights).max())
    current = largest * more
    found = threshold("b", load(current, largest), [weights]) if current < 64_000 else 1
    assert 1 <= found <= FINEST_THRESHOLD
    assert current * found <= 64_881 or found == 1
    assert code(weights * found).exponent <= 7 or largest > 32_512
