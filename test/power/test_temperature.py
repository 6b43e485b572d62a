"""The hottest zone that can be believed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from boards import NANO_ZONES, write_files, write_zones

from neuromorphic_ros.power.temperature import Temperature, hottest, thermal_zones


def test_a_power_chip_that_always_shows_100_is_left_out(tmp_path: Path) -> None:
    write_zones(tmp_path, NANO_ZONES)
    assert hottest(tmp_path) == Temperature("AO-therm", 41.5)
    assert len(thermal_zones(tmp_path)) == len(NANO_ZONES) - 1


@pytest.mark.parametrize("value", [-256000, 200000, "", "rubbish", "nan"])
def test_zones_that_are_off_or_broken_are_left_out(value: object, tmp_path: Path) -> None:
    write_zones(tmp_path, {"gpu-thermal": value, "cpu-thermal": 52750})
    assert hottest(tmp_path) == Temperature("cpu-thermal", 52.75)


def test_a_zone_without_files_is_left_out(tmp_path: Path) -> None:
    write_zones(tmp_path, {"cpu-thermal": 60000})
    (tmp_path / "sys/class/thermal/thermal_zone1").mkdir()
    write_files(tmp_path, {"sys/class/thermal/thermal_zone2": "no folder"})
    assert hottest(tmp_path).celsius == 60.0


def test_without_zones_the_temperature_is_unknown(tmp_path: Path) -> None:
    zone = hottest(tmp_path)
    assert zone.zone == ""
    assert math.isnan(zone.celsius)
