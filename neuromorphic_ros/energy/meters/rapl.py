"""RAPL, the energy counters of x86 processors (Intel Software Developer's Manual, volume 3B)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from neuromorphic_ros.energy.meter import MeterError, Reading, read_number, read_text

ZONES = "sys/class/powercap"
PLATFORM = "psys"
# No package draws as much; a counter that was reset, as by a suspension, looks as if it had.
HIGHEST_W = 5000.0


class _Counter(NamedTuple):
    stamp_ns: int
    raw_uj: float
    energy_uj: float


class Rapl:
    """Read the counters of all packages and their parts under `root`.

    Counters wrap at max_energy_range_uj, under load after a minute at the earliest: they must be
    read more often. The total is that of the packages; `psys`, the platform, is apart from it.
    """

    name = "rapl"

    def __init__(self, root: Path) -> None:
        """Find the packages; raises MeterError if there is none or it may not be read."""
        self._folder = root / ZONES
        self._counters: dict[str, _Counter] = {}
        named = [self._source(zone) for zone in self._zones() if zone.name.count(":") == 1]
        self._packages = tuple(name for name in named if name != PLATFORM)
        if not self._packages:
            raise MeterError(f"no RAPL under {self._folder}")
        self.read(0)

    def read(self, stamp_ns: int) -> Reading:
        """Read every zone; one that cannot be read is left out."""
        energy_j: dict[str, float] = {}
        reason = ""
        for zone in self._zones():
            try:
                energy_j[self._source(zone)] = self._unwrapped_uj(zone, stamp_ns) / 1e6
            except MeterError as unreadable:
                reason = str(unreadable)
        if not energy_j:
            raise MeterError(reason or f"the zones under {self._folder} are gone")
        return Reading(stamp_ns, {}, energy_j, self._packages)

    def _zones(self) -> list[Path]:
        return sorted(self._folder.glob("intel-rapl:*"))

    def _source(self, zone: Path) -> str:
        """Name a zone by its own name and that of its package, as `package-0/core`."""
        name = read_text(zone / "name") or zone.name
        package = zone.name.rpartition(":")[0]
        if ":" in package:
            return f"{read_text(zone.with_name(package) / 'name') or package}/{name}"
        return name

    def _unwrapped_uj(self, zone: Path, stamp_ns: int) -> float:
        raw_uj = read_number(zone / "energy_uj")
        last = self._counters.get(zone.name, _Counter(stamp_ns, raw_uj, 0.0))
        step_uj = raw_uj - last.raw_uj
        if step_uj < 0:
            step_uj += read_number(zone / "max_energy_range_uj")
            if step_uj / 1e6 > HIGHEST_W * (stamp_ns - last.stamp_ns) / 1e9:
                self._counters[zone.name] = last._replace(stamp_ns=stamp_ns, raw_uj=raw_uj)
                raise MeterError(f"{zone / 'energy_uj'} began anew")
        counter = _Counter(stamp_ns, raw_uj, last.energy_uj + step_uj)
        self._counters[zone.name] = counter
        return counter.energy_uj
