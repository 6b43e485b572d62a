"""Weights of a projection: one number, an array, or a distribution to draw from."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Discriminator, Field, Tag
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.array import Array, Quantity, as_numpy
from neuromorphic_ros.spikes import Shape

Values = npt.NDArray[np.float32]
Finite = Annotated[float, Field(ge=-1e6, le=1e6)]
Precision = Literal["float32", "float16", "int8"]
ITEM_BYTES: dict[Precision, int] = {"float32": 4, "float16": 2, "int8": 1}


@dataclass(frozen=True, config=STRICT)
class Uniform:
    """Weights drawn uniformly from [low, high)."""

    low: Finite
    high: Finite
    type: Literal["uniform"] = "uniform"

    def draw(self, shape: Shape, generator: np.random.Generator) -> Values:
        """Draw weights; float32."""
        unit: Values = generator.random(shape, np.float32)
        return np.asarray(unit * (self.high - self.low) + self.low, np.float32)


@dataclass(frozen=True, config=STRICT)
class Normal:
    """Weights drawn from a normal distribution."""

    mean: Finite
    deviation: Annotated[float, Field(ge=0, le=1e6)]
    type: Literal["normal"] = "normal"

    def draw(self, shape: Shape, generator: np.random.Generator) -> Values:
        """Draw weights; float32."""
        unit: Values = generator.standard_normal(shape, np.float32)
        return np.asarray(unit * self.deviation + self.mean, np.float32)


def _kind(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", "given")
    return str(kind)


Weights = Annotated[
    Annotated[Quantity, Tag("given")]
    | Annotated[Uniform, Tag("uniform")]
    | Annotated[Normal, Tag("normal")],
    Discriminator(
        _kind,
        custom_error_type="weights",
        custom_error_message="must be a number, nested lists, or of type uniform or normal",
    ),
]


def values(weights: Any, shape: Shape, generator: np.random.Generator) -> Values:
    """Return weights of a shape, float32; one number is not copied to all.

    Raises NetworkError if an array has another shape or values beyond float32.
    """
    if isinstance(weights, (Uniform, Normal)):
        return weights.draw(shape, generator)
    if isinstance(weights, Array) and weights.shape != shape:
        raise NetworkError(f"weights have shape {weights.shape}, the pattern needs {shape}")
    given = weights.values if isinstance(weights, Array) else weights
    with np.errstate(over="ignore"):
        converted = np.asarray(given, np.float32)
    if not np.all(np.isfinite(converted)):
        raise NetworkError("weights are beyond the range of float32")
    return np.broadcast_to(converted, shape)


def scaled(weights: Weights, factor: float) -> Weights:
    """Return weights, given or to be drawn, times a factor."""
    if isinstance(weights, Uniform):
        return Uniform(weights.low * factor, weights.high * factor)
    if isinstance(weights, Normal):
        return Normal(weights.mean * factor, weights.deviation * abs(factor))
    if isinstance(weights, Array):
        return weights if factor == 1 else Array(as_numpy(weights) * factor)
    return weights * factor


class Stored(NamedTuple):
    """Weights as the engine keeps them: scale * values.

    values: float32, float16 or int8, of any shape.
    """

    values: npt.NDArray[Any]
    scale: np.float32


def store(weights: Values, precision: Precision) -> Stored:
    """Round weights to a precision.

    float16: to the nearest, and to its largest number beyond. int8: integers from -127 to 127 are
    kept, other weights are multiples of the largest magnitude / 127.
    """
    if precision == "float32":
        return Stored(weights, np.float32(1))
    if precision == "float16":
        largest = np.finfo(np.float16).max
        return Stored(np.clip(weights, -largest, largest).astype(np.float16), np.float32(1))
    largest = np.float32(np.max(np.abs(weights), initial=0))
    whole = largest <= 127 and bool(np.all(weights == np.rint(weights)))
    # As a subnormal number, a scale could be 0 or too far off for 127 of it.
    step = max(largest / np.float32(127), np.finfo(np.float32).tiny)
    scale = np.float32(1) if whole else step
    return Stored(np.rint(weights / scale).astype(np.int8), scale)
