"""An I2C bus on which nobody waits for ever."""

from __future__ import annotations

import time
from collections.abc import Callable

from neuromorphic_ros.sensors.i2c_bus import I2cBus

LOCK_POLL_S = 0.001


class BoundedBus:
    """Pass calls on to a bus until a deadline, then raise TimeoutError.

    CircuitPython drivers wait without end for a lock, or for a chip to leave its reset.
    """

    def __init__(self, bus: I2cBus, clock_s: Callable[[], float] = time.monotonic) -> None:
        """Wrap a bus; nothing passes before the first `allow`. clock_s: a steady time [s]."""
        self._bus = bus
        self._clock_s = clock_s
        self._deadline_s = clock_s()

    def allow(self, duration_s: float) -> None:
        """Set the deadline, from now."""
        self._deadline_s = self._clock_s() + duration_s

    def try_lock(self) -> bool:
        """Take the bus; return false if somebody else has it."""
        if self._bus.try_lock():
            return True
        self._check("the bus stays locked by another user")
        time.sleep(LOCK_POLL_S)
        return False

    def unlock(self) -> None:
        """Give the bus back."""
        self._bus.unlock()

    def writeto(
        self, address: int, buffer: bytes, *, start: int = 0, end: int | None = None
    ) -> None:
        """Write to a chip."""
        self._check("the chip does not become ready")
        self._bus.writeto(address, buffer, start=start, end=end)

    def readfrom_into(
        self, address: int, buffer: bytearray, *, start: int = 0, end: int | None = None
    ) -> None:
        """Read from a chip."""
        self._check("the chip does not become ready")
        self._bus.readfrom_into(address, buffer, start=start, end=end)

    def writeto_then_readfrom(
        self,
        address: int,
        out_buffer: bytes,
        in_buffer: bytearray,
        *,
        out_start: int = 0,
        out_end: int | None = None,
        in_start: int = 0,
        in_end: int | None = None,
    ) -> None:
        """Write to a chip, then read from it."""
        self._check("the chip does not become ready")
        self._bus.writeto_then_readfrom(
            address,
            out_buffer,
            in_buffer,
            out_start=out_start,
            out_end=out_end,
            in_start=in_start,
            in_end=in_end,
        )

    def _check(self, reason: str) -> None:
        if self._clock_s() >= self._deadline_s:
            raise TimeoutError(reason)
