"""What is commanded now and acts later, as over a bus to motors."""

from __future__ import annotations

from collections import deque


class Delayed:
    """Hold what was commanded until it acts, `delay_ns` later; 0 before the first."""

    def __init__(self, delay_ns: int) -> None:
        """Start with nothing commanded."""
        self._delay_ns = delay_ns
        self._waiting: deque[tuple[int, float]] = deque()
        self._acting = 0.0

    def command(self, now_ns: int, value: float) -> None:
        """Take a value; `now_ns` never before that of the previous one."""
        self._waiting.append((now_ns + self._delay_ns, value))

    def at(self, now_ns: int) -> float:
        """Return the value that acts; `now_ns` never before that of the previous call."""
        while self._waiting and self._waiting[0][0] <= now_ns:
            self._acting = self._waiting.popleft()[1]
        return self._acting
