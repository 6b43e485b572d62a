"""Bounds of plastic weights: hard, or soft ones that slow a weight down as it comes near."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from numba.extending import register_jitable
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.elementwise import ZERO, where

Amplitude = Annotated[float, Field(ge=0, le=1e6)]
Bound = Annotated[float, Field(ge=-1e6, le=1e6, description="Bound of the weights")]


class BoundConstants(NamedTuple):
    """The first constants of every rule."""

    w_min: Any
    w_max: Any
    soft: Any


@register_jitable(forceinline=True)
def clipped(constants: Any, weight: Any) -> Any:
    """Return a weight, or the bound that it is beyond."""
    weight = where(weight > constants.w_max, constants.w_max, weight)
    return where(weight < constants.w_min, constants.w_min, weight)


@register_jitable(forceinline=True)
def bounded(constants: Any, weight: Any, change: Any) -> Any:
    """Return a weight after a change, between its bounds.

    Soft bounds multiply the change by the distance to the bound that it goes to.
    """
    if constants.soft > ZERO:
        change = change * where(change > ZERO, constants.w_max - weight, weight - constants.w_min)
    return clipped(constants, weight + change)


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Bounded:
    """Fields of every rule.

    additive: changes do not depend on the weight, which stops at a bound (Song, Miller & Abbott,
    Nature Neuroscience 3, 919, 2000). multiplicative: an increase is times w_max - w, a decrease
    times w - w_min (van Rossum, Bi & Turrigiano 2000; Morrison, Diesmann & Gerstner, Biological
    Cybernetics 98, 459, 2008, section 4.1).
    """

    learning_rate: Annotated[
        float, Field(ge=0, le=1e6, description="Factor of all changes of weights")
    ] = 0.005
    w_min: Bound = 0.0
    w_max: Bound = 1.0
    bounds: Literal["additive", "multiplicative"] = "additive"

    def __post_init__(self) -> None:
        if not self.w_min < self.w_max:
            raise ValueError(f"w_min {self.w_min} is not below w_max {self.w_max}")

    def bound_constants(self) -> BoundConstants:
        """Return the first constants of the rule."""
        return BoundConstants(self.w_min, self.w_max, float(self.bounds == "multiplicative"))
