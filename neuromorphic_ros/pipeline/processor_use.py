"""How much of its processor a computer uses."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

from neuromorphic_ros.energy.meter import read_text

STAT = "proc/stat"
# Of the line `cpu` (proc_stat(5)): user, nice, system, idle, iowait, irq, softirq, steal. What
# follows, the time of guests, is a part of user and nice.
COUNTED = 8
IDLE = slice(3, 5)


class _Times(NamedTuple):
    """Time since the start of the computer, in ticks of its kernel, of all cores."""

    busy: int
    all: int


class ProcessorUse:
    """Compare the account that Linux under `root` keeps with that of the last call."""

    def __init__(self, root: Path) -> None:
        """root: folder of the computer's files."""
        self._path = root / STAT
        self._last = _times(read_text(self._path))

    def read(self) -> float:
        """Return the share of all cores that was used since the last call; NaN: not known."""
        last, self._last = self._last, _times(read_text(self._path))
        if last is None or self._last is None or self._last.all <= last.all:
            return math.nan
        share = (self._last.busy - last.busy) / (self._last.all - last.all)
        # Linux lets its count of idle time go back at times.
        return min(max(share, 0.0), 1.0)


def _times(stat: str) -> _Times | None:
    name, *numbers = stat.partition("\n")[0].split()[: 1 + COUNTED] or [""]
    if name != "cpu" or len(numbers) <= IDLE.start or not all(map(str.isdecimal, numbers)):
        return None
    times = list(map(int, numbers))
    return _Times(sum(times) - sum(times[IDLE]), sum(times))
