"""What a NIR file does not say about its network: conventions, one preset per framework."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT, replace

# How weighted input enters a state x with x <- a x + gain I.
# scaled: gain = r (1 - a), the equation of NIR. jump: gain = 1; of a synapse, w_in.
# decayed: gain = a; of a synapse, w_in a: input decays in the tick in which it arrives.
InputScale = Literal["scaled", "jump", "decayed"]
Floor = float | Literal["none", "minus_threshold"]


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Conventions:
    """How the equations of a NIR file become ticks; the defaults are NIR's own definitions."""

    dt_ms: Annotated[float, Field(ge=1e-2, le=1e3, description="Tick [ms]")] = 1.0
    time_scale: Annotated[
        float, Field(ge=1e-6, le=1e6, description="Multiplies every time constant of the file")
    ] = 1.0
    integrator: Annotated[
        Literal["exact", "euler"], Field(description="How a tick is integrated")
    ] = "exact"
    reset: Annotated[
        Literal["hard", "subtract"], Field(description="To v_reset, or by the threshold")
    ] = "hard"
    reset_in: Annotated[
        Literal["same_tick", "next_tick"], Field(description="When a spike resets")
    ] = "same_tick"
    lower_first: Annotated[
        bool,
        Field(description="What subtraction left above threshold is lowered before it may fire"),
    ] = False
    strict: Annotated[bool, Field(description="A spike needs v > threshold, not v >= it")] = True
    multi_spike: Annotated[bool, Field(description="floor(v / threshold) spikes in a tick")] = False
    floor: Annotated[Floor, Field(description="Lower bound of LIF and CubaLIF membranes")] = "none"
    if_floor: Annotated[Floor, Field(description="Lower bound of IF membranes")] = "none"
    if_input: Annotated[InputScale, Field(description="Input of IF and I")] = "scaled"
    lif_input: Annotated[InputScale, Field(description="Input of LIF and CubaLIF membranes")] = (
        "scaled"
    )
    li_input: Annotated[InputScale, Field(description="Input of LI and CubaLI membranes")] = (
        "scaled"
    )
    synapse_input: Annotated[InputScale, Field(description="Input of synapses (Cuba)")] = "scaled"
    synapse_in: Annotated[
        Literal["same_tick", "next_tick"],
        Field(description="When the input of a synapse reaches the membrane"),
    ] = "same_tick"
    recurrent_delay_ticks: Annotated[
        int, Field(ge=0, le=100_000, description="Delay of the edges that close a cycle")
    ] = 1
    initial: Annotated[
        Literal["leak", "reset", "zero"], Field(description="Membrane at the start")
    ] = "leak"


class Preset(NamedTuple):
    """The conventions of the files that a framework writes.

    dt_from_r: how it computes the r that it writes, which then tells the tick: r = tau / dt, or
    r = tau exp(-dt / tau) / dt. scales_times: it may write time constants multiplied by its tick.
    lif_resets_first: a hard reset in the next tick comes before the integration of a LIF that does
    not drive itself, and after that of others.
    """

    fields: Mapping[str, Any]
    dt_from_r: Literal["tau_by_dt", "decayed_tau_by_dt"] | None = None
    scales_times: bool = False
    lif_resets_first: bool = False


# docs/nir.md says where each value comes from.
PRESETS = {
    "norse": Preset(
        {
            "dt_ms": 1.0,
            "integrator": "euler",
            "strict": True,
            "if_input": "jump",
            "synapse_input": "jump",
        },
        scales_times=True,
    ),
    "snntorch": Preset(
        {
            "dt_ms": 0.1,
            "integrator": "euler",
            "lower_first": True,
            "strict": True,
            "initial": "zero",
        },
        dt_from_r="tau_by_dt",
        lif_resets_first=True,
    ),
    "sinabs": Preset(
        {
            "dt_ms": 1000.0,
            "integrator": "exact",
            "reset": "subtract",
            "strict": False,
            "multi_spike": True,
            "if_floor": "minus_threshold",
            "if_input": "jump",
            "lif_input": "jump",
            "li_input": "jump",
            "initial": "zero",
        }
    ),
    "spikingjelly": Preset(
        {"dt_ms": 0.1, "integrator": "euler", "strict": False, "initial": "reset"},
        dt_from_r="tau_by_dt",
    ),
    "lava-dl": Preset(
        {"dt_ms": 0.1, "integrator": "euler", "strict": True, "initial": "zero"},
        dt_from_r="tau_by_dt",
    ),
    "rockpool": Preset(
        {
            "dt_ms": 1.0,
            "integrator": "exact",
            "reset": "subtract",
            "strict": False,
            "multi_spike": True,
            "lif_input": "jump",
            "li_input": "decayed",
            "synapse_input": "decayed",
            "initial": "zero",
        },
        dt_from_r="decayed_tau_by_dt",
    ),
}


class Assumed(NamedTuple):
    """Conventions, and for each field where its value comes from."""

    conventions: Conventions
    sources: Mapping[str, str]

    def changed(self, changes: Mapping[str, Any], source: str, where: str) -> Assumed:
        """Return them with fields replaced; raises NetworkError if one is unknown or wrong."""
        conventions = replace(self.conventions, changes, where, NetworkError)
        return Assumed(conventions, {**self.sources, **dict.fromkeys(changes, source)})

    def lines(self) -> list[str]:
        """Return one line per field: name, value, source."""
        values = dataclasses.asdict(self.conventions)
        return [f"{name} = {value} ({self.sources[name]})" for name, value in values.items()]


def preset(name: str | None) -> tuple[Assumed, Preset]:
    """Return the conventions of a preset, or of none; raises NetworkError if it is unknown."""
    names = [field.name for field in dataclasses.fields(Conventions)]
    defaults = Assumed(Conventions(), dict.fromkeys(names, "default"))
    if name is None:
        return defaults, Preset({})
    if name not in PRESETS:
        raise NetworkError(f"preset '{name}' is unknown; choose one of {', '.join(PRESETS)}")
    chosen = PRESETS[name]
    return defaults.changed(chosen.fields, f"preset {name}", f"preset {name}"), chosen
