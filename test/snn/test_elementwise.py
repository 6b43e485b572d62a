"""The operations of neuron models mean the same in numpy, in torch and compiled."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import pytest

from neuromorphic_ros.snn.elementwise import ONE, ZERO, detach, exp, floor, where

VALUES = [-2.5, -1.0, -0.0, 0.0, 0.3, 1.0, 7.9]


def model(value: Any) -> Any:
    return where(value >= ONE, floor(value), exp(value)) + where(value < ZERO, detach(value), ZERO)


EXPECTED = [math.floor(v) if v >= 1 else math.exp(v) + (v if v < 0 else 0) for v in VALUES]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays(dtype: Any) -> None:
    made = model(np.array(VALUES, dtype))
    assert made.dtype == dtype
    assert made == pytest.approx(EXPECTED, rel=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_compiled_keep_their_width(dtype: Any) -> None:
    compiled = numba.njit(model)
    assert [float(compiled(dtype(value))) for value in VALUES] == pytest.approx(EXPECTED, rel=1e-6)
    assert compiled.nopython_signatures[0].return_type == numba.from_dtype(np.dtype(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tensors(dtype: str) -> None:
    torch = pytest.importorskip("torch")
    made = model(torch.tensor(VALUES, dtype=getattr(torch, dtype)))
    assert made.dtype == getattr(torch, dtype)
    assert made.numpy() == pytest.approx(EXPECTED, rel=1e-6)


def test_python_numbers() -> None:
    assert [float(model(value)) for value in VALUES] == pytest.approx(EXPECTED, rel=1e-6)


def test_a_detached_tensor_carries_no_gradient() -> None:
    torch = pytest.importorskip("torch")
    value = torch.tensor(2.0, requires_grad=True)
    (value * detach(value)).backward()
    assert value.grad == 2.0
    array = np.array([2.0])
    assert detach(array) is array
