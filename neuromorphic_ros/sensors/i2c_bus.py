"""An I2C bus of Linux with the methods that CircuitPython drivers call."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from neuromorphic_ros.errors import SensorError

if TYPE_CHECKING:
    from smbus2 import SMBus

DEVICES = Path("/dev")


class I2cBus(Protocol):
    """What CircuitPython drivers need of a bus; a failed transaction raises OSError."""

    def try_lock(self) -> bool:
        """Take the bus; return false if somebody else has it."""

    def unlock(self) -> None:
        """Give the bus back."""

    def writeto(
        self, address: int, buffer: bytes, *, start: int = 0, end: int | None = None
    ) -> None:
        """Write buffer[start:end] to a chip."""

    def readfrom_into(
        self, address: int, buffer: bytearray, *, start: int = 0, end: int | None = None
    ) -> None:
        """Fill buffer[start:end] from a chip."""

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
        """Write and, after a repeated start, read, so that nobody comes in between."""


class LinuxI2cBus:
    """Transfer messages through the i2c-dev interface of the kernel."""

    def __init__(self, bus: SMBus) -> None:
        """Use an open bus, which `close` closes."""
        self._bus = bus
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the device file."""
        self._bus.close()

    def try_lock(self) -> bool:
        """Take the bus; return false if another user in this process has it."""
        return self._lock.acquire(blocking=False)

    def unlock(self) -> None:
        """Give the bus back."""
        self._lock.release()

    def writeto(
        self, address: int, buffer: bytes, *, start: int = 0, end: int | None = None
    ) -> None:
        """Write buffer[start:end] to a chip; raises OSError if it does not acknowledge."""
        from smbus2 import i2c_msg

        self._bus.i2c_rdwr(i2c_msg.write(address, bytes(buffer[start:end])))

    def readfrom_into(
        self, address: int, buffer: bytearray, *, start: int = 0, end: int | None = None
    ) -> None:
        """Fill buffer[start:end] from a chip; raises OSError if it does not acknowledge."""
        from smbus2 import i2c_msg

        message = i2c_msg.read(address, len(buffer[start:end]))
        self._bus.i2c_rdwr(message)
        buffer[start:end] = bytes(message)

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
        """Write, then read in the same transaction; raises OSError if not acknowledged."""
        from smbus2 import i2c_msg

        question = i2c_msg.write(address, bytes(out_buffer[out_start:out_end]))
        answer = i2c_msg.read(address, len(in_buffer[in_start:in_end]))
        self._bus.i2c_rdwr(question, answer)
        in_buffer[in_start:in_end] = bytes(answer)


def open_bus(number: int) -> LinuxI2cBus:
    """Open /dev/i2c-NUMBER.

    Raises SensorError if it is missing, not permitted or not an I2C bus, or smbus2 not installed.
    """
    try:
        from smbus2 import SMBus
    except ImportError:
        raise SensorError(
            "smbus2 is not installed; pip install smbus2 adafruit-circuitpython-mpu6050"
        ) from None
    path = DEVICES / f"i2c-{number}"
    try:
        return LinuxI2cBus(SMBus(str(path)))
    except FileNotFoundError:
        found = ", ".join(sorted(map(str, DEVICES.glob("i2c-*")))) or "no I2C bus at all"
        raise SensorError(
            f"I2C bus {path} does not exist, there is {found}; enable I2C in the configuration of "
            "the board, `sudo modprobe i2c-dev`, or set i2c_bus"
        ) from None
    except PermissionError:
        raise SensorError(
            f"I2C bus {path} may not be opened by this user; `sudo usermod -aG i2c $USER`, then "
            "log in again"
        ) from None
    except OSError as failed:
        raise SensorError(
            f"{path} cannot be used as an I2C bus: {failed.strerror}; set i2c_bus to another number"
        ) from None
