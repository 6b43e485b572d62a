"""What every meter of real power offers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from neuromorphic_ros.errors import NeuromorphicError


class MeterError(NeuromorphicError):
    """A meter that is not there or cannot be read."""


class Reading(NamedTuple):
    """What a meter says at `stamp_ns`, a time of a clock that nothing can set.

    power_w: present power by source. energy_j: counters of energy by source, from any start.
    total: the sources that add up to all that is drawn; if one is missing, the total is not known.
    """

    stamp_ns: int
    power_w: Mapping[str, float]
    energy_j: Mapping[str, float]
    total: tuple[str, ...]

    @property
    def total_w(self) -> float | None:
        """Present power of all; none: a source is missing or counts energy."""
        if not self.total or not set(self.total) <= set(self.power_w):
            return None
        return sum(self.power_w[source] for source in self.total)


class Meter(Protocol):
    """A source of readings."""

    @property
    def name(self) -> str:
        """What it is called in reports."""
        ...

    def read(self, stamp_ns: int) -> Reading:
        """Read all sources that can be read; raises MeterError if that is none."""
        ...


def read_number(path: Path) -> float:
    """Read a file of one number; raises MeterError naming the file if it is not one."""
    try:
        number = float(path.read_text(encoding="ascii"))
    except PermissionError:
        raise MeterError(
            f"{path} may not be read: run as root, or let root do chmod a+r {path}"
        ) from None
    except (OSError, ValueError) as unreadable:
        raise MeterError(f"{path} cannot be read: {unreadable}") from None
    if not math.isfinite(number):
        raise MeterError(f"{path} cannot be read: {number} is no measurement")
    return number


def read_text(path: Path) -> str:
    """Read a file of one line, empty if it cannot be."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0 \n")
    except OSError:
        return ""
