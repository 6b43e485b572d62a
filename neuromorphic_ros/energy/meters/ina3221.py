"""INA3221, the monitor of supply rails on NVIDIA Jetson boards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from neuromorphic_ros.energy.meter import MeterError, Reading, read_number, read_text

DRIVERS = "sys/bus/i2c/drivers"
# The rail that all others hang on: Nano, then Orin Nano and NX. AGX Orin has none.
WHOLE = ("POM_5V_IN", "VDD_IN")
_UNUSED = ("", "NC")


class Ina3221:
    """Read the rails of a board under `root`, in either layout of its driver.

    Jetson Nano (L4T 32): iio:device*/{rail_name_N, in_powerN_input in mW}. Orin (L4T 34 and later):
    hwmon*/{inN_label, inN_input in mV, currN_input in mA}.
    """

    name = "ina3221"

    def __init__(self, root: Path) -> None:
        """Find the monitors; raises MeterError if there is none."""
        self._drivers = root / DRIVERS
        if not any(self._rails()):
            raise MeterError(f"no INA3221 under {self._drivers}")

    def read(self, stamp_ns: int) -> Reading:
        """Read every rail; one that cannot be read is left out."""
        power_w: dict[str, float] = {}
        names = []
        reason = ""
        for name, files in self._rails():
            names.append(name)
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
        whole = [name for name in WHOLE if name in names]
        return Reading(stamp_ns, power_w, {}, tuple(whole[:1] or names))

    def _rails(self) -> Iterator[tuple[str, tuple[Path, ...]]]:
        """Yield the name of each rail and the files that give its power."""
        for label in sorted(self._drivers.glob("ina3221x/*/iio:device*/rail_name_*")):
            number = label.name.rpartition("_")[2]
            name = read_text(label)
            if name not in _UNUSED:
                yield name, (label.with_name(f"in_power{number}_input"),)
        for label in sorted(self._drivers.glob("ina3221/*/hwmon/hwmon*/in*_label")):
            number = re.sub(r"\D", "", label.name)
            name = read_text(label)
            # in7 is the sum of shunt voltages, which has no current of its own.
            if name not in _UNUSED and number != "7":
                files = (f"in{number}_input", f"curr{number}_input")
                yield name, tuple(label.with_name(file) for file in files)
