"""What is known of power: messages while they are fresh, files otherwise, nothing invented."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from boards import write_files, write_zones
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.pipeline.power_situation import FreshnessParameters, PowerSituation

SECOND = 1_000_000_000
DISCHARGING = 2


def situation(root: Path) -> PowerSituation:
    return PowerSituation(root, FreshnessParameters(sensor_s=10.0, load_s=5.0))


def battery(percentage: float, status: int = DISCHARGING) -> Any:
    return SimpleNamespace(percentage=percentage, power_supply_status=status)


def temperature(celsius: float) -> Any:
    return SimpleNamespace(temperature=celsius)


def rates(ticks: int, step_us: float, window_s: float) -> Any:
    return SimpleNamespace(ticks=ticks, step_us_p50=step_us, window_s=window_s)


def write_battery(root: Path, percent: int) -> None:
    folder = "sys/class/power_supply/BAT0"
    write_files(
        root,
        {
            f"{folder}/type": "Battery",
            f"{folder}/capacity": f"{percent}",
            f"{folder}/status": "Discharging",
        },
    )


def test_without_messages_and_files_nothing_is_known(tmp_path: Path) -> None:
    known = situation(tmp_path).at(0)
    assert math.isnan(known.battery)
    assert math.isnan(known.temperature_c)
    assert math.isnan(known.load)
    assert not known.charging
    assert known.pending


def test_a_battery_message_wins_while_it_is_fresh(tmp_path: Path) -> None:
    write_battery(tmp_path, 80)
    state = situation(tmp_path)
    state.battery(battery(0.3), 5 * SECOND)
    assert state.at(15 * SECOND).battery == 0.3
    assert state.at(15 * SECOND + 1).battery == 0.8


@pytest.mark.parametrize(
    ("status", "charging"), [(0, False), (1, True), (2, False), (3, False), (4, True)]
)
def test_who_hangs_on_a_charger_is_charging(status: int, charging: bool, tmp_path: Path) -> None:
    state = situation(tmp_path)
    state.battery(battery(0.3, status), 0)
    assert state.at(0).charging is charging


def test_the_hottest_counts_wherever_it_was_measured(tmp_path: Path) -> None:
    write_zones(tmp_path, {"CPU-therm": 60000})
    state = situation(tmp_path)
    assert state.at(0).temperature_c == 60.0
    state.temperature(temperature(20.0), 0)
    assert state.at(0).temperature_c == 60.0
    state.temperature(temperature(85.0), 0)
    assert state.at(0).temperature_c == 85.0
    assert state.at(11 * SECOND).temperature_c == 60.0


def test_load_is_the_share_of_time_that_ticks_take_until_it_expires(tmp_path: Path) -> None:
    state = situation(tmp_path)
    state.rates(rates(1000, 250.0, 1.0), 0)
    assert state.at(5 * SECOND).load == pytest.approx(0.25)
    assert math.isnan(state.at(5 * SECOND + 1).load)


def test_the_load_of_a_sleeping_network_is_unknown(tmp_path: Path) -> None:
    state = situation(tmp_path)
    state.rates(rates(1000, 250.0, 1.0), 0)
    state.asleep(True)
    known = state.at(0)
    assert math.isnan(known.load)
    assert not known.pending
    assert known.idle_s > 0
    state.asleep(False)
    assert state.at(0).load == pytest.approx(0.25)


def test_a_clock_that_goes_back_expires_what_came_after(tmp_path: Path) -> None:
    state = situation(tmp_path)
    state.battery(battery(0.3), 100 * SECOND)
    assert math.isnan(state.at(50 * SECOND).battery)


@pytest.mark.parametrize("percentage", [math.nan, 1.5, 42.0, -0.1, math.inf])
def test_a_charge_that_cannot_be_is_refused_and_the_last_one_stays(
    percentage: float, tmp_path: Path
) -> None:
    state = situation(tmp_path)
    state.battery(battery(0.3), 0)
    with pytest.raises(SensorError, match=f"percentage is {percentage:g}, not 0 to 1"):
        state.battery(battery(percentage), 0)
    assert state.at(0).battery == 0.3


@pytest.mark.parametrize("celsius", [math.nan, math.inf, 300.0, -273.15])
def test_a_temperature_that_cannot_be_is_refused(celsius: float, tmp_path: Path) -> None:
    with pytest.raises(SensorError, match="degC"):
        situation(tmp_path).temperature(temperature(celsius), 0)


@pytest.mark.parametrize(
    ("ticks", "step_us", "window_s"),
    [(10, 5.0, 0.0), (10, math.nan, 1.0), (10, -5.0, 1.0), (10, 5.0, -1.0), (1, 1.0, math.nan)],
)
def test_a_load_that_cannot_be_is_refused(
    ticks: int, step_us: float, window_s: float, tmp_path: Path
) -> None:
    with pytest.raises(SensorError, match="are no load"):
        situation(tmp_path).rates(rates(ticks, step_us, window_s), 0)


@given(percentage=st.floats(), celsius=st.floats(), status=st.integers(0, 255))
def test_whatever_comes_what_is_known_can_be(
    tmp_path_factory: pytest.TempPathFactory, percentage: float, celsius: float, status: int
) -> None:
    state = situation(tmp_path_factory.getbasetemp() / "no_such_computer")
    for keep, message in (
        (state.battery, battery(percentage, status)),
        (state.temperature, temperature(celsius)),
    ):
        try:
            keep(message, 0)
        except SensorError:
            continue
    known = state.at(0)
    assert math.isnan(known.battery) or 0 <= known.battery <= 1
    assert math.isnan(known.temperature_c) or -50 <= known.temperature_c <= 150
