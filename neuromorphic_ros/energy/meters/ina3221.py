"""INA3221, the monitor of supply rails on NVIDIA Jetson boards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from neuromorphic_ros.energy.meter import MeterError, Reading, read_number, read_text
from neuromorphic_ros.energy.meters.jetson_rails import UNUSED, total_rails

DRIVERS = "sys/bus/i2c/drivers"


class Ina3221:
    """Read the rails of a board under `root`, in either layout of its driver.

    Jetson Nano (L4T 32): iio:device*/{rail_name_N, in_powerN_input in mW}. Orin (L4T 34 and later):
    hwmon*/{inN_label, inN_input in mV, currN_input in mA}.
    """

    name = "ina3221"

    def __init__(self, root: Path) -> None:
        """Find the monitors; raises MeterError if there is none or it cannot be read."""
        self._drivers = root / DRIVERS
        # Fixed here, so that a rail which vanishes is missed and not forgotten.
        self._total = total_rails(name for name, _ in self._rails())
        if not self._total:
            raise MeterError(f"no INA3221 under {self._drivers}")
        self.read(0)

    def read(self, stamp_ns: int) -> Reading:
        """Read every rail; one that cannot be read is left out."""
        power_w: dict[str, float] = {}
        reason = ""
        for name, files in self._rails():
            try:
                numbers = [read_number(file) for file in files]
            except MeterError as unreadable:
                reason = str(unreadable)
                continue
            # Milliwatts, or millivolts times milliamperes.
            milli = numbers[0] if len(numbers) == 1 else numbers[0] * numbers[1] / 1e3
            power_w[name] = milli / 1e3
        if not power_w:
            raise MeterError(reason or f"the rails under {self._drivers} are gone")
        return Reading(stamp_ns, power_w, {}, self._total)

    def _rails(self) -> Iterator[tuple[str, tuple[Path, ...]]]:
        """Yield the name of each rail and the files that give its power."""
        for label in sorted(self._drivers.glob("ina3221x/*/iio:device*/rail_name_*")):
            number = label.name.rpartition("_")[2]
            name = read_text(label)
            if name not in UNUSED:
                yield name, (label.with_name(f"in_power{number}_input"),)
        for label in sorted(self._drivers.glob("ina3221/*/hwmon/hwmon*/in*_label")):
            number = re.sub(r"\D", "", label.name)
            name = read_text(label)
            # in7 is the sum of shunt voltages, which has no current of its own.
            if name not in UNUSED and number != "7":
                files = (f"in{number}_input", f"curr{number}_input")
                yield name, tuple(label.with_name(file) for file in files)
