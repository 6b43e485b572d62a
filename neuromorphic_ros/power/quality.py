"""How well a network runs: how much of the work that it could do."""

from __future__ import annotations

from enum import IntEnum


class Quality(IntEnum):
    """Levels of PowerStatus, from the least work to all of it."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2
