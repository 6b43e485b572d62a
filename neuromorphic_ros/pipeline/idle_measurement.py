"""The power of a robot whose network rests, measured on request."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from neuromorphic_ros.energy.energy_integral import MAX_GAP_S, EnergyState
from neuromorphic_ros.energy.meter import MeterError
from neuromorphic_ros.pipeline.power_measurement import PowerMeasurement

# A network that runs tells its rates once per second.
SILENCE_NS = 2_500_000_000
ADVICE = "keep its sensors still until it sleeps, or deactivate its node, and ask again"


class Answer(NamedTuple):
    """What whoever asked for idle power is told."""

    success: bool
    message: str


class _Begun(NamedTuple):
    steady_ns: int
    duration_s: float
    state: EnergyState


class IdleMeasurement:
    """Average a meter over a time in which no tick is run; times are of a clock that nobody sets.

    A measurement that fails leaves the idle power as it was.
    """

    def __init__(self, measurement: PowerMeasurement) -> None:
        """Start without a measurement."""
        self._measurement = measurement
        self._begun: _Begun | None = None
        self._disturbed = ""
        self._asleep: bool | None = None
        self._ran_ns: int | None = None
        self._network = ""

    @property
    def is_measuring(self) -> bool:
        """Tell whether a measurement goes on."""
        return self._begun is not None

    def rates(self, rates: Any, steady_ns: int) -> None:
        """Note a PopulationRates."""
        if rates.ticks:
            self._ran_ns, self._network = steady_ns, rates.network
            self._disturbed = f"network '{rates.network}' ran {rates.ticks} ticks meanwhile"

    def asleep(self, asleep: bool) -> None:
        """Note whether the network sleeps."""
        self._asleep = asleep
        if not asleep:
            self._disturbed = "the network woke up meanwhile"

    def begin(self, duration_s: float, steady_ns: int, *, sleep_is_told: bool) -> None:
        """Begin to measure, or leave that to the measurement that goes on.

        duration_s: is longer if only rates can tell that a network runs.
        sleep_is_told: whether the node still lives that tells the sleep of the network.
        Raises MeterError if there is no meter, or the network runs.
        """
        if not self._measurement.has_meter:
            raise MeterError(self._measurement.health().message)
        if self._begun:
            return
        if not sleep_is_told:
            self._asleep = None
        self._refuse_if_running(steady_ns)
        if self._asleep is None:
            duration_s = max(duration_s, SILENCE_NS * 1e-9)
        self._measurement.read(steady_ns)
        self._begun = _Begun(steady_ns, duration_s, self._measurement.state)
        self._disturbed = ""

    def cancel(self) -> None:
        """Give up a measurement."""
        self._begun = None

    def step(self, steady_ns: int) -> Answer | None:
        """Take what was read up to now; none: the measurement goes on, or there is none."""
        if self._begun is None:
            return None
        begun, state = self._begun, self._measurement.state
        span = state.since(begun.state)
        if self._disturbed:
            answer = Answer(False, f"{self._disturbed}: {ADVICE}")
        elif state.unmeasured_s > begun.state.unmeasured_s:
            answer = Answer(False, self._why_unknown())
        elif steady_ns - begun.steady_ns < begun.duration_s * 1e9:
            return None
        elif math.isnan(span.mean_w):
            answer = Answer(False, self._why_unknown())
        else:
            self._measurement.idle_w = span.mean_w
            answer = Answer(True, f"{span.mean_w:.3f} W over {span.seconds:.1f} s")
        self._begun = None
        return answer

    def _refuse_if_running(self, steady_ns: int) -> None:
        running = self._asleep is False
        if self._asleep is None and self._ran_ns is not None:
            running = steady_ns - self._ran_ns < SILENCE_NS
        if running:
            name = f" '{self._network}'" if self._network else ""
            raise MeterError(f"network{name} runs, and idle power is that of a rest: {ADVICE}")

    def _why_unknown(self) -> str:
        health = self._measurement.health()
        if health.level != "ok":
            return health.message
        return f"not measured: power was not read for more than {MAX_GAP_S:g} s"
