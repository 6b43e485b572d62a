"""Spikes of motor neurons to the velocity of a differential drive."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.decoding.duty import filtered
from neuromorphic_ros.decoding.velocity import Velocity
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import SpikeBatch

FORWARD, LEFT, RIGHT, BACK = range(4)
NEURONS = (3, 4)


@dataclass(frozen=True, config=STRICT)
class DifferentialDrive:
    """Read (forward, turn left, turn right) neurons, and one for back, as filtered duties.

    The duty of a neuron is 1 when it fires in every tick.
    """

    linear_gain_m_s: Annotated[
        float, Field(ge=0, le=10, description="Speed at a duty of 1, forward or back [m/s]")
    ] = 0.5
    angular_gain_rad_s: Annotated[
        float, Field(ge=0, le=20, description="Rate of turn at a turning duty of 1 [rad/s]")
    ] = 1.5
    tau_ms: Annotated[
        float, Field(ge=1, le=10_000, description="Time constant of the filter [ms]")
    ] = 30.0


class DifferentialDriveDecoder:
    """Decode the spikes of three motor neurons, or of four: one more for back."""

    def __init__(self, parameters: DifferentialDrive, dt_ns: int) -> None:
        """Start at rest; dt_ns: tick of the network that fires the spikes."""
        self.parameters = parameters
        self.dt_ns = dt_ns
        self.reset()

    def reset(self) -> None:
        """Forget all spikes."""
        self._duty = np.zeros(4)

    def decode(self, spikes: SpikeBatch, start_ns: int, stop_ns: int) -> Velocity:
        """Return the velocity at `stop_ns`, given all spikes of [start_ns, stop_ns).

        Raises NetworkError if the population has neither three neurons nor four.
        """
        if spikes.size not in NEURONS:
            raise NetworkError(
                "a differential drive reads 3 or 4 neurons (forward, left, right, back), "
                f"not {spikes.size}"
            )
        tau_ms = self.parameters.tau_ms
        duty = self._duty[: spikes.size]
        duty[:] = filtered(duty, spikes, start_ns, stop_ns, self.dt_ns, tau_ms)
        forward, left, right, back = self._duty
        return Velocity(
            float(self.parameters.linear_gain_m_s * (forward - back)),
            float(self.parameters.angular_gain_rad_s * (left - right)),
        )
