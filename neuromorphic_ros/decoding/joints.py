"""Spikes of motor neurons to the positions of joints."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.decoding.duty import filtered
from neuromorphic_ros.decoding.population import decode_population
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import SpikeBatch

Radians = npt.NDArray[np.float64]
Angle = Annotated[float, Field(ge=-100, le=100)]


@dataclass(frozen=True, config=STRICT)
class JointPositions:
    """Read neurons of shape (joints, fields), each for a position of its joint.

    The fields of a joint are spread evenly from `low_rad` to `high_rad`; its position is their
    mean, weighted by low-pass filtered spikes. A joint without any keeps its position.
    names: of the joints, as the robot description has them.
    """

    names: Annotated[tuple[str, ...], Field(min_length=1, max_length=64)]
    low_rad: Annotated[tuple[Angle, ...], Field(description="Least position of each joint [rad]")]
    high_rad: Annotated[tuple[Angle, ...], Field(description="Most of each joint [rad]")]
    tau_ms: Annotated[
        float, Field(ge=1, le=10_000, description="Time constant of the filter [ms]")
    ] = 50.0
    max_velocity_rad_s: Annotated[
        float, Field(gt=0, le=100, description="Fastest that a joint is asked to move [rad/s]")
    ] = 1.0
    input_timeout_s: Annotated[
        float, Field(ge=0.01, le=60, description="Age of the input at which no more is sent [s]")
    ] = 0.5

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.low_rad) == len(self.high_rad):
            raise ValueError(
                f"{len(self.names)} names, {len(self.low_rad)} low_rad and {len(self.high_rad)} "
                "high_rad: give one of each for every joint"
            )
        if len(set(self.names)) < len(self.names):
            raise ValueError(f"names {', '.join(self.names)} must differ")
        for name, low, high in zip(self.names, self.low_rad, self.high_rad, strict=True):
            if low >= high:
                raise ValueError(f"joint '{name}': low_rad {low} must be below high_rad {high}")


class JointState(NamedTuple):
    """duty: filtered spikes, float64[joints, fields]. position_rad: asked for last; NaN: never."""

    duty: Radians
    position_rad: Radians


def start(parameters: JointPositions, fields: int) -> JointState:
    """Return the state before any spike; raises NetworkError for less than two fields."""
    if fields < 2:
        raise NetworkError(
            f"joints are read from at least 2 fields each, not {fields}: one for each end"
        )
    joints = len(parameters.names)
    return JointState(np.zeros((joints, fields)), np.full(joints, np.nan))


def step(
    parameters: JointPositions,
    state: JointState,
    spikes: SpikeBatch,
    start_ns: int,
    stop_ns: int,
    dt_ns: int,
) -> JointState:
    """Return the state at `stop_ns`, given all spikes of [start_ns, stop_ns).

    dt_ns: tick of the network. No joint moves faster than it may, but to its first position, from
    where nobody knows.
    """
    duty = filtered(state.duty, spikes, start_ns, stop_ns, dt_ns, parameters.tau_ms)
    low, high = np.array(parameters.low_rad), np.array(parameters.high_rad)
    centres = np.linspace(low, high, duty.shape[1], axis=1)
    wanted = decode_population(np.where(duty > 1e-9, duty, 0.0), centres)
    before = state.position_rad
    wanted = np.where(np.isnan(wanted), before, wanted)
    reach = parameters.max_velocity_rad_s * (stop_ns - start_ns) / 1e9
    moved = np.clip(wanted, before - reach, before + reach)
    return JointState(duty, np.where(np.isnan(before), wanted, moved))
