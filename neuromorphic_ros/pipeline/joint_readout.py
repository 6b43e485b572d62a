"""The readout of a network that moves the joints of an arm."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neuromorphic_ros.decoding import joints
from neuromorphic_ros.decoding.joints import JointPositions
from neuromorphic_ros.decoding.motion_guard import stale
from neuromorphic_ros.pipeline.tuning import Tunable
from neuromorphic_ros.spikes import SpikeBatch


class JointCommand(NamedTuple):
    """Where joints are to be `duration_ns` after `stamp_ns`."""

    stamp_ns: int
    names: tuple[str, ...]
    position_rad: tuple[float, ...]
    duration_ns: int


class JointReadout:
    """Decode the positions of joints, while the input tells what is now.

    A joint controller holds the last position that it was sent, so that silence stops an arm.
    """

    def __init__(
        self, population: str, parameters: JointPositions, fields: int, dt_ns: int
    ) -> None:
        """Start without positions; population: name of the one to read, dt_ns: tick."""
        self.population = population
        self.parameters = parameters
        self.dt_ns = dt_ns
        self._fields = fields
        self.reset()

    @property
    def tunables(self) -> dict[str, Tunable]:
        """Everything that can be changed while it runs, by parameter set."""
        return {"joints": Tunable(self, "parameters")}

    def reset(self) -> None:
        """Forget all spikes and positions."""
        self._state = joints.start(self.parameters, self._fields)
        self._decided_ns = 0

    def decide(
        self, spikes: SpikeBatch, start_ns: int, stop_ns: int, input_stamp_ns: int | None
    ) -> JointCommand | None:
        """Return where the joints are to be, given all spikes of [start_ns, stop_ns).

        None: the input is too old, or nothing is known of any joint. A span before the previous one
        is taken as a new start, as is the first after old input.
        """
        if start_ns < self._decided_ns:
            self.reset()
        self._decided_ns = stop_ns
        if stale(self.parameters.input_timeout_s, stop_ns, input_stamp_ns):
            self._state = joints.start(self.parameters, self._fields)
            return None
        parameters = self.parameters
        self._state = joints.step(parameters, self._state, spikes, start_ns, stop_ns, self.dt_ns)
        position_rad = self._state.position_rad
        known = np.flatnonzero(~np.isnan(position_rad))
        if not known.size:
            return None
        return JointCommand(
            stop_ns,
            tuple(parameters.names[joint] for joint in known),
            tuple(float(position_rad[joint]) for joint in known),
            stop_ns - start_ns,
        )
