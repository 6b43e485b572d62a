"""The picture of text, its SVG and its plain lines."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree

import pytest
from rich.console import Console

from neuromorphic_ros.report.dashboard import WIDTH, dashboard, dashboard_svg, status_line
from neuromorphic_ros.report.live import (
    Line,
    Population,
    Power,
    Status,
    Traffic,
    with_energy,
    with_rates,
)
from neuromorphic_ros.report.record import Record

FIGURES = (
    "not measured, 7 late spikes",
    "at least 9.44 nJ/s, 9.44 pJ/tick, priced on loihi1 (simulated); measured: not measured",
    "10W, quality medium, awake, throttled, battery 40%",
    "+0.25 m/s, -1.00 rad/s",
    "motion 0.90, motion 0.80, motion 0.70, 2 more",
)


@pytest.fixture
def status(record: Record) -> Status:
    """A robot in which not all is well."""
    status = Status(
        clock_s=3.25,
        states={"/pipeline": "active", "/power_manager": "inactive", "/recorder": "gone"},
        lines={
            "pipeline: core": Line(1, "too slow"),
            "pipeline: motion": Line(0, "moving is allowed"),
            "lidar: motor": Line(2, "stuck"),
        },
        topics={"/scan": Traffic(10.0, 101.26), "/imu": Traffic(0.0)},
        power=Power("10W", "medium", False, True, 0.4, math.nan),
        command=(0.25, -1.0),
        detections=[("motion", 0.9 - 0.1 * k) for k in range(5)],
    )
    return with_energy(with_rates(status, record.rates[-1]), record.energy[-1])


def printed(status: Status) -> str:
    console = Console(width=WIDTH, force_terminal=False)
    with console.capture() as capture:
        console.print(dashboard(status))
    return capture.get()


def row(text: str, heading: str) -> str:
    (found,) = [line for line in text.splitlines() if line.strip().startswith(heading)]
    return " ".join(found.split())


def test_a_picture_says_everything(status: Status) -> None:
    text = printed(status)
    assert text.startswith("made_up   3.2 s")
    for part in FIGURES:
        assert part in text
    assert row(text, "/pipeline") == "/pipeline active core: too slow"
    assert row(text, "/power_manager") == "/power_manager inactive ok"
    assert row(text, "/recorder") == "/recorder gone ok"
    assert row(text, "/lidar") == "/lidar - motor: stuck"
    assert row(text, "/scan").startswith("/scan 10.0 101.3")
    assert row(text, "/imu").startswith("/imu 0.0 -")
    assert "motor 3 40 10.00 ████████████████" in " ".join(text.split())
    assert "nan" not in text
    assert max(map(len, text.splitlines())) <= WIDTH


def test_a_line_says_all_but_the_nodes(status: Status) -> None:
    line = status_line(status)
    assert "\n" not in line
    assert line.startswith("  3.2 s | messages/s: /scan 10, /imu 0 | spikes/s: dvs 40, motor 40 | ")
    for part in FIGURES:
        assert part in line
    assert "nan" not in line


@pytest.mark.parametrize("show", [printed, status_line])
def test_before_anything_has_come_nothing_is_made_up(show: object) -> None:
    assert callable(show)
    text = show(Status())
    assert "not measured" in text
    assert "none yet" in text
    assert "nan" not in text


def test_measured_energy_and_times_are_shown(status: Status) -> None:
    assert status.energy
    measured = status._replace(
        energy=status.energy._replace(measured_j=0.5), tick_us=(3.0, 12.0), load=0.003
    )
    assert "measured: 0.5 J by a meter" in status_line(measured)
    assert "p50 3.0 us, p99 12.0 us, 0.3% of the time" in status_line(measured)


def test_what_nodes_say_is_no_markup(status: Status) -> None:
    odd = "[bold]odd[/nonsense]"
    lines = {"pipeline: core": Line(2, odd), f"{odd}: line": Line(1, "")}
    text = printed(status._replace(lines=lines, detections=[(odd, 0.5)]))
    assert f"core: {odd}" in text
    assert f"/{odd}" in text
    assert f"{odd} 0.50" in text


def test_silent_populations_have_no_bar(status: Status) -> None:
    text = printed(status._replace(populations=[Population("motor", 3, 0.0, 0.0)]))
    assert "█" not in text


def test_the_same_state_gives_the_same_svg(status: Status) -> None:
    picture = dashboard_svg(status)
    assert picture == dashboard_svg(status)
    root = ElementTree.fromstring(picture)
    words = "".join(root.itertext()).replace("\xa0", " ")
    for part in ("/power_manager", "10W, quality medium", "neuromorphic top"):
        assert part in words
