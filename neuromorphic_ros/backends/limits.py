"""What hardware can hold: `limits` of its file in config/hardware, each with its source."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import HardwareModelError
from neuromorphic_ros.parameters import STRICT, build, read_mapping
from neuromorphic_ros.resources import share_directory

T = TypeVar("T")

Unit = Annotated[str, Field(min_length=1)]
Source = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, config=STRICT)
class Limit:
    """A published bound. source: where it is published."""

    value: float
    unit: Unit
    source: Source


@dataclass(frozen=True, config=STRICT)
class Count:
    """How many there are of something, or in something."""

    value: Annotated[int, Field(ge=1)]
    unit: Unit
    source: Source


def limits(hardware: str, cls: type[T]) -> T:
    """Read the limits of some hardware; each field of `cls` is a Limit or Count.

    hardware: name of its file. Raises HardwareModelError naming the file and each limit that is
    missing, unknown or wrong.
    """
    path = share_directory() / "config" / "hardware" / f"{hardware}.yaml"
    where = f"hardware model {path}"
    content = read_mapping(path, where, HardwareModelError)
    return build(cls, content.get("limits", {}), f"{where}: limits", HardwareModelError)
