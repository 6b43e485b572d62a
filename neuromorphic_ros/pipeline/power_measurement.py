"""What a meter says while a network runs."""

from __future__ import annotations

from neuromorphic_ros.energy.energy_integral import EnergyState, integrate
from neuromorphic_ros.energy.meter import Meter, MeterError, Reading
from neuromorphic_ros.energy.meters.registry import Found
from neuromorphic_ros.pipeline.energy_account import NOT_MEASURED
from neuromorphic_ros.pipeline.health import Health
from neuromorphic_ros.pipeline.messages import Measured


class PowerMeasurement:
    """Read a meter again and again, and divide its energy into windows."""

    def __init__(self, found: Found) -> None:
        """Start without a reading."""
        self._meter: Meter | None = found.meter
        self._reason = found.reason
        self._state = self._reported = EnergyState()
        self.reading: Reading | None = None

    @property
    def has_meter(self) -> bool:
        """Whether there is anything to read."""
        return self._meter is not None

    def read(self, steady_ns: int) -> None:
        """Read the meter; what cannot be read makes the energy of its time unknown."""
        if self._meter is None:
            return
        try:
            self.reading, self._reason = self._meter.read(steady_ns), ""
        except MeterError as unreadable:
            self.reading, self._reason = None, str(unreadable)
        self._state = integrate(self._state, self.reading, steady_ns)

    def take(self, steady_ns: int) -> Measured:
        """Return the energy since the last call."""
        if self._meter is None:
            return NOT_MEASURED
        self.read(steady_ns)
        energy_j = self._state.since(self._reported)
        self._reported = self._state
        return Measured(energy_j, self._meter.name)

    def health(self) -> Health:
        """Return what the diagnostics should say."""
        if self._meter is None:
            return Health("ok", self._reason, {})
        values: dict[str, object] = {"meter": self._meter.name}
        if self.reading is None:
            return Health("warn", f"not measured: {self._reason}", values)
        values |= {name: f"{power_w:.3f} W" for name, power_w in self.reading.power_w.items()}
        values |= {name: f"{energy_j:.1f} J" for name, energy_j in self.reading.energy_j.items()}
        missing = (
            set(self.reading.total) - self.reading.power_w.keys() - self.reading.energy_j.keys()
        )
        if missing:
            return Health("warn", f"not measured: {', '.join(sorted(missing))} is gone", values)
        return Health("ok", "measuring", values)
