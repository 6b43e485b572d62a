"""How full the battery of a machine is, by the power supplies of its kernel."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

from neuromorphic_ros.power.board_file import folders, read_number, read_text

SUPPLIES = "sys/class/power_supply"
# Of Documentation/ABI/testing/sysfs-class-power of the kernel; what is full hangs on a charger,
# and so does what a charger only keeps as it is.
CHARGING = ("Charging", "Full", "Not charging")


class Battery(NamedTuple):
    """charge: [0..1], NaN without a battery that tells. charging: whether a charger feeds it."""

    charge: float = math.nan
    charging: bool = False


def read_battery(root: Path) -> Battery:
    """Read the batteries of a machine; of several, the emptiest and whether all are charged.

    root: folder of its files. Batteries of devices, such as a mouse, are left out.
    """
    batteries = [
        Battery(percent / 100, read_text(supply / "status") in CHARGING)
        for supply in folders(root / SUPPLIES, "*")
        if read_text(supply / "type") == "Battery"
        and read_text(supply / "scope") != "Device"
        and 0 <= (percent := read_number(supply / "capacity")) <= 100
    ]
    if not batteries:
        return Battery()
    return Battery(
        min(battery.charge for battery in batteries), all(each.charging for each in batteries)
    )
