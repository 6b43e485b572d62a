"""When time that goes backwards means a new start."""

from __future__ import annotations

RESTART_NS = 1_000_000_000


def restarted(previous_ns: int | None, stamp_ns: int) -> bool:
    """Tell whether a stamp lies so far before the previous one that a recording began anew.

    Smaller steps back are disorder in one recording, not a new one.
    """
    return previous_ns is not None and stamp_ns < previous_ns - RESTART_NS
