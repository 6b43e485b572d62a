"""Memory capacity, ranks and separation, where they are known exactly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.snn.liquid_properties import (
    LiquidError,
    memory_capacity,
    rank,
    ridge_solution,
    separation,
)

Values = npt.NDArray[np.float64]


def delay_line(values: Values, length: int) -> Values:
    return np.stack([np.roll(values, delay) for delay in range(1, length + 1)], axis=1)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 12), st.integers(0, 1000))
def test_a_delay_line_remembers_its_length_and_no_more(length: int, seed: int) -> None:
    values = np.random.default_rng(seed).uniform(-1, 1, 3000)
    found = memory_capacity(delay_line(values, length), values, delays=15, train=1500, ridge=1e-9)
    assert found[:length] == pytest.approx(1.0, abs=1e-6)
    assert found[length:].max(initial=0.0) < 0.05


def test_a_leaky_integrator_remembers_as_much_as_one_neuron_can() -> None:
    # Jaeger 2001, proposition 2: the capacity is at most the number of neurons; of one linear
    # neuron x <- a x + u, delay k has a^(2k) (1 - a^2), here from the input of the step before.
    values = np.random.default_rng(0).uniform(-1, 1, 40_000)
    state = np.zeros_like(values)
    for now in range(1, values.size):
        state[now] = 0.7 * state[now - 1] + values[now - 1]
    found = memory_capacity(state[:, None], values, delays=10, train=20_000)
    assert found == pytest.approx(0.49 ** np.arange(10) * 0.51, abs=0.02)


def test_silent_neurons_remember_nothing() -> None:
    values = np.random.default_rng(0).random(200)
    assert memory_capacity(np.zeros((200, 5)), values, delays=3, train=100).sum() == 0.0


def test_noise_is_not_taken_for_memory() -> None:
    generator = np.random.default_rng(0)
    values, noise = generator.random(400), generator.standard_normal((400, 150))
    found = memory_capacity(noise, values, delays=50, train=200)
    assert found.mean() < 0.02


@pytest.mark.parametrize(
    ("shape", "steps", "delays", "train", "complaint"),
    [
        ((10,), 10, 1, 5, "do not go with"),
        ((10, 2), 9, 1, 5, "do not go with"),
        ((10, 2), 10, 0, 5, "cannot be divided"),
        ((10, 2), 10, 5, 5, "cannot be divided"),
        ((10, 2), 10, 1, 9, "cannot be divided"),
    ],
)
def test_too_few_steps_are_refused(
    shape: tuple[int, ...], steps: int, delays: int, train: int, complaint: str
) -> None:
    with pytest.raises(LiquidError, match=complaint):
        memory_capacity(np.ones(shape), np.ones(steps), delays, train)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 8), st.integers(1, 20), st.integers(0, 1000))
def test_the_rank_is_the_number_of_independent_states(true: int, size: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    base = np.linalg.qr(generator.standard_normal((20, true)))[0]
    other = np.linalg.qr(generator.standard_normal((size, min(true, size))))[0]
    assert rank(base[:, : other.shape[1]] @ other.T) == min(true, size)


def test_no_activity_has_rank_0() -> None:
    assert rank(np.zeros((5, 7))) == 0


@pytest.mark.parametrize("states", [np.ones(3), np.full((2, 2), np.nan)])
def test_no_matrix_has_no_rank(states: Values) -> None:
    with pytest.raises(LiquidError, match="no matrix"):
        rank(states)


def test_separation_is_the_root_mean_square_and_a_metric() -> None:
    one, other = np.zeros((3, 4)), np.array([[0.0] * 4, [2.0] * 4, [0, 0, 0, 4.0]])
    assert separation(one, other) == pytest.approx([0.0, 2.0, 2.0])
    assert separation(other, one) == pytest.approx(separation(one, other))
    with pytest.raises(LiquidError, match="no distance"):
        separation(one, other[:2])


def test_the_solution_without_a_penalty_is_least_squares() -> None:
    generator = np.random.default_rng(0)
    x, y = generator.standard_normal((50, 6)), generator.standard_normal((50, 2))
    expected = np.linalg.lstsq(x, y)[0]
    np.testing.assert_allclose(ridge_solution(x, y, 0.0), expected, rtol=1e-9)
