"""What a running robot does at this moment, collected message by message."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from neuromorphic_ros.power.quality import Quality

WINDOW_S = 2.0
# Stamps that are further from the clock are of another one.
STRANGE_AGE_S = 60.0
OK = 0


class Arrivals:
    """The messages of a topic in the last two seconds: how many, and how old they were."""

    def __init__(self) -> None:
        """Start without messages."""
        self._messages: deque[tuple[float, float]] = deque()
        self._first_s = math.inf

    def count(self, now_s: float, age_s: float = math.nan) -> None:
        """Note a message; age_s: since its stamp, NaN: it has none."""
        self._first_s = min(self._first_s, now_s)
        self._messages.append((now_s, age_s))

    def at(self, now_s: float) -> Traffic:
        """Return what the topic carries."""
        while self._messages and now_s - self._messages[0][0] > WINDOW_S:
            self._messages.popleft()
        # A topic that has just begun has not had the whole window.
        hz = len(self._messages) / min(WINDOW_S, max(now_s - self._first_s, 0.5))
        ages_s = [age_s for _, age_s in self._messages if abs(age_s) < STRANGE_AGE_S]
        return Traffic(hz, 1e3 * median(ages_s) if ages_s else math.nan)


class Traffic(NamedTuple):
    """Messages per second of a topic; age_ms: median time from stamp to arrival, NaN: unknown."""

    hz: float
    age_ms: float = math.nan


class Energy(NamedTuple):
    """Priced energy: [pJ] per second and per tick, on what, by which grade, and what a meter says.

    lower_bound: a price is missing. measured_j: NaN without a meter.
    """

    pj_per_s: float
    pj_per_tick: float
    hardware: str
    grade: str
    lower_bound: bool
    measured_j: float


class Population(NamedTuple):
    """Activity of an input or a population: neurons, spikes/s of all and of one."""

    name: str
    size: int
    spikes_per_s: float
    rate_hz: float


class Power(NamedTuple):
    """The last PowerStatus: mode of the board; quality: low, medium or high.

    battery: [0..1], temperature_c: [degC], NaN: not known.
    """

    mode: str
    quality: str
    asleep: bool
    throttled: bool
    battery: float
    temperature_c: float


class Line(NamedTuple):
    """The last words of one line of the diagnostics; level: 0 ok, 1 warn, 2 error, 3 stale."""

    level: int
    message: str


class Status(NamedTuple):
    """The present state.

    clock_s: time of the network since the first message [s]. states: of the lifecycle, by node.
    lines: of the diagnostics, by name. topics: by name. populations: inputs first.
    tick_us: median and 99th percentile. load: share of the time that the ticks take.
    command: linear [m/s] and angular [rad/s]. detections: class and score, best first.
    """

    clock_s: float = 0.0
    network: str = ""
    states: Mapping[str, str] = {}
    lines: Mapping[str, Line] = {}
    topics: Mapping[str, Traffic] = {}
    populations: Sequence[Population] = ()
    tick_us: tuple[float, float] = (math.nan, math.nan)
    load: float = math.nan
    late_spikes: int = 0
    energy: Energy | None = None
    power: Power | None = None
    command: tuple[float, float] | None = None
    detections: Sequence[tuple[str, float]] = ()

    @property
    def is_complete(self) -> bool:
        """Tell whether every node has told its state, and the network what it does."""
        told = bool(self.network) or (self.power is not None and self.power.asleep)
        return told and bool(self.states) and all(self.states.values())

    def troubles(self) -> dict[str, dict[str, Line]]:
        """Return the lines that are not ok, by node and name."""
        found: dict[str, dict[str, Line]] = {}
        for name, line in sorted(self.lines.items()):
            if line.level != OK:
                found.setdefault(node_of(name), {})[name.partition(": ")[2]] = line
        return found


def node_of(line: str) -> str:
    """Return the full name of the node that a line of the diagnostics is of."""
    return "/" + line.partition(":")[0].lstrip("/")


def with_rates(status: Status, rates: Any) -> Status:
    """Return the state after a PopulationRates."""
    window_s = rates.window_s or math.nan
    columns = zip(rates.name, rates.size, rates.spikes, rates.rate_hz, strict=True)
    return status._replace(
        network=rates.network,
        populations=[
            Population(name, int(size), int(spikes) / window_s, float(rate_hz))
            for name, size, spikes, rate_hz in columns
        ],
        tick_us=(rates.step_us_p50, rates.step_us_p99),
        load=rates.step_us_p50 * 1e-6 * rates.ticks / window_s,
        late_spikes=int(rates.late_spikes),
    )


def with_energy(status: Status, report: Any) -> Status:
    """Return the state after an EnergyReport."""
    return status._replace(
        energy=Energy(
            report.total_pj / (report.window_s or math.nan),
            report.total_pj / max(1, report.ticks),
            report.hardware,
            report.grade,
            report.lower_bound,
            report.measured_j,
        )
    )


def with_power(status: Status, power: Any) -> Status:
    """Return the state after a PowerStatus."""
    qualities = {quality.value: quality.name.lower() for quality in Quality}
    return status._replace(
        power=Power(
            power.mode,
            qualities.get(power.quality, "unknown"),
            power.asleep,
            power.throttled,
            power.battery,
            power.temperature_c,
        )
    )


def with_diagnostics(status: Status, array: Any) -> Status:
    """Return the state after a DiagnosticArray."""
    # The level is one octet, which rclpy gives as bytes and a recording as a number.
    lines = dict(status.lines)
    for line in array.status:
        level = ord(line.level) if isinstance(line.level, bytes) else int(line.level)
        lines[line.name] = Line(level, line.message)
    return status._replace(lines=lines)


def with_command(status: Status, command: Any) -> Status:
    """Return the state after a TwistStamped or Twist."""
    twist = getattr(command, "twist", command)
    return status._replace(command=(twist.linear.x, twist.angular.z))


def with_detections(status: Status, found: Any) -> Status:
    """Return the state after a DetectionArray."""
    return status._replace(detections=[(item.class_name, item.score) for item in found.detections])
