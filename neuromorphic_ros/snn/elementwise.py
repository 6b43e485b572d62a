"""Operations neuron models are written in: on torch tensors, numpy arrays and compiled numbers.

A model written with them has one definition: torch runs it on tensors, numba compiles it for each
neuron. Both evaluate the same IEEE operations in the same order.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.extending import overload

# Of 32 bits, for a Python number would widen compiled float32 arithmetic to float64.
ZERO = np.float32(0)
ONE = np.float32(1)


def _library(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic, float, bool)):
        return np
    import torch

    return torch


def where(condition: Any, yes: Any, no: Any) -> Any:
    """Return `yes` where the condition holds, else `no`."""
    library = _library(condition)
    if library is np:
        return np.where(condition, yes, no)
    if yes is ONE and no is ZERO:
        return condition.to(library.float32)
    return library.where(
        condition,
        yes.item() if isinstance(yes, np.generic) else yes,
        no.item() if isinstance(no, np.generic) else no,
    )


def exp(value: Any) -> Any:
    """Return e to the power of `value`."""
    return _library(value).exp(value)


def floor(value: Any) -> Any:
    """Return the largest whole number not above `value`."""
    return _library(value).floor(value)


def detach(value: Any) -> Any:
    """Return `value` without its gradient."""
    return value if _library(value) is np else value.detach()


# Not strict: numba would compare the annotations too.
@overload(where, strict=False, jit_options={"forceinline": True})
def _where(condition: Any, yes: Any, no: Any) -> Any:
    return lambda condition, yes, no: yes if condition else no


@overload(exp, strict=False, jit_options={"forceinline": True})
def _exp(value: Any) -> Any:
    return lambda value: math.exp(value)


@overload(floor, strict=False, jit_options={"forceinline": True})
def _floor(value: Any) -> Any:
    return lambda value: np.floor(value)


@overload(detach, strict=False, jit_options={"forceinline": True})
def _detach(value: Any) -> Any:
    return lambda value: value
