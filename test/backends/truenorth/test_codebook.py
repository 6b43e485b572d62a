"""Weights as sums of four values of a neuron."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.backends.truenorth.codebook import Codebook, codebook, decoded, multiples

Write = Callable[[Any, npt.NDArray[np.float64]], Codebook]


def coded(
    weights: npt.ArrayLike, largest: float = np.inf, write: Write = codebook
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return weights as they come back, and how many axons each source needs."""
    matrix = scipy.sparse.csc_array(np.asarray(weights, np.float64))
    book = write(matrix, np.full(matrix.shape[1], largest))
    assert np.abs(book.values).max(initial=0) <= largest * (1 + 1e-6)
    axons = [
        book.times[matrix.indices == source].max(axis=0, initial=0).sum()
        for source in range(matrix.shape[0])
    ]
    back = scipy.sparse.csc_array((decoded(book, matrix), matrix.indices, matrix.indptr))
    back.resize(matrix.shape)
    return back.toarray(), np.array(axons)


def test_four_kinds_of_sources_take_one_axon_each() -> None:
    weights = np.array([[0.5, 0.25], [0.5, 0], [-1, 3], [0.7, -0.2], [2, 2], [0, 2]])
    back, axons = coded(weights)
    np.testing.assert_array_equal(back, weights)
    assert axons.tolist() == [1] * 6


def test_neurons_that_tell_sources_apart_in_other_ways_need_more_axons() -> None:
    # A kernel: each source is the middle of one neuron and the side of two others.
    weights = 0.5 * np.eye(9) + 0.125 * (np.eye(9, k=1) + np.eye(9, k=-1)) - 0.25 * np.eye(9, k=4)
    weights += 0.0625 * np.eye(9, k=-4)
    back, axons = coded(weights)
    np.testing.assert_array_equal(back, weights)
    assert axons.max() > 1


@pytest.mark.parametrize(("low", "high"), [(-8, 7), (0, 15), (-15, 0)])
def test_multiples_of_a_step_are_exact_in_four_bits(low: int, high: int) -> None:
    level = np.random.default_rng(0).permuted(np.tile(np.arange(low, high + 1), (5, 1)), axis=1).T
    weights = 0.03125 * level
    back, axons = coded(weights)
    np.testing.assert_allclose(back, weights, rtol=1e-12)
    assert axons.max() == 4


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), sources=st.integers(1, 60), neurons=st.integers(1, 8))
def test_any_weights_are_near_in_four_bits(seed: int, sources: int, neurons: int) -> None:
    weights = np.random.default_rng(seed).normal(size=(sources, neurons))
    back, axons = coded(weights)
    # Nothing is farther off than half a step of the largest weight in the coarser half.
    step = np.max(np.abs(weights), axis=0) / 7
    error = np.sqrt(np.mean((back - weights) ** 2, axis=0))
    assert np.all(error <= step / 2 + 1e-12)
    assert axons.max() <= 4


def test_whole_numbers_are_exact_wherever_they_fit() -> None:
    weights = np.array([[4.0], [3.0], [2.0], [1.0], [-1.0]])
    back, _ = coded(weights)
    np.testing.assert_array_equal(back, weights)


def test_a_rare_large_weight_does_not_cost_the_small_ones() -> None:
    weights = np.array([[-4.0], [0.9], [0.06], [-0.06], [0.061], [0.059]])
    back, _ = coded(weights)
    np.testing.assert_allclose(back, weights, atol=0.0011)


def test_neurons_without_weights_have_none() -> None:
    for write in (codebook, multiples):
        book = write(scipy.sparse.csc_array((0, 3)), np.ones(3))
        assert book.values.tolist() == [[0] * 4] * 3
        assert book.times.shape == (0, 4)
    back, _ = coded([[0, 1], [0, 2], [0, 3], [0, 4], [0, 5]])
    assert not np.any(back[:, 0])


def test_a_weight_beyond_the_largest_value_is_a_sum_of_equal_parts() -> None:
    weights = [[600.0, 0], [-255, 30], [10, 20], [1, 10], [0, 3], [7, 5]]
    back, axons = coded(weights, largest=255)
    np.testing.assert_allclose(back[:2], weights[:2], rtol=1e-12)
    assert axons[0] == 3


def test_weights_of_very_different_sizes_are_multiples_of_four_values() -> None:
    weights = np.array([[0.06, 0.037], [-0.06, 0.06], [0.9, -0.06], [0.037, 0.9], [-4, -4]])
    back, axons = coded(weights, 0.5, multiples)
    np.testing.assert_allclose(back, weights, rtol=1e-3)
    assert axons.max() <= 16


def test_neurons_with_the_same_values_for_other_sources_share_axons() -> None:
    weights = np.array([[0.5, -0.25], [0.5, -0.25], [-0.25, 0.5], [-0.25, 0.5]])
    _, axons = coded(weights, 1.0, multiples)
    assert axons.tolist() == [1] * 4


@settings(deadline=None)
@given(
    given=st.lists(st.floats(0.001, 10) | st.floats(-10, -0.001), min_size=1, max_size=12),
    largest=st.floats(0.05, 10),
)
def test_any_multiple_is_of_the_sign_of_its_weight(given: list[float], largest: float) -> None:
    back, _ = coded(np.array(given)[:, None], largest, multiples)
    np.testing.assert_array_equal(np.sign(back.ravel()), np.sign(given))
    if np.unique(given).size <= 4:
        np.testing.assert_allclose(back.ravel(), given, rtol=0.01)
