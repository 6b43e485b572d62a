"""What the messages of a robot come to."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from neuromorphic_ros.report.live import (
    Arrivals,
    Line,
    Population,
    Power,
    Status,
    node_of,
    with_command,
    with_detections,
    with_diagnostics,
    with_energy,
    with_power,
    with_rates,
)
from neuromorphic_ros.report.record import Record
from neuromorphic_ros.report.thinning import Thinning


def power(**changes: object) -> SimpleNamespace:
    values = {"mode": "10W", "quality": 1, "asleep": False, "throttled": True}
    return SimpleNamespace(**{**values, "battery": 0.4, "temperature_c": 71.0, **changes})


def diagnostics(name: str, level: object, message: str) -> SimpleNamespace:
    return SimpleNamespace(status=[SimpleNamespace(name=name, level=level, message=message)])


def test_rates_tell_what_populations_do_and_what_ticks_take(record: Record) -> None:
    rates = record.rates[-1]
    status = with_rates(Status(), rates)
    assert status.network == "made_up"
    assert status.populations[1] == Population("motor", 3, 40.0, 10.0)
    assert status.late_spikes == 7
    assert math.isnan(status.load)
    rates = SimpleNamespace(**{**vars(rates), "step_us_p50": 200.0, "step_us_p99": 300.0})
    assert with_rates(status, rates).tick_us == (200.0, 300.0)
    assert with_rates(status, rates).load == pytest.approx(0.2)


def test_a_window_without_length_has_no_rates(record: Record) -> None:
    rates = SimpleNamespace(**{**vars(record.rates[-1]), "window_s": 0.0})
    assert math.isnan(with_rates(Status(), rates).populations[0].spikes_per_s)
    report = SimpleNamespace(**{**vars(record.energy[-1]), "window_s": 0.0})
    energy = with_energy(Status(), report).energy
    assert energy
    assert math.isnan(energy.pj_per_s)


def test_power_is_told_in_words() -> None:
    assert with_power(Status(), power()).power == Power("10W", "medium", False, True, 0.4, 71.0)
    told = with_power(Status(), power(quality=9)).power
    assert told
    assert told.quality == "unknown"


@pytest.mark.parametrize("level", [b"\x01", 1])
def test_diagnostics_of_rclpy_and_of_recordings_are_kept_until_the_next(level: object) -> None:
    status = with_diagnostics(Status(), diagnostics("ns/core: input scan", level, "silent"))
    status = with_diagnostics(status, diagnostics("driver", 2, "broken"))
    silent, broken = Line(1, "silent"), Line(2, "broken")
    assert status.troubles() == {"/driver": {"": broken}, "/ns/core": {"input scan": silent}}
    status = with_diagnostics(status, diagnostics("ns/core: input scan", 0, "receiving"))
    assert status.troubles() == {"/driver": {"": broken}}
    assert node_of("ns/core: input scan") == "/ns/core"


@pytest.mark.parametrize("stamped", [True, False])
def test_commands_come_with_and_without_a_stamp(stamped: bool) -> None:
    vectors = {"linear": SimpleNamespace(x=0.25), "angular": SimpleNamespace(z=-1.0)}
    twist = SimpleNamespace(**vectors)
    command = SimpleNamespace(twist=twist) if stamped else twist
    assert with_command(Status(), command).command == (0.25, -1.0)


def test_detections_are_those_of_the_last_window() -> None:
    box = SimpleNamespace(class_name="motion", score=0.5)
    status = with_detections(Status(), SimpleNamespace(detections=[box]))
    assert status.detections == [("motion", 0.5)]
    assert with_detections(status, SimpleNamespace(detections=[])).detections == []


def test_a_state_is_complete_when_nodes_and_network_have_spoken() -> None:
    assert not Status().is_complete
    assert not Status(network="made_up").is_complete
    assert not Status(network="made_up", states={"/a": "active", "/b": ""}).is_complete
    assert Status(network="made_up", states={"/a": "active"}).is_complete
    silent = Status(states={"/a": "active"})
    assert not with_power(silent, power()).is_complete
    assert with_power(silent, power(asleep=True)).is_complete


def test_traffic_is_that_of_the_last_two_seconds() -> None:
    arrivals = Arrivals()
    assert arrivals.at(0.0).hz == 0.0
    assert math.isnan(arrivals.at(0.0).age_ms)
    for tenth in range(50):
        arrivals.count(tenth / 10, 0.005 if tenth > 25 else 0.5)
    hz, age_ms = arrivals.at(4.9)
    assert hz == pytest.approx(10.0, abs=1.0)
    assert age_ms == pytest.approx(5.0)
    assert arrivals.at(60.0).hz == 0.0


@pytest.mark.parametrize("age_s", [math.nan, 1.7e9, -1.7e9])
def test_messages_without_a_stamp_of_this_clock_have_no_age(age_s: float) -> None:
    arrivals = Arrivals()
    arrivals.count(0.0, age_s)
    assert arrivals.at(0.1).hz == 2.0
    assert math.isnan(arrivals.at(0.1).age_ms)
    arrivals.count(0.1, 0.25)
    assert arrivals.at(0.1).age_ms == 250.0


def test_only_images_are_thinned() -> None:
    thinning = Thinning(0.1)
    image, scan = "sensor_msgs/msg/Image", "sensor_msgs/msg/LaserScan"
    times_ns = range(0, 1_000_000_000, 10_000_000)
    assert sum(thinning.keeps("/a", image, now_ns) for now_ns in times_ns) == 10
    assert thinning.keeps("/b", image, 5)
    assert all(thinning.keeps("/scan", scan, now_ns) for now_ns in times_ns)
    assert thinning.keeps("/a", image, 1), "the clock was set back"
    assert all(Thinning(0.0).keeps("/a", image, 7) for _ in range(3))
