"""Weights: given, or drawn; and how they are stored."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.weights import Normal, Uniform, Weights, store, values


def weights(value: object) -> Any:
    return build(Weights, value, "projection 'x'", NetworkError)  # type: ignore[arg-type]


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.5, 0.5),
        (2, 2.0),
        ("1e-3", 1e-3),
        ([[1, 2]], Array([[1.0, 2.0]])),
        (np.ones((2, 2), np.int8), Array(np.ones((2, 2), np.int8))),
        ({"type": "uniform", "low": -1, "high": 1}, Uniform(-1.0, 1.0)),
        ({"type": "normal", "mean": 0, "deviation": 2}, Normal(0.0, 2.0)),
    ],
)
def test_weights_are_a_number_an_array_or_a_distribution(value: object, expected: object) -> None:
    assert weights(value) == expected


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (None, "must be a number or nested lists"),
        (True, "must be a number or nested lists"),
        ("heavy", "could not convert"),
        (math.nan, "not finite"),
        ([], "is empty"),
        ([[1, 2], [3]], "different lengths"),
        ([["heavy"]], "something else than numbers"),
        ([[None]], "something else than numbers"),
        ([[{}]], "something else than numbers"),
        ([[math.nan]], "NaN or infinity"),
        ([1.0, math.inf], "NaN or infinity"),
        ({"type": "uniform", "low": 0}, "uniform.high is missing"),
        ({"type": "uniform", "low": 0, "high": math.inf}, "uniform.high = inf"),
        ({"type": "normal", "mean": 0, "deviation": -1}, "normal.deviation = -1"),
        ({"type": "lognormal"}, "of type uniform or normal"),
        ({"low": 0, "high": 1}, "of type uniform or normal"),
    ],
)
def test_wrong_weights_are_refused(value: object, complaint: str) -> None:
    with pytest.raises(NetworkError, match=f"^projection 'x': .*{complaint}"):
        weights(value)


def test_lists_that_aliases_make_endless_are_refused_at_once() -> None:
    endless: list[Any] = [1.0] * 10
    for _ in range(20):
        endless = [endless] * 10
    for value in (endless, [1.0, endless], [[1.0] * 2, endless]):
        with pytest.raises(NetworkError, match=r"^projection 'x': "):
            weights(value)


def test_uniform_weights_fill_their_range() -> None:
    drawn = values(Uniform(-1.0, 3.0), (100_000,), generator())
    assert drawn.dtype == np.float32
    assert -1.0 <= drawn.min() < -0.99
    assert 2.99 < drawn.max() < 3.0
    assert drawn.mean() == pytest.approx(1.0, abs=0.02)


def test_normal_weights_have_their_mean_and_deviation() -> None:
    drawn = values(Normal(2.0, 0.5), (300, 300), generator())
    assert (drawn.shape, drawn.dtype) == ((300, 300), np.float32)
    assert drawn.mean() == pytest.approx(2.0, abs=0.01)
    assert drawn.std() == pytest.approx(0.5, rel=0.02)


def test_drawn_weights_are_reproduced_by_the_generator() -> None:
    for drawn in (Uniform(0.0, 1.0), Normal(0.0, 1.0)):
        first, again = (values(drawn, (5,), generator()) for _ in range(2))
        assert np.array_equal(first, again)


def test_one_number_is_not_copied_to_all() -> None:
    shared = values(0.5, (10**6, 10**6), generator())
    assert shared.strides == (0, 0)
    assert shared[3, 4] == 0.5


def test_float32_weights_are_not_copied() -> None:
    given_values = np.ones((3, 4), np.float32)
    assert np.shares_memory(values(Array(given_values), (3, 4), generator()), given_values)


@pytest.mark.parametrize("value", [1e39, Array([1.0, -1e300])])
def test_weights_beyond_float32_are_refused(value: Any) -> None:
    with pytest.raises(NetworkError, match="beyond the range of float32"):
        values(value, (2,), generator())


def test_weights_of_another_shape_are_refused() -> None:
    with pytest.raises(NetworkError, match=r"shape \(2,\), the pattern needs \(2, 1\)"):
        values(Array([1.0, 2.0]), (2, 1), generator())


floats = arrays.arrays(np.float32, st.integers(0, 30), elements=st.floats(-1e6, 1e6, width=32))


@given(floats)
def test_float32_is_kept(given_weights: Any) -> None:
    stored = store(given_weights, "float32")
    assert stored.scale == 1
    assert stored.values is given_weights


@given(floats)
def test_float16_is_the_nearest_or_the_largest(given_weights: Any) -> None:
    stored = store(given_weights, "float16")
    largest = np.finfo(np.float16).max
    assert (stored.values.dtype, stored.scale) == (np.float16, 1)
    beyond = np.abs(given_weights) > largest
    assert np.array_equal(stored.values[~beyond], given_weights[~beyond].astype(np.float16))
    assert np.array_equal(stored.values[beyond], np.sign(given_weights[beyond]) * largest)


@given(floats)
def test_int8_is_within_half_a_step(given_weights: Any) -> None:
    stored = store(given_weights, "int8")
    assert (stored.values.dtype, stored.scale.dtype) == (np.int8, np.float32)
    assert np.all(stored.values >= -127)
    error = np.abs(stored.values.astype(np.float64) * stored.scale - given_weights)
    assert np.all(error <= 0.5001 * stored.scale)


@given(arrays.arrays(np.int8, st.integers(0, 30), elements=st.integers(-127, 127)))
def test_int8_keeps_small_integers(given_weights: Any) -> None:
    stored = store(given_weights.astype(np.float32), "int8")
    assert stored.scale == 1
    assert np.array_equal(stored.values, given_weights)


def test_int8_of_minus_128_is_scaled() -> None:
    assert store(np.float32([-128.0, 64.0]), "int8").scale == np.float32(128) / np.float32(127)


@pytest.mark.parametrize("smallest", [1e-40, 1e-45])
def test_int8_of_hardly_anything_stays_finite(smallest: float) -> None:
    stored = store(np.float32([smallest, -smallest]), "int8")
    assert np.all(np.isfinite(stored.values * stored.scale))
