"""The present state of a robot as a picture of text, or as one line where there is no terminal."""

from __future__ import annotations

import io
import math
from collections.abc import Collection, Iterable, Mapping, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from neuromorphic_ros.report.live import Energy, Line, Population, Power, Status, Traffic
from neuromorphic_ros.report.words import NOT_MEASURED, number
from neuromorphic_ros.report.words import energy as energy_words

WIDTH = 112
LONGEST_LIST = 3
BAR = 16
_STYLES = {0: "green", 1: "yellow", 2: "bold red", 3: "magenta"}
_STATE_STYLES = {"active": "green", "inactive": "yellow", "unconfigured": "yellow"}


def dashboard(status: Status) -> RenderableType:
    """Return the state as nodes, topics and populations, and what they come to."""
    title = Text(status.network or "waiting for the network", style="bold")
    title.append(f"   {status.clock_s:.1f} s", style="not bold")
    activity = Table.grid(padding=(0, 3))
    activity.add_row(_topics(status.topics), _populations(status.populations))
    figures = Table.grid(padding=(0, 2))
    figures.add_column(style="bold")
    for heading, value in _figures(status):
        figures.add_row(heading, Text(value))
    return Group(title, _nodes(status), activity, Text(), figures)


def dashboard_svg(status: Status) -> str:
    """Return the dashboard as an SVG file; equal states give equal files."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False)
    console.print(dashboard(status))
    return console.export_svg(title="neuromorphic top")


def status_line(status: Status) -> str:
    """Return the state as one line of text."""
    messages = _join(f"{topic} {traffic.hz:.0f}" for topic, traffic in status.topics.items())
    spikes = _join(f"{item.name} {item.spikes_per_s:.0f}" for item in status.populations)
    rows = [("messages/s", messages), ("spikes/s", spikes), *_figures(status)]
    return f"{status.clock_s:5.1f} s | " + " | ".join(f"{name}: {value}" for name, value in rows)


def _nodes(status: Status) -> Table:
    table = _table("node", "state", "diagnostics")
    troubles = status.troubles()
    # Drivers without a lifecycle have diagnostics all the same.
    for node in sorted(status.states.keys() | troubles.keys()):
        state = status.states.get(node, "")
        style = _STATE_STYLES.get(state, "bold red") if state else "dim"
        table.add_row(Text(node), Text(state or "-", style), _health(troubles.get(node, {})))
    return table


def _health(troubles: Mapping[str, Line]) -> Text:
    if not troubles:
        return Text("ok", _STYLES[0])
    lines = [
        Text(f"{name}: {line.message}", _STYLES.get(line.level, ""))
        for name, line in troubles.items()
    ]
    return Text("\n").join(lines)


def _topics(topics: Mapping[str, Traffic]) -> Table:
    table = _table("topic", "Hz", "ms old", right={1, 2})
    for topic, (hz, age_ms) in sorted(topics.items()):
        age = "-" if math.isnan(age_ms) else f"{age_ms:.1f}"
        table.add_row(topic, Text(f"{hz:.1f}", "" if hz else "yellow"), age)
    return table


def _populations(populations: Sequence[Population]) -> Table:
    table = _table("population", "neurons", "spikes/s", "Hz", "", right={1, 2, 3})
    highest_hz = max((item.rate_hz for item in populations), default=0.0)
    for name, size, spikes_per_s, rate_hz in populations:
        filled = round(BAR * rate_hz / highest_hz) if highest_hz else 0
        bar = Text("█" * filled, "cyan")
        table.add_row(Text(name), f"{size:,}", f"{spikes_per_s:,.0f}", f"{rate_hz:.2f}", bar)
    return table


def _table(*headings: str, right: Collection[int] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim")
    for column, heading in enumerate(headings):
        table.add_column(heading, justify="right" if column in right else "left")
    return table


def _figures(status: Status) -> list[tuple[str, str]]:
    return [
        ("tick", _tick(status)),
        ("energy", _energy(status.energy)),
        ("power", _power(status.power)),
        ("command", _command(status.command)),
        ("detections", _detections(status.detections)),
    ]


def _join(items: Iterable[str]) -> str:
    return ", ".join(items) or "none yet"


def _tick(status: Status) -> str:
    median_us, late_us = status.tick_us
    times = f"p50 {median_us:.1f} us, p99 {late_us:.1f} us, {status.load:.1%} of the time"
    return f"{NOT_MEASURED if math.isnan(median_us) else times}, {status.late_spikes} late spikes"


def _energy(energy: Energy | None) -> str:
    if energy is None:
        return "none yet"
    bound = "at least " if energy.lower_bound else ""
    measured = number(energy.measured_j, "J by a meter")
    per_s, per_tick = energy_words(energy.pj_per_s), energy_words(energy.pj_per_tick)
    return (
        f"{bound}{per_s}/s, {per_tick}/tick, priced on {energy.hardware} ({energy.grade}); "
        f"measured: {measured}"
    )


def _power(power: Power | None) -> str:
    if power is None:
        return "none yet"
    parts = [power.mode or "mode unknown", f"quality {power.quality}"]
    parts.append("asleep" if power.asleep else "awake")
    if power.throttled:
        parts.append("throttled")
    if not math.isnan(power.battery):
        parts.append(f"battery {power.battery:.0%}")
    if not math.isnan(power.temperature_c):
        parts.append(f"{power.temperature_c:.0f} degC")
    return ", ".join(parts)


def _command(command: tuple[float, float] | None) -> str:
    if command is None:
        return "none"
    return f"{command[0]:+.2f} m/s, {command[1]:+.2f} rad/s"


def _detections(detections: Sequence[tuple[str, float]]) -> str:
    shown = [f"{name} {score:.2f}" for name, score in detections[:LONGEST_LIST]]
    more = len(detections) - len(shown)
    return ", ".join(shown + ([f"{more} more"] if more else [])) or "none"
