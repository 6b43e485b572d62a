"""Networks that run at the same time and tell their rates on one topic."""

from __future__ import annotations

from typing import Any, NamedTuple

# Of the shorter of two windows. One ends where the next begins, but their length is a 32-bit float
# that, after days asleep, is wrong by a part of a second.
LARGEST_OVERLAP = 0.25
# How long a network is known to run after its last rates, which come once per second.
ALIVE_NS = 2_500_000_000
MEMORY_NS = 5_000_000_000


class _Window(NamedTuple):
    network: str
    start_ns: int
    stop_ns: int
    steady_ns: int


class _Heard(NamedTuple):
    network: str
    steady_ns: int


class ConcurrentNetworks:
    """Take the windows of one network, and not those of another that runs beside it.

    One runs beside another if their windows overlap, or if it comes back although another has
    followed it. Two networks of one name that do not share a clock cannot be told apart.
    """

    def __init__(self) -> None:
        """Start without windows."""
        self._taken: _Window | None = None
        self._left: _Heard | None = None
        self._rival: _Heard | None = None

    def take(self, rates: Any, stamp_ns: int, steady_ns: int) -> bool:
        """Tell whether a PopulationRates is to be counted.

        stamp_ns: end of its window. steady_ns: time of a clock that nobody sets.
        """
        start_ns = stamp_ns - round(rates.window_s * 1e9)
        window = _Window(rates.network, start_ns, stamp_ns, steady_ns)
        taken = self._taken
        if taken and (_overlap(taken, window) > LARGEST_OVERLAP or self._comes_back(taken, window)):
            self._rival = _Heard(rates.network, steady_ns)
            return False
        if taken and taken.network != window.network:
            self._left = _Heard(taken.network, taken.steady_ns)
        self._taken = window
        return True

    def _comes_back(self, taken: _Window, window: _Window) -> bool:
        left = self._left
        if left is None or window.network != left.network or window.network == taken.network:
            return False
        self._left = _Heard(window.network, window.steady_ns)
        return (
            window.steady_ns - left.steady_ns < MEMORY_NS
            and window.steady_ns - taken.steady_ns < ALIVE_NS
        )

    def problem(self, steady_ns: int) -> str:
        """Say who is not counted; empty: nobody."""
        if not self._taken or not self._rival:
            return ""
        if steady_ns - self._rival.steady_ns > MEMORY_NS:
            return ""
        return (
            f"'{self._rival.network}' tells its rates beside '{self._taken.network}' and is not "
            "counted; give each network a namespace and an energy_monitor of its own"
        )


def _overlap(one: _Window, other: _Window) -> float:
    """Return how much of the shorter window the two have in common, 0 to 1."""
    common_ns = min(one.stop_ns, other.stop_ns) - max(one.start_ns, other.start_ns)
    shorter_ns = min(one.stop_ns - one.start_ns, other.stop_ns - other.start_ns)
    return max(0.0, common_ns / shorter_ns) if shorter_ns > 0 else 0.0
