"""What a meter says while a network runs."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from neuromorphic_ros.energy.energy_integral import EnergyState, integrate, power_w
from neuromorphic_ros.energy.meter import Meter, MeterError, Reading
from neuromorphic_ros.energy.meters.registry import Found
from neuromorphic_ros.pipeline.energy_account import NOT_MEASURED
from neuromorphic_ros.pipeline.health import Health
from neuromorphic_ros.pipeline.messages import Measured

# The first window of a network is over when it is told: its beginning must be known then.
MEMORY_NS = 5_000_000_000


class _Known(NamedTuple):
    steady_ns: int
    state: EnergyState


class PowerMeasurement:
    """Read a meter again and again, and divide its energy into windows.

    state: energy up to the last reading. power_w: at the last reading, by source [W].
    idle_w: power of resting [W], to be set by whoever knows it; NaN: not measured.
    """

    def __init__(self, found: Found) -> None:
        """Start without a reading."""
        self._meter: Meter | None = found.meter
        self._reason = found.reason
        self._reading: Reading | None = None
        # Counters that are compared after a moment give any power, so windows leave this alone.
        self._compared: Reading | None = None
        self.state = self._reported = EnergyState()
        self._states: deque[_Known] = deque()
        self.power_w: Mapping[str, float] = {}
        self.idle_w = math.nan

    @property
    def has_meter(self) -> bool:
        """Whether there is anything to read."""
        return self._meter is not None

    def start(self, steady_ns: int) -> None:
        """Begin the first window now, whatever was read before."""
        self.read(steady_ns)
        self._states.clear()
        self._reported = self.state

    def begin_window(self, steady_ns: int, window_s: float) -> None:
        """Let the next window begin `window_s` ago [s], if that is remembered."""
        begun_ns = steady_ns - round(window_s * 1e9)
        before = [known.state for known in self._states if known.steady_ns <= begun_ns]
        if before:
            self._reported = before[-1]

    def read(self, steady_ns: int) -> None:
        """Read the meter; what cannot be read makes the energy of its time unknown."""
        if self._meter is None:
            return
        self._read(self._meter, steady_ns)
        self.power_w = power_w(self._compared, self._reading) if self._reading else {}
        self._compared = self._reading

    def take(self, steady_ns: int) -> Measured:
        """Return the energy since the last call."""
        if self._meter is None:
            return NOT_MEASURED
        self._read(self._meter, steady_ns)
        span, self._reported = self.state.since(self._reported), self.state
        return Measured(span.energy_j, span.seconds, self.idle_w, self._meter.name)

    def _read(self, meter: Meter, steady_ns: int) -> None:
        try:
            self._reading, self._reason = meter.read(steady_ns), ""
        except MeterError as unreadable:
            self._reading, self._reason = None, str(unreadable)
        self.state = integrate(self.state, self._reading, steady_ns)
        self._states.append(_Known(steady_ns, self.state))
        while steady_ns - self._states[0].steady_ns > MEMORY_NS:
            self._states.popleft()

    def health(self) -> Health:
        """Return what the diagnostics should say."""
        if self._meter is None:
            return Health("ok", self._reason, {})
        values: dict[str, object] = {"meter": self._meter.name}
        reading = self._reading
        if reading is None:
            return Health("warn", f"not measured: {self._reason}", values)
        values |= {name: f"{watts:.3f} W" for name, watts in self.power_w.items()}
        values |= {
            f"{name} energy": f"{energy_j:.1f} J" for name, energy_j in reading.energy_j.items()
        }
        if not math.isnan(self.idle_w):
            values["idle"] = f"{self.idle_w:.3f} W"
        missing = set(reading.total) - reading.power_w.keys() - reading.energy_j.keys()
        if missing:
            return Health("warn", f"not measured: {', '.join(sorted(missing))} is gone", values)
        return Health("ok", "measuring", values)
