"""What an operation costs on some hardware, and how far that figure can be trusted."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import HardwareModelError
from neuromorphic_ros.parameters import STRICT, build, read_mapping

Grade = Literal["measured", "simulated", "derived", "assumed"]
GRADES: tuple[Grade, ...] = get_args(Grade)
"""From the strongest to the weakest."""


@dataclass(frozen=True, config=STRICT)
class Constant:
    """A published figure.

    source: where it is published. grade: measured on the hardware, simulated before it was built,
    derived from other published figures, or assumed.
    """

    value: Annotated[float, Field(ge=0)]
    source: Annotated[str, Field(min_length=1)]
    grade: Grade


@dataclass(frozen=True, config=STRICT)
class Prices:
    """Energy of one operation [pJ]; none: not published."""

    synaptic_event: Constant | None = None
    spike: Constant | None = None
    neuron_update: Constant | None = None
    dense_mac: Constant | None = None


@dataclass(frozen=True, config=STRICT)
class HardwareModel:
    """The prices of one kind of hardware.

    name: of its file. static: power that is drawn without any activity [W]; none: not published.
    """

    name: str
    description: str
    prices: Prices = dataclasses.field(default_factory=Prices)
    static: Constant | None = None


def load_hardware_model(path: Path) -> HardwareModel:
    """Read a hardware model; the name of the file is the name of the hardware.

    Raises HardwareModelError naming the file and each wrong field.
    """
    where = f"hardware model {path}"
    content = read_mapping(path, where, HardwareModelError)
    if "name" in content:
        raise HardwareModelError(f"{where}: name is not a known field; the file's name is used")
    return build(HardwareModel, {"name": path.stem, **content}, where, HardwareModelError)
