"""Stamps of the samples of one sensor."""

from __future__ import annotations

# More than a clock is set back in steps, less than a recording in a loop goes back.
SET_BACK_NS = 1_000_000_000


def next_stamp_ns(previous_ns: int | None, now_ns: int) -> int:
    """Return the stamp of a sample taken at `now_ns`: later than the previous one.

    A clock that was set back by more than a second is followed.
    """
    if previous_ns is None or now_ns > previous_ns or now_ns < previous_ns - SET_BACK_NS:
        return now_ns
    return previous_ns + 1


def next_due_ns(due_ns: int, period_ns: int, now_ns: int) -> int:
    """Return when to take the sample after that of `due_ns`, on the same grid, not in the past.

    What was missed is left out: late samples in a burst would be worth nothing.
    """
    missed = max(0, now_ns - due_ns) // period_ns
    return due_ns + period_ns * (missed + 1)
