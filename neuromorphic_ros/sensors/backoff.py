"""Waits between attempts to reach a device, longer and longer."""

from __future__ import annotations

from typing import NamedTuple


class Backoff(NamedTuple):
    """Double the wait with every failure in a row, from base_ns up to cap_ns.

    failures: how many there were in a row.
    """

    base_ns: int = 250_000_000
    cap_ns: int = 5_000_000_000
    failures: int = 0

    @property
    def wait_ns(self) -> int:
        """Time to wait before the next attempt; 0 without a failure."""
        if not self.failures:
            return 0
        # A device may be away for days, and doubling makes huge numbers of that.
        doublings = min(self.failures - 1, self.cap_ns.bit_length())
        return min(self.cap_ns, self.base_ns << doublings)

    def failed(self, lasted_ns: int) -> Backoff:
        """Return what follows an attempt that failed after `lasted_ns`.

        One that lasted longer than cap_ns has worked: the count begins anew.
        """
        return self._replace(failures=1 if lasted_ns > self.cap_ns else self.failures + 1)
