"""A battery as a meter: what it gives while nothing charges it."""

from __future__ import annotations

from pathlib import Path

from neuromorphic_ros.energy.meter import MeterError, Reading, read_number, read_text

SUPPLIES = "sys/class/power_supply"


class Battery:
    """Read the batteries of a computer under `root` (power_supply of Linux: uW, uV, uA)."""

    name = "battery"

    def __init__(self, root: Path) -> None:
        """Find the batteries; raises MeterError if there is none or it is not discharging."""
        self._folder = root / SUPPLIES
        self.read(0)

    def read(self, stamp_ns: int) -> Reading:
        """Read every battery that discharges; one on a charger does not say what is drawn."""
        found = [
            supply
            for supply in sorted(self._folder.glob("*"))
            if read_text(supply / "type").lower() == "battery"
            # That of a mouse or a gamepad feeds nothing here.
            and read_text(supply / "scope").lower() != "device"
        ]
        if not found:
            raise MeterError(f"no battery under {self._folder}")
        power_w: dict[str, float] = {}
        reasons = []
        for supply in found:
            status = read_text(supply / "status") or "of unknown status"
            if status.lower() != "discharging":
                reasons.append(
                    f"battery {supply.name} is {status}, which does not say what is drawn"
                )
                continue
            try:
                power_w[supply.name] = self._power_w(supply)
            except MeterError as unreadable:
                reasons.append(str(unreadable))
        if not power_w:
            raise MeterError("; ".join(reasons))
        return Reading(stamp_ns, power_w, {}, tuple(supply.name for supply in found))

    @staticmethod
    def _power_w(supply: Path) -> float:
        # The sign of a discharge differs between drivers.
        if (supply / "power_now").exists():
            return abs(read_number(supply / "power_now")) / 1e6
        volts = read_number(supply / "voltage_now") / 1e6
        return abs(volts * read_number(supply / "current_now") / 1e6)
