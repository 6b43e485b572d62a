"""How a backend is to run a network, where it can in several ways."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT

Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True, config=STRICT)
class Options:
    """What runs the network.

    engine: one of the backend's; empty: its first, or what runs on the device that is asked for.
    """

    engine: Annotated[
        str, Field(description="What runs the network, e.g. integer or lava; empty: as by default")
    ] = ""
    device: Annotated[
        Device, Field(description="Where torch runs: cpu, cuda, or auto: cuda if there is one")
    ] = "auto"
