"""Accumulators pass on what neurons hear from more sources than a core has axons."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.backends.truenorth.chip import AXONS
from neuromorphic_ros.backends.truenorth.partial_sums import QUANTUM, PartialSums, partial_sums


def sums(weights: npt.ArrayLike, threshold: float = 1.0) -> PartialSums:
    matrix = scipy.sparse.csc_array(np.asarray(weights, np.float64))
    made = partial_sums("out", matrix, np.full(matrix.shape[1], threshold))
    assert made is not None
    return made


def passed_on(made: PartialSums, spikes: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return what has been passed on by each accumulator, after ticks without more input.

    spikes: bool[ticks, sources].
    """
    weights, neurons = made.weights, made.code.made.neurons
    neuron = np.repeat(np.arange(neurons.size), np.diff(weights.indptr))
    # What the chip adds up: the integers of the values that each weight is made of.
    integers = np.sum(neurons["weight"][neuron] * made.code.book.times, axis=1)
    chip = scipy.sparse.csc_array((integers, weights.indices, weights.indptr), weights.shape)
    membrane = neurons["initial"].astype(np.int64)
    fired = np.zeros(neurons.size)
    for tick in [*spikes, *np.zeros((200, weights.shape[0]), np.bool_)]:
        membrane += (chip.T @ tick.astype(np.int64)).astype(np.int64)
        over = membrane >= neurons["threshold"]
        membrane -= neurons["threshold"] * over
        fired += over
    return fired


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32), sources=st.integers(1, 400))
def test_together_they_fire_once_for_every_quantum_of_the_sum(seed: int, sources: int) -> None:
    rng = np.random.default_rng(seed)
    # Quarters of a threshold, which is what a quantum is.
    weights = rng.integers(-4, 5, (sources, 2)) / 4
    weights[0] = 0.25
    made = sums(weights)
    spikes = rng.random((5, sources)) < 0.2
    fired = passed_on(made, spikes)
    heard = made.heard.T @ fired
    np.testing.assert_allclose(heard, spikes.sum(axis=0) @ weights, atol=1e-9)


def test_what_is_less_than_half_a_quantum_waits() -> None:
    made = sums(np.full((300, 1), 0.3 * QUANTUM))
    spikes = np.zeros((1, 300), np.bool_)
    spikes[0, :1] = True
    assert passed_on(made, spikes).sum() == 0
    spikes[0, :2] = True
    assert passed_on(made, spikes).sum() == 1


def test_no_group_has_more_sources_than_axons() -> None:
    made = sums(np.random.default_rng(0).normal(size=(500, 3)))
    counts = made.code.book.times
    for accumulator in range(made.weights.shape[1]):
        own = slice(*made.weights.indptr[accumulator : accumulator + 2])
        assert counts[own].sum() <= AXONS


def test_neurons_with_the_same_sources_have_groups_of_their_own() -> None:
    blocks = [np.random.default_rng(seed).normal(size=(100, 8)) for seed in range(3)]
    made = sums(scipy.sparse.block_diag(blocks).toarray())
    heard = np.diff(made.heard.indptr)
    # 100 sources are two groups; in groups of all sources some would be in three.
    assert heard.tolist() == [2 * 2 * made.each] * 24


def test_more_sums_than_axons_are_none() -> None:
    weights = scipy.sparse.csc_array(np.random.default_rng(0).normal(size=(30_000, 1)))
    assert partial_sums("out", weights, np.ones(1)) is None


@pytest.mark.parametrize("threshold", [0.5, 8.0])
def test_a_quantum_is_a_part_of_the_threshold(threshold: float) -> None:
    made = sums(np.full((300, 2), 0.1), threshold)
    np.testing.assert_allclose(np.abs(made.heard.data), threshold * QUANTUM)
