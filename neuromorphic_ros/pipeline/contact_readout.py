"""The readout of a network that tells when something is hit."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from neuromorphic_ros.decoding import time_to_contact
from neuromorphic_ros.decoding.time_to_contact import TimeToContact, time_to_contact_s
from neuromorphic_ros.pipeline.tuning import Tunable
from neuromorphic_ros.spikes import SpikeBatch


class Contact(NamedTuple):
    """What is ahead at `stamp_ns` is hit `time_s` later; inf: nothing approaches."""

    stamp_ns: int
    time_s: float


class ContactReadout:
    """Decode the time to contact."""

    def __init__(self, population: str, parameters: TimeToContact, dt_ns: int) -> None:
        """Start without spikes; population: name of the one to read, dt_ns: tick."""
        self.population = population
        self.parameters = parameters
        self.dt_ns = dt_ns
        self.reset()

    @property
    def tunables(self) -> dict[str, Tunable]:
        """Everything that can be changed while it runs, by parameter set."""
        return {"contact": Tunable(self, "parameters")}

    def reset(self) -> None:
        """Forget all spikes."""
        self._duty = np.zeros(2)
        self._decided_ns: int | None = None

    def decide(self, spikes: SpikeBatch, start_ns: int, stop_ns: int) -> Contact | None:
        """Return the time to contact at `stop_ns`, given all spikes of [start_ns, stop_ns).

        None: too little is seen. A span before the previous one is taken as a new start.
        Raises NetworkError as `time_to_contact.check_shape` does.
        """
        if self._decided_ns is not None and start_ns < self._decided_ns:
            self.reset()
        since_ns = start_ns if self._decided_ns is None else self._decided_ns
        self._decided_ns = stop_ns
        self._duty = time_to_contact.step(
            self.parameters, self._duty, spikes, since_ns, stop_ns, self.dt_ns
        )
        time_s = time_to_contact_s(self.parameters, self._duty, self.dt_ns)
        return None if math.isnan(time_s) else Contact(stop_ns, time_s)
