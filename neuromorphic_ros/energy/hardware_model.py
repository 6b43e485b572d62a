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
class Energy(Constant):
    """The energy of one operation."""

    unit: Literal["pJ"]


@dataclass(frozen=True, config=STRICT)
class Power(Constant):
    """A power that is drawn all the time."""

    unit: Literal["W"]


@dataclass(frozen=True, config=STRICT)
class Prices:
    """Energy of one operation [pJ]; none: not published; zero: contained in another price.

    neuron_update: of a neuron that received input; idle_update: of one that did not.
    plasticity_update: of one weight that learning changed. memory_byte: to read one byte of
    weights. dense_mac: one multiply-accumulate of a conventional network.
    """

    synaptic_event: Energy | None = None
    spike: Energy | None = None
    neuron_update: Energy | None = None
    idle_update: Energy | None = None
    plasticity_update: Energy | None = None
    memory_byte: Energy | None = None
    dense_mac: Energy | None = None


@dataclass(frozen=True, config=STRICT)
class HardwareModel:
    """The prices of one kind of hardware.

    name: of its file. baseline: name of the model that prices the conventional network to compare
    with. static: power that is drawn without any activity [W]; none: not published. weight_bytes:
    of a weight in its arithmetic [B]; none: as the network stores it.
    """

    name: str
    description: str
    baseline: Annotated[str, Field(min_length=1)]
    prices: Prices = dataclasses.field(default_factory=Prices)
    static: Power | None = None
    weight_bytes: Annotated[int, Field(ge=1, le=8)] | None = None


def load_hardware_model(path: Path) -> HardwareModel:
    """Read a hardware model; the name of the file is the name of the hardware.

    Its `limits` are left to the backends that keep to them.
    Raises HardwareModelError naming the file and each wrong field.
    """
    where = f"hardware model {path}"
    content = read_mapping(path, where, HardwareModelError)
    if "name" in content:
        raise HardwareModelError(f"{where}: name is not a known field; the file's name is used")
    content.pop("limits", None)
    return build(HardwareModel, {"name": path.stem, **content}, where, HardwareModelError)
