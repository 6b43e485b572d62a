"""Numbers of a network: one for all neurons or synapses, or an array that compares by value."""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import PlainValidator
from pydantic_core import PydanticCustomError

# Aliases in YAML make lists that are small in the file and endless in memory.
MAX_LIST_ELEMENTS = 2**27
MAX_DIMENSIONS = 8


class Array:
    """A read-only array of float64, float32, float16 or int8.

    Compares and hashes by value; `array >= limit` and `array <= limit` hold if they hold for every
    element, so that limits of parameters apply to it.
    """

    __slots__ = ("values",)

    def __init__(self, values: npt.ArrayLike) -> None:
        """Copy what is no such array; raises ValueError for NaN, infinity and what is no number."""
        _check_lists(values)
        try:
            array = np.asarray(values)
        except ValueError:
            raise ValueError("has lists of different lengths") from None
        if array.dtype not in (np.float64, np.float32, np.float16, np.int8):
            if array.dtype.kind not in "iu":
                raise ValueError("holds something else than numbers")
            array = array.astype(np.float64)
        if not np.all(np.isfinite(array)):
            raise ValueError("holds NaN or infinity")
        self.values: npt.NDArray[Any] = np.ascontiguousarray(array).reshape(array.shape).view()
        self.values.flags.writeable = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.values.shape

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Array)
            and self.values.dtype == other.values.dtype
            and np.array_equal(self.values, other.values)
        )

    def __hash__(self) -> int:
        # The sum makes -0, which equals 0, to 0.
        return hash((self.shape, self.values.dtype.str, (self.values + 0).tobytes()))

    def __ge__(self, limit: float) -> bool:
        return bool(np.all(self.values >= limit))

    def __le__(self, limit: float) -> bool:
        return bool(np.all(self.values <= limit))

    def __repr__(self) -> str:
        return f"Array({self.values.dtype}{list(self.shape)})"


def _check_lists(values: object) -> None:
    elements, dimensions = 1, 0
    while isinstance(values, (list, tuple)):
        elements, dimensions = elements * len(values), dimensions + 1
        if elements > MAX_LIST_ELEMENTS or dimensions > MAX_DIMENSIONS:
            raise ValueError("has too many elements for a text file")
        values = values[0] if values else None


def _quantity(value: object) -> float | Array:
    if isinstance(value, Array):
        return value
    try:
        # PyYAML reads 1e-3 as text.
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            number = float(value)
            if math.isfinite(number):
                return number
            raise ValueError("is not finite")
        if isinstance(value, (list, tuple, np.ndarray, np.generic)):
            array = Array(value)
            if array.values.size == 0:
                raise ValueError("is empty")
            return array if array.shape else float(array.values)
    except (ValueError, TypeError, OverflowError) as wrong:
        raise PydanticCustomError("quantity", "{reason}", {"reason": str(wrong)}) from None
    raise PydanticCustomError("quantity", "must be a number or nested lists of numbers")


Quantity = Annotated[float | Array, PlainValidator(_quantity)]


def as_numpy(quantity: float | Array, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """Return a number or array as a numpy array."""
    values = quantity.values if isinstance(quantity, Array) else quantity
    return np.asarray(values, dtype)
