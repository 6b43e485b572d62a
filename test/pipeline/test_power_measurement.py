"""The energy of a meter by window."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from energy.meters.trees import nano, rapl

from neuromorphic_ros.energy.meters.registry import AUTO, find_meter
from neuromorphic_ros.pipeline.power_measurement import PowerMeasurement

SECOND_NS = 1_000_000_000


def test_windows_share_out_the_energy(tmp_path: Path) -> None:
    nano(tmp_path)
    measurement = PowerMeasurement(find_meter(AUTO, tmp_path))
    for tenth in range(11):
        measurement.read(tenth * SECOND_NS // 10)
    window = measurement.take(2 * SECOND_NS)
    assert (window.energy_j, window.seconds) == pytest.approx((5.0, 2.0))
    assert window.meter == "ina3221"
    assert measurement.take(3 * SECOND_NS).energy_j == pytest.approx(2.5)
    assert measurement.health().message == "measuring"


def test_a_meter_that_vanishes_makes_its_window_unknown_and_the_next_known_again(
    tmp_path: Path,
) -> None:
    folder = rapl(tmp_path)
    measurement = PowerMeasurement(find_meter(AUTO, tmp_path))
    measurement.read(0)
    (folder / "energy_uj").rename(folder / "gone")
    assert math.isnan(measurement.take(SECOND_NS).energy_j)
    assert measurement.health().level == "warn"
    assert "package-0 is gone" in measurement.health().message
    (folder / "gone").rename(folder / "energy_uj")
    assert math.isnan(measurement.take(2 * SECOND_NS).energy_j)
    rapl(tmp_path, 8_000_000)
    assert measurement.take(3 * SECOND_NS).energy_j == pytest.approx(3.0)


def test_without_a_meter_nothing_is_measured_and_it_is_said_why(tmp_path: Path) -> None:
    measurement = PowerMeasurement(find_meter(AUTO, tmp_path))
    measurement.read(0)
    window = measurement.take(SECOND_NS)
    assert math.isnan(window.energy_j)
    assert window.meter == "not measured"
    assert measurement.health().message.startswith("not measured: no INA3221")
    assert not measurement.has_meter


def test_idle_power_is_divided_off_once_it_is_known(tmp_path: Path) -> None:
    nano(tmp_path)
    measurement = PowerMeasurement(find_meter(AUTO, tmp_path))
    measurement.read(0)
    assert math.isnan(measurement.take(SECOND_NS).idle_j)
    measurement.idle_w = 1.5
    assert measurement.take(3 * SECOND_NS).idle_j == pytest.approx(3.0)
    assert measurement.health().values["idle"] == "1.500 W"


def test_the_power_of_counters_is_that_between_readings_and_not_that_of_a_moment(
    tmp_path: Path,
) -> None:
    rapl(tmp_path)
    measurement = PowerMeasurement(find_meter(AUTO, tmp_path))
    measurement.read(0)
    assert measurement.power_w == {}
    rapl(tmp_path, 7_000_000)
    measurement.read(SECOND_NS)
    measurement.take(SECOND_NS + 1)
    assert measurement.power_w["total"] == pytest.approx(2.0)
    rapl(tmp_path, 8_000_000)
    measurement.read(2 * SECOND_NS)
    assert measurement.power_w["package-0"] == pytest.approx(1.0)
    assert measurement.health().values["package-0 energy"] == "3.0 J"


def test_the_first_window_is_no_longer_than_its_network_ran(tmp_path: Path) -> None:
    nano(tmp_path)
    measurement = PowerMeasurement(find_meter(AUTO, tmp_path))
    measurement.start(0)
    for tenth in range(1, 100):
        measurement.read(tenth * SECOND_NS // 10)
    measurement.begin_window(10 * SECOND_NS, 1.0)
    assert measurement.take(10 * SECOND_NS).seconds == pytest.approx(1.0)


def test_the_first_window_is_never_shorter_than_what_is_remembered(tmp_path: Path) -> None:
    nano(tmp_path)
    measurement = PowerMeasurement(find_meter(AUTO, tmp_path))
    measurement.start(0)
    for second in range(1, 20):
        measurement.read(second * SECOND_NS)
    measurement.begin_window(20 * SECOND_NS, 8.0)
    assert measurement.take(20 * SECOND_NS).seconds == pytest.approx(20.0)


def test_what_was_not_measured_before_a_start_is_in_no_window(tmp_path: Path) -> None:
    nano(tmp_path)
    measurement = PowerMeasurement(find_meter(AUTO, tmp_path))
    measurement.start(0)
    measurement.read(SECOND_NS)
    measurement.start(100 * SECOND_NS)
    measurement.begin_window(101 * SECOND_NS, 3.0)
    assert measurement.take(101 * SECOND_NS)[:2] == pytest.approx((2.5, 1.0))
