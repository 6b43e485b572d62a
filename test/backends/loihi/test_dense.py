"""Weights in the 8 bits of Loihi."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuromorphic_ros.backends.loihi.dense import check_exponent, stored
from neuromorphic_ros.errors import NetworkError


@pytest.mark.parametrize(
    ("weights", "kept"),
    [
        ([1, 255, 256, 1000], [1, 255, 255, 255]),
        ([-1, -255, -256, -1000], [-1, -255, -255, -255]),
        ([1, 2, 255, 1000, -1, -2, -256, -1000], [0, 2, 254, 254, -2, -2, -256, -256]),
        ([0, 0], [0, 0]),
        ([], []),
    ],
)
def test_weights_are_kept_by_the_signs_of_all(weights: list[int], kept: list[int]) -> None:
    matrix = np.array(weights, int).reshape(1, -1)
    assert stored(matrix).toarray().ravel().tolist() == kept


@given(arrays(np.int64, (3, 4), elements=st.integers(-1000, 1000)))
def test_what_is_stored_stays_as_it_is(weights: np.ndarray) -> None:
    once = stored(weights)
    assert np.array_equal(stored(once).toarray(), once.toarray())
    assert np.count_nonzero(once.data) == once.nnz
    assert np.all(np.abs(once.data) <= 256)


def test_what_is_given_is_not_written() -> None:
    given_weights = scipy.sparse.csr_array(np.array([[3, -300]], np.int32))
    stored(given_weights)
    assert given_weights.toarray().tolist() == [[3, -300]]


@pytest.mark.parametrize("exponent", [-9, 8])
def test_an_exponent_out_of_range_is_refused_by_name(exponent: int) -> None:
    with pytest.raises(NetworkError, match=rf"a -> b: exponent {exponent} .* -8\.\.7"):
        check_exponent(exponent, "a -> b")


@pytest.mark.parametrize("exponent", [-8, 0, 7])
def test_an_exponent_in_range_is_taken(exponent: int) -> None:
    check_exponent(exponent, "a -> b")
