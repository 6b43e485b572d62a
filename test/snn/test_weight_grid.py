"""Weights on grids: how many values there are, how far rounding goes, and for whom a step is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.patterns import AllToAll, Conv1d, Conv2d, OneToOne, Pool2d, Random
from neuromorphic_ros.snn.weight_grid import WeightGrid, channel_axis

MATRICES = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 7), st.integers(1, 7)),
    elements=st.floats(-4, 4, width=32),
)
GRIDS = st.builds(
    WeightGrid,
    bits=st.integers(2, 8),
    per_channel=st.booleans(),
    step=st.sampled_from(["max", "percentile", "mse"]),
    percentile=st.floats(50, 100),
)


def normal(*shape: int, seed: int = 0) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def rms(change: npt.NDArray[Any]) -> float:
    return float(np.sqrt(np.mean(np.square(change))))


@pytest.mark.parametrize(
    ("field", "value"),
    [("bits", 1), ("bits", 9), ("step", "median"), ("percentile", 0), ("percentile", 101)],
)
def test_parameters_out_of_range_are_refused(field: str, value: Any) -> None:
    with pytest.raises(NetworkError, match=field):
        build(WeightGrid, {field: value}, "grid", NetworkError)


@settings(max_examples=150, deadline=None)
@given(MATRICES, GRIDS)
def test_what_is_rounded_are_so_many_multiples_of_a_step(
    weights: npt.NDArray[np.float32], grid: WeightGrid
) -> None:
    rounded = grid.rounded(weights, 1)
    assert rounded.shape == weights.shape
    assert rounded.dtype == np.float32
    assert not rounded[weights == 0].any()
    assert np.all(rounded * weights >= 0)
    for column in rounded.T if grid.per_channel else [rounded]:
        values = np.unique(np.abs(column[column != 0]))
        assert len(values) <= grid.levels
        if len(values):
            steps = values / values[0]
            # The smallest that is left may be several steps itself.
            multiples = np.multiply.outer(np.arange(1, grid.levels + 1), steps)
            whole = np.abs(multiples - np.rint(multiples)).max(axis=1) < 1e-3
            assert whole.any()


@settings(max_examples=60, deadline=None)
@given(MATRICES, st.integers(2, 8), st.booleans())
def test_up_to_the_largest_a_weight_moves_by_half_a_step(
    weights: npt.NDArray[np.float32], bits: int, per_channel: bool
) -> None:
    grid = WeightGrid(bits=bits, per_channel=per_channel)
    step = np.abs(weights).max(axis=0 if per_channel else None) / grid.levels
    assert np.all(np.abs(grid.rounded(weights, 1) - weights) <= step / 2 * 1.001 + 1e-37)


@settings(max_examples=60, deadline=None)
@given(MATRICES, st.integers(2, 8), st.booleans())
def test_rounding_again_changes_nothing(
    weights: npt.NDArray[np.float32], bits: int, per_channel: bool
) -> None:
    grid = WeightGrid(bits=bits, per_channel=per_channel)
    once = grid.rounded(weights, 1)
    assert np.allclose(grid.rounded(once, 1), once, rtol=1e-6, atol=0)


def test_the_values_of_a_known_grid() -> None:
    # Three bits have three steps on each side: 0.6 / 3 = 0.2.
    weights = np.array([[0.6, 0.29, 0.31, -0.09, -0.11, -0.6]], np.float32)
    expected = [[0.6, 0.2, 0.4, 0.0, -0.2, -0.6]]
    assert np.allclose(WeightGrid(bits=3).rounded(weights, 1), expected, atol=1e-7)


def test_a_percentile_cuts_what_is_beyond() -> None:
    weights = np.concatenate([np.ones(99), [0.0, 100.0]]).astype(np.float32)[None]
    cut = WeightGrid(bits=4, step="percentile", percentile=90.0).rounded(weights, None)
    assert np.allclose(cut, np.minimum(weights, 1.0))
    assert not WeightGrid(bits=4).rounded(weights, None)[0, :99].any()


@pytest.mark.parametrize("bits", [4, 5, 6, 8])
def test_the_end_of_least_error_is_never_worse_than_the_largest(bits: int) -> None:
    weights = normal(64, 32)
    error = {
        step: rms(WeightGrid(bits=bits, step=step).rounded(weights, 1) - weights)  # type: ignore[arg-type]
        for step in ("max", "mse")
    }
    assert error["mse"] <= error["max"]
    assert bits > 4 or error["mse"] < 0.8 * error["max"]


def test_fewer_bits_err_more_and_channels_of_other_scale_less_by_steps_of_their_own() -> None:
    weights = normal(64, 32) * np.logspace(-2, 0, 32, dtype=np.float32)
    shared = [rms(WeightGrid(bits=b).rounded(weights, 1) - weights) for b in (8, 6, 5, 4)]
    assert np.all(np.diff(shared) > 0)
    own = WeightGrid(bits=4, per_channel=True).rounded(weights, 1)
    assert np.all(np.abs(own).max(axis=0) == pytest.approx(np.abs(weights).max(axis=0), rel=1e-6))
    assert rms(own - weights) < 0.6 * shared[-1]


@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_a_channel_is_rounded_as_if_it_were_alone(axis: int) -> None:
    weights = normal(3, 4, 2, 5)
    grid = WeightGrid(bits=4, per_channel=True, step="mse")
    rounded = grid.rounded(weights, axis)
    for place in range(weights.shape[axis]):
        alone = grid.rounded(np.take(weights, place, axis), None)
        assert np.array_equal(np.take(rounded, place, axis), alone)


def test_targets_without_an_axis_share_a_step() -> None:
    weights = normal(20)
    grid = WeightGrid(bits=4, per_channel=True)
    assert np.array_equal(grid.rounded(weights, None), WeightGrid(bits=4).rounded(weights, None))


def test_one_number_and_nothing_can_be_rounded() -> None:
    assert WeightGrid(bits=4).rounded(np.float32(0.3), None) == np.float32(0.3)  # type: ignore[arg-type]
    for step in ("max", "percentile", "mse"):
        grid = WeightGrid(step=step, per_channel=True)  # type: ignore[arg-type]
        assert not grid.rounded(np.zeros((3, 2), np.float32), 1).any()


@pytest.mark.parametrize(
    ("pattern", "axis"),
    [
        (AllToAll(), 1),
        (Random(probability=0.1), 1),
        (Conv1d(3), 0),
        (Conv2d((3, 3)), 0),
        (OneToOne(), None),
        (Pool2d("avg_pool2d", (2, 2)), None),
    ],
)
def test_the_targets_of_a_pattern_have_an_axis(pattern: Any, axis: int | None) -> None:
    assert channel_axis(pattern) == axis
