"""How long the network's steps take, and whether it keeps up with time."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque

import numpy as np

from neuromorphic_ros.pipeline.messages import STEP_BOUNDS_US, StepTimes

KEPT = 1000


class StepClock:
    """Compare the time that steps take with the time that they stand for."""

    def __init__(self) -> None:
        """Start without steps."""
        self._tick_us: deque[float] = deque(maxlen=KEPT)
        self._ticks = list(StepTimes().ticks)
        self.misses_in_a_row = 0

    def observe(self, covered_ns: int, ticks: int, taken_ns: int) -> None:
        """Note that `ticks` ticks, standing for `covered_ns`, took `taken_ns`."""
        if ticks == 0:
            return
        tick_us = taken_ns / ticks / 1000
        self._tick_us.append(tick_us)
        self._ticks[bisect_left(STEP_BOUNDS_US, tick_us)] += ticks
        self.misses_in_a_row = self.misses_in_a_row + 1 if taken_ns > covered_ns else 0

    def times(self) -> StepTimes:
        """Return the time per tick over the last thousand calls; NaN if there was none."""
        if not self._tick_us:
            return StepTimes()
        p50, p99 = np.percentile(self._tick_us, (50, 99))
        return StepTimes(float(p50), float(p99), tuple(self._ticks))

    def report(self) -> StepTimes:
        """Return the times, with the ticks since the last report."""
        times = self.times()
        self._ticks = list(StepTimes().ticks)
        return times
