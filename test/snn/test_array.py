"""Arrays that compare by value, and numbers from files."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT, build
from neuromorphic_ros.snn import array as array_module
from neuromorphic_ros.snn.array import Array, Quantity, as_numpy

finite = arrays.arrays(
    st.sampled_from([np.float64, np.float32, np.float16, np.int8]),
    arrays.array_shapes(min_dims=0, max_dims=3, max_side=4),
).filter(lambda drawn: bool(np.isfinite(drawn).all()))


@given(finite)
def test_an_array_keeps_values_shape_and_dtype(values: Any) -> None:
    kept = Array(values)
    assert kept.shape == values.shape
    assert kept.values.dtype == values.dtype
    assert np.array_equal(kept.values, values)


@given(finite)
def test_equal_arrays_have_equal_hashes(values: Any) -> None:
    assert Array(values) == Array(values.copy())
    assert hash(Array(values)) == hash(Array(values.copy()))
    assert Array(values) != Array(values[None])
    assert Array(values) != values


def test_zeros_of_both_signs_are_equal_and_hash_alike() -> None:
    positive, negative = Array([0.0]), Array([-0.0])
    assert positive == negative
    assert hash(positive) == hash(negative)


def test_another_dtype_is_another_array() -> None:
    assert Array(np.float32([1])) != Array(np.float64([1]))


def test_integers_become_float64_but_int8_stays() -> None:
    assert Array([1, 2]).values.dtype == np.float64
    assert Array(np.int8([1, 2])).values.dtype == np.int8
    assert Array(np.uint16([1, 2])).values.dtype == np.float64


def test_an_array_cannot_be_written_to() -> None:
    kept = Array([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        kept.values[0] = 3.0


def test_limits_hold_if_they_hold_for_every_element() -> None:
    assert Array([1.0, 2.0]) >= 1.0
    assert not Array([1.0, 2.0]) >= 1.5
    assert Array([1.0, 2.0]) <= 2.0
    assert not Array([1.0, 2.0]) <= 1.5


def test_it_shows_its_dtype_and_shape() -> None:
    assert repr(Array(np.zeros((2, 3), np.float16))) == "Array(float16[2, 3])"


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ([math.nan], "NaN or infinity"),
        (np.array([np.inf], np.float16), "NaN or infinity"),
        (["a"], "something else than numbers"),
        ([1 + 2j], "something else than numbers"),
        ([True], "something else than numbers"),
        ([None], "something else than numbers"),
        ([[1.0], [1.0, 2.0]], "different lengths"),
        ([[[[[[[[[1.0]]]]]]]]], "too many elements"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(values: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Array(values)


def test_lists_without_end_are_refused_before_they_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(array_module, "MAX_LIST_ELEMENTS", 99)
    assert Array([[1.0] * 9] * 11).shape == (11, 9)
    with pytest.raises(ValueError, match="too many elements"):
        Array([[1.0] * 10] * 10)


@dataclass(frozen=True, config=STRICT)
class Holder:
    amount: Quantity


def quantity(value: object) -> float | Array:
    return build(Holder, {"amount": value}, "holder", NetworkError).amount


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1.0),
        (0.5, 0.5),
        ("1e-3", 1e-3),
        (np.float32(0.5), 0.5),
        (np.array(2), 2.0),
        ([1, 2], Array([1.0, 2.0])),
        (((1, 2), (3, 4)), Array([[1.0, 2.0], [3.0, 4.0]])),
        (np.float16([1.5]), Array(np.float16([1.5]))),
        (Array([1.0]), Array([1.0])),
    ],
)
def test_a_quantity_is_a_number_or_an_array(value: object, expected: object) -> None:
    assert quantity(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        None, True, np.bool_(True), "one", "nan", "inf", math.inf, 10**400, [], [[]], np.empty(0),
        {}, {"a": 1}, b"1", 1j, [1, "2"], [1, None], [[1], 2],
    ],
)  # fmt: skip
def test_what_is_no_quantity_is_refused_by_name(value: object) -> None:
    with pytest.raises(NetworkError, match=r"^holder: amount "):
        quantity(value)


def test_a_quantity_becomes_numpy() -> None:
    assert as_numpy(0.5).dtype == np.float64
    assert as_numpy(0.5).shape == ()
    assert as_numpy(Array(np.int8([1, 2])), np.float32).tolist() == [1.0, 2.0]
    assert as_numpy(Array(np.int8([1, 2])), np.float32).dtype == np.float32
