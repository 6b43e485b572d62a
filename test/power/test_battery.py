"""Batteries of the machine itself."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from boards import write_files

from neuromorphic_ros.power.battery import Battery, read_battery


def supply(root: Path, name: str, **files: str) -> None:
    folder = f"sys/class/power_supply/{name}"
    write_files(root, {f"{folder}/{file}": f"{content}\n" for file, content in files.items()})


@pytest.mark.parametrize(
    ("status", "charging"),
    [
        ("Discharging", False),
        ("Charging", True),
        ("Full", True),
        ("Not charging", True),
        ("Unknown", False),
    ],
)
def test_charge_and_charger(status: str, charging: bool, tmp_path: Path) -> None:
    supply(tmp_path, "BAT0", type="Battery", capacity="42", status=status)
    supply(tmp_path, "AC", type="Mains", online="1")
    assert read_battery(tmp_path) == Battery(0.42, charging)


def test_the_emptiest_battery_counts_and_all_must_be_charged(tmp_path: Path) -> None:
    supply(tmp_path, "BAT0", type="Battery", capacity="80", status="Charging")
    supply(tmp_path, "BAT1", type="Battery", capacity="30", status="Discharging")
    assert read_battery(tmp_path) == Battery(0.3, charging=False)


@pytest.mark.parametrize("capacity", ["101", "-1", "", "nan", "full"])
def test_a_capacity_that_cannot_be_is_unknown(capacity: str, tmp_path: Path) -> None:
    supply(tmp_path, "BAT0", type="Battery", capacity=capacity, status="Discharging")
    assert math.isnan(read_battery(tmp_path).charge)


def test_the_battery_of_a_mouse_is_not_ours(tmp_path: Path) -> None:
    supply(tmp_path, "hid", type="Battery", scope="Device", capacity="5", status="Discharging")
    assert math.isnan(read_battery(tmp_path).charge)


def test_without_a_battery_the_charge_is_unknown(tmp_path: Path) -> None:
    assert math.isnan(read_battery(tmp_path).charge)
