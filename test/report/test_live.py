"""The live table and its plain lines."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from rich.console import Console

from neuromorphic_ros.report.live import (
    Rate,
    Status,
    status_line,
    status_table,
    with_command,
    with_detections,
    with_energy,
    with_rates,
)
from neuromorphic_ros.report.record import Record
from neuromorphic_ros.report.thinning import Thinning


@pytest.fixture
def status(record: Record) -> Status:
    twist = SimpleNamespace(linear=SimpleNamespace(x=0.25), angular=SimpleNamespace(z=-1.0))
    boxes = [SimpleNamespace(class_name="motion", score=0.9 - 0.1 * k) for k in range(5)]
    status = Status(clock_s=3.25, message_hz={"scan": 10.0}, warnings=["pipeline: core: too slow"])
    status = with_rates(status, record.rates[-1])
    status = with_energy(status, record.energy[-1])
    status = with_command(status, SimpleNamespace(twist=twist))
    return with_detections(status, SimpleNamespace(detections=boxes))


EXPECTED = (
    "scan 10",
    "motor 40",
    "not measured",
    "7 late",
    "at least 9,440 pJ/s, 9.44 pJ/tick, priced on loihi1 (simulated); measured: not measured",
    "+0.25 m/s, -1.00 rad/s",
    "motion 0.90, motion 0.80, motion 0.70, 2 more",
)


def test_a_line_says_everything(status: Status) -> None:
    line = status_line(status)
    assert "\n" not in line
    assert line.startswith("  3.2 s | ")
    for part in EXPECTED:
        assert part in line
    assert "nan" not in line


def test_a_table_says_everything_and_the_warnings(status: Status) -> None:
    console = Console(width=200, force_terminal=False)
    with console.capture() as capture:
        console.print(status_table(status))
    for part in (*EXPECTED, "made_up", "pipeline: core: too slow"):
        assert part in capture.get()


def test_before_anything_has_come_nothing_is_made_up() -> None:
    line = status_line(Status())
    assert "messages/s: none yet" in line
    assert "energy: none yet" in line
    assert "tick: not measured" in line
    assert "nan" not in line


def test_measured_energy_is_shown(status: Status) -> None:
    assert status.energy
    measured = status._replace(energy=status.energy._replace(measured_j=0.5))
    assert "measured: 0.5 J by a meter" in status_line(measured)


def test_tick_times_are_shown(status: Status) -> None:
    assert "p50 3.0 us, p99 12.0 us" in status_line(status._replace(tick_us=(3.0, 12.0)))


def test_rates_are_of_the_last_two_seconds() -> None:
    rate = Rate()
    assert not rate.has_begun
    assert rate.hz(0.0) == 0.0
    for tenth in range(50):
        rate.count(tenth / 10)
    assert rate.hz(4.9) == pytest.approx(10.0, abs=1.0)
    assert rate.hz(60.0) == 0.0
    assert rate.has_begun


def test_only_images_are_thinned() -> None:
    thinning = Thinning(0.1)
    image, scan = "sensor_msgs/msg/Image", "sensor_msgs/msg/LaserScan"
    times_ns = range(0, 1_000_000_000, 10_000_000)
    assert sum(thinning.keeps("/a", image, now_ns) for now_ns in times_ns) == 10
    assert thinning.keeps("/b", image, 5)
    assert all(thinning.keeps("/scan", scan, now_ns) for now_ns in times_ns)
    assert thinning.keeps("/a", image, 1), "the clock was set back"
    assert all(Thinning(0.0).keeps("/a", image, 7) for _ in range(3))
