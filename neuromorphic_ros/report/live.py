"""What a running network does at this moment: collected, and shown as a table or a line."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rich.table import Table
from rich.text import Text

from neuromorphic_ros.report.words import NOT_MEASURED, number

WINDOW_S = 2.0
LONGEST_LIST = 3


class Rate:
    """Messages per second over the last two seconds."""

    def __init__(self) -> None:
        """Start without messages."""
        self._times_s: deque[float] = deque()
        self._first_s = math.inf

    def count(self, now_s: float) -> None:
        """Note a message."""
        self._first_s = min(self._first_s, now_s)
        self._times_s.append(now_s)

    @property
    def has_begun(self) -> bool:
        """Tell whether there was any message."""
        return self._first_s < math.inf

    def hz(self, now_s: float) -> float:
        """Return the rate."""
        while self._times_s and now_s - self._times_s[0] > WINDOW_S:
            self._times_s.popleft()
        # A topic that has just begun has not had the whole window.
        return len(self._times_s) / min(WINDOW_S, max(now_s - self._first_s, 0.5))


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


class Status(NamedTuple):
    """The present state.

    clock_s: time of the network since the first message [s]. message_hz: by topic, sensors first.
    spikes_per_s: by population, inputs first. tick_us: median and 99th percentile.
    command: linear [m/s] and angular [rad/s]. detections: class and score, best first.
    """

    clock_s: float = 0.0
    network: str = ""
    message_hz: Mapping[str, float] = {}
    spikes_per_s: Mapping[str, float] = {}
    tick_us: tuple[float, float] = (math.nan, math.nan)
    late_spikes: int = 0
    energy: Energy | None = None
    command: tuple[float, float] | None = None
    detections: Sequence[tuple[str, float]] = ()
    warnings: Sequence[str] = ()


def with_rates(status: Status, rates: Any) -> Status:
    """Return the state after a PopulationRates."""
    return status._replace(
        network=rates.network,
        spikes_per_s={
            name: int(spikes) / rates.window_s
            for name, spikes in zip(rates.name, rates.spikes, strict=True)
        },
        tick_us=(rates.step_us_p50, rates.step_us_p99),
        late_spikes=int(rates.late_spikes),
    )


def with_energy(status: Status, report: Any) -> Status:
    """Return the state after an EnergyReport."""
    return status._replace(
        energy=Energy(
            report.total_pj / report.window_s,
            report.total_pj / max(1, report.ticks),
            report.hardware,
            report.grade,
            report.lower_bound,
            report.measured_j,
        )
    )


def with_command(status: Status, command: Any) -> Status:
    """Return the state after a TwistStamped."""
    return status._replace(command=(command.twist.linear.x, command.twist.angular.z))


def with_detections(status: Status, found: Any) -> Status:
    """Return the state after a DetectionArray."""
    return status._replace(detections=[(item.class_name, item.score) for item in found.detections])


def status_table(status: Status) -> Table:
    """Return the state as a table for a terminal."""
    table = Table(
        title=f"{status.network or 'waiting for the network'}   {status.clock_s:5.1f} s",
        title_justify="left",
        show_header=False,
        min_width=64,
    )
    table.add_column(style="bold")
    table.add_column()
    for heading, value in _rows(status):
        table.add_row(heading, value)
    return table


def status_line(status: Status) -> str:
    """Return the state as one line of text."""
    rows = {heading: value for heading, value in _rows(status) if heading != "warnings"}
    return f"{status.clock_s:5.1f} s | " + " | ".join(
        f"{heading}: {value}" for heading, value in rows.items()
    )


def _rows(status: Status) -> list[tuple[str, Text]]:
    messages = _join(f"{topic} {hz:.0f}" for topic, hz in status.message_hz.items())
    spikes = _join(f"{name} {count:.0f}" for name, count in status.spikes_per_s.items())
    rows = [
        ("messages/s", Text(messages)),
        ("spikes/s", Text(spikes)),
        ("tick", Text(_tick(status))),
        ("energy", Text(_energy(status.energy))),
        ("command", Text(_command(status.command))),
        ("detections", Text(_detections(status.detections))),
    ]
    if status.warnings:
        rows.append(("warnings", Text("\n".join(status.warnings), style="yellow")))
    return rows


def _join(items: Any) -> str:
    return ", ".join(items) or "none yet"


def _tick(status: Status) -> str:
    median_us, late_us = status.tick_us
    times = f"p50 {median_us:.1f} us, p99 {late_us:.1f} us"
    return f"{NOT_MEASURED if math.isnan(median_us) else times}, {status.late_spikes} late spikes"


def _energy(energy: Energy | None) -> str:
    if energy is None:
        return "none yet"
    bound = "at least " if energy.lower_bound else ""
    measured = number(energy.measured_j, "J by a meter")
    per_s, per_tick = number(energy.pj_per_s, "pJ/s"), number(energy.pj_per_tick, "pJ/tick")
    return (
        f"{bound}{per_s}, {per_tick}, priced on {energy.hardware} ({energy.grade}); "
        f"measured: {measured}"
    )


def _command(command: tuple[float, float] | None) -> str:
    if command is None:
        return "none"
    return f"{command[0]:+.2f} m/s, {command[1]:+.2f} rad/s"


def _detections(detections: Sequence[tuple[str, float]]) -> str:
    shown = [f"{name} {score:.2f}" for name, score in detections[:LONGEST_LIST]]
    more = len(detections) - len(shown)
    return ", ".join(shown + ([f"{more} more"] if more else [])) or "none"
