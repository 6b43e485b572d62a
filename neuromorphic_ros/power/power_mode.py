"""The power modes of a board, by how much they allow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple


class PowerLevel(IntEnum):
    """What a robot can afford."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2


class PowerMode(NamedTuple):
    """A mode as the board names it.

    clock_khz: of all its processor cores together; 0: unknown, infinite: without a limit.
    """

    name: str
    number: int
    clock_khz: float = 0

    @property
    def budget_w(self) -> float:
        """Power by its name, as 15 of `MODE_15W`; infinite of a name without one, as MAXN [W]."""
        found = re.search(r"(\d+(?:\.\d+)?)\s*W(?![A-Za-z])", self.name, re.IGNORECASE)
        return float(found[1]) if found else float("inf")


def modes_by_level(modes: Sequence[PowerMode]) -> Mapping[PowerLevel, PowerMode]:
    """Return the mode for each level: the smallest, one in the middle and the largest; empty: none.

    Numbers say nothing: mode 0 is the largest on some boards and not on others. Of two modes the
    one in the middle is the smaller. Modes of equal budget are told apart by their clocks.
    """
    if not modes:
        return {}
    ranked = sorted(modes, key=lambda mode: (mode.budget_w, mode.clock_khz, -mode.number))
    return {
        PowerLevel.LOW: ranked[0],
        PowerLevel.MEDIUM: ranked[(len(ranked) - 1) // 2],
        PowerLevel.HIGH: ranked[-1],
    }
