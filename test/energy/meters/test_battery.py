"""A battery is a meter only while it discharges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from neuromorphic_ros.energy.meter import MeterError
from neuromorphic_ros.energy.meters.battery import Battery

from .trees import SUPPLY, write

FILES: dict[str, Any] = {
    "type": "Battery",
    "status": "Discharging",
    "voltage_now": 11_400_000,
    "current_now": 500_000,
}


@pytest.mark.parametrize(
    "changes", [{}, {"current_now": -500_000}, {"power_now": 5_700_000, "current_now": "gone"}]
)
def test_power_is_that_of_the_discharge(tmp_path: Path, changes: dict[str, Any]) -> None:
    write(tmp_path, SUPPLY, FILES | changes)
    assert Battery(tmp_path).read(0).total_w == pytest.approx(5.7)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "Charging"}, "is Charging, which does not say what is drawn"),
        ({"type": "Mains"}, "no battery under"),
        ({"scope": "Device"}, "no battery under"),
        ({"current_now": "?"}, "current_now cannot be read"),
        ({"status": ""}, "unknown status"),
    ],
)
def test_what_does_not_say_what_is_drawn_is_no_meter(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    write(tmp_path, SUPPLY, FILES | changes)
    with pytest.raises(MeterError, match=reason):
        Battery(tmp_path)


def test_of_two_batteries_one_that_charges_makes_the_total_unknown(tmp_path: Path) -> None:
    folder = write(tmp_path, SUPPLY, FILES)
    write(tmp_path, f"{folder.parent.relative_to(tmp_path)}/BAT1", FILES | {"status": "Full"})
    assert Battery(tmp_path).read(0).total_w is None
