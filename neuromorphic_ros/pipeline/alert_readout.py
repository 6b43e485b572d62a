"""The readout of a network that raises alerts."""

from __future__ import annotations

import math
from typing import NamedTuple

from neuromorphic_ros.decoding import alert
from neuromorphic_ros.decoding.alert import AlertParameters, Level
from neuromorphic_ros.pipeline.health import Health
from neuromorphic_ros.pipeline.tuning import Tunable
from neuromorphic_ros.spikes import Shape, SpikeBatch

HEARTBEAT_NS = 1_000_000_000
DIAGNOSTICS = {Level.NORMAL: "ok", Level.WARNING: "warn", Level.CRITICAL: "error"}


class Alert(NamedTuple):
    """What is seen at `stamp_ns`.

    source: name of the readout. score: rate of the most active row [Hz]. message: what is wrong;
    empty: nothing.
    """

    stamp_ns: int
    level: Level
    source: str
    score: float
    message: str


class AlertReadout:
    """Decode the level of alert."""

    def __init__(
        self, name: str, population: str, parameters: AlertParameters, shape: Shape, dt_ns: int
    ) -> None:
        """Start from normal; name: of the readout, population: of the one to read, dt_ns: tick.

        Raises NetworkError as `AlertParameters.check_rows` does.
        """
        parameters.check_rows(shape)
        self.name = name
        self.population = population
        self.dt_ns = dt_ns
        self._shape = shape
        self._parameters = parameters
        self.reset()

    @property
    def parameters(self) -> AlertParameters:
        """Parameters of the decoder; assign to change them at the next step.

        Raises NetworkError as `AlertParameters.check_rows` does.
        """
        return self._parameters

    @parameters.setter
    def parameters(self, parameters: AlertParameters) -> None:
        parameters.check_rows(self._shape)
        self._parameters = parameters

    @property
    def tunables(self) -> dict[str, Tunable]:
        """Everything that can be changed while it runs, by parameter set."""
        return {"alert": Tunable(self, "parameters")}

    def reset(self) -> None:
        """Forget all spikes and start from normal."""
        self._state = alert.start(math.prod(self._shape))
        self._decided_ns: int | None = None
        self._told_ns: int | None = None

    def decide(self, spikes: SpikeBatch, start_ns: int, stop_ns: int) -> Alert | None:
        """Return what is to be told at `stop_ns`, given all spikes of [start_ns, stop_ns).

        That is each change of level, and once per second what holds; none: there is nothing new.
        A span before the previous one is taken as a new start.
        """
        if self._decided_ns is not None and start_ns < self._decided_ns:
            self.reset()
        since_ns = start_ns if self._decided_ns is None else self._decided_ns
        self._decided_ns = stop_ns
        before = self._state.level
        self._state = alert.step(
            self._parameters, self._state, spikes, since_ns, stop_ns, self.dt_ns
        )
        level = self._state.level
        told_ns = self._told_ns
        if told_ns is not None and level == before and stop_ns - told_ns < HEARTBEAT_NS:
            return None
        self._told_ns = stop_ns
        message = self._state.condition if level else ""
        return Alert(stop_ns, level, self.name, self._state.score_hz, message)


def health(found: Alert) -> Health:
    """Return what the diagnostics should say of an alert."""
    return Health(
        DIAGNOSTICS[found.level],
        found.message or "normal",
        {"source": found.source, "score_hz": f"{found.score:.3g}"},
    )
