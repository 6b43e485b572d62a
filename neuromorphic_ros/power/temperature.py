"""How hot a machine is, by the thermal zones of its kernel."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

from neuromorphic_ros.power.board_file import folders, read_number, read_text

ZONES = "sys/class/thermal"
# Outside of these a zone is switched off (a Jetson's says -256 then) or broken.
LOWEST_C, HIGHEST_C = -50.0, 150.0
# The one of the Jetson Nano reads 100 degC, that of the TX2 50 degC, whatever the board does.
FAKE_TYPES = ("pmic-die",)


class Temperature(NamedTuple):
    """zone: type of the hottest zone, empty without one. celsius: NaN without one."""

    zone: str = ""
    celsius: float = math.nan


def is_plausible(celsius: float) -> bool:
    """Tell whether a board can have a temperature."""
    return LOWEST_C <= celsius <= HIGHEST_C


def thermal_zones(root: Path) -> list[Temperature]:
    """Read all zones of a machine that can be believed; root: folder of its files."""
    zones = []
    for zone in folders(root / ZONES, "thermal_zone*"):
        # In millidegrees: Documentation/driver-api/thermal/sysfs-api.rst of the kernel.
        reading = Temperature(read_text(zone / "type"), read_number(zone / "temp") / 1000)
        if is_plausible(reading.celsius) and reading.zone.lower() not in FAKE_TYPES:
            zones.append(reading)
    return zones


def hottest(root: Path) -> Temperature:
    """Read the hottest zone of a machine."""
    return max(thermal_zones(root), key=lambda zone: zone.celsius, default=Temperature())
