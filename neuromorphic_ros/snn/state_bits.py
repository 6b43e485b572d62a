"""In how many bits neurons keep their state."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT


@dataclass(frozen=True, config=STRICT)
class StateBits:
    """Word lengths of what neurons keep from tick to tick, with sign.

    membrane: of the membrane potential. current: of the gathered input, and of a synaptic current.
    """

    membrane: Annotated[int, Field(ge=4, le=24, description="Bits of a membrane")] = 24
    current: Annotated[int, Field(ge=4, le=24, description="Bits of a current")] = 24
