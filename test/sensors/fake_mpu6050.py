"""An I2C bus with an MPU6050 that behaves by its register map, and with faults to inject."""

from __future__ import annotations

import errno
import struct
from collections.abc import Sequence

SMPLRT_DIV, CONFIG, GYRO_CONFIG, ACCEL_CONFIG = 0x19, 0x1A, 0x1B, 0x1C
ACCEL_XOUT_H, PWR_MGMT_1, WHO_AM_I = 0x3B, 0x6B, 0x75
RESET, SLEEP = 0x80, 0x40
LSB_PER_G = (16384.0, 8192.0, 4096.0, 2048.0)
LSB_PER_DEG_S = (131.0, 65.5, 32.8, 16.4)


class FakeMpu6050:
    """The chip: assign what it is exposed to."""

    def __init__(self, chip_id: int = 0x68) -> None:
        """Switch it on."""
        self.chip_id = chip_id
        self.acceleration_g: Sequence[float] = (0.0, 0.0, 1.0)
        self.angular_velocity_deg_s: Sequence[float] = (0.0, 0.0, 0.0)
        self.temperature_c = 25.0
        self.resets_for_ever = False
        self.lose_power()

    def lose_power(self) -> None:
        """Forget everything, as after an interruption of the supply."""
        self.registers = bytearray(128)
        self.registers[PWR_MGMT_1] = SLEEP
        self.registers[WHO_AM_I] = self.chip_id
        self._pointer = 0

    def write(self, data: bytes) -> None:
        """Set the register pointer and the registers from there on."""
        if data:
            self._pointer = data[0]
        for value in data[1:]:
            self.registers[self._pointer] = value
            self._pointer += 1
        if self.registers[PWR_MGMT_1] & RESET and not self.resets_for_ever:
            self.lose_power()

    def read(self, length: int) -> bytes:
        """Return the registers from the pointer on."""
        if not self.registers[PWR_MGMT_1] & SLEEP:
            self._measure()
        begin, self._pointer = self._pointer, self._pointer + length
        return bytes(self.registers[begin : begin + length])

    def _measure(self) -> None:
        per_g = LSB_PER_G[self.registers[ACCEL_CONFIG] >> 3 & 3]
        per_deg_s = LSB_PER_DEG_S[self.registers[GYRO_CONFIG] >> 3 & 3]
        values = [
            *(value * per_g for value in self.acceleration_g),
            (self.temperature_c - 36.53) * 340.0,
            *(value * per_deg_s for value in self.angular_velocity_deg_s),
        ]
        raw = [max(-32768, min(32767, round(value))) for value in values]
        struct.pack_into(">7h", self.registers, ACCEL_XOUT_H, *raw)


class FakeBus:
    """The bus: assign faults.

    failing: numbers of the transactions, from 0 on, that fail. absent: nobody acknowledges.
    locked: somebody else has the bus. stuck: the byte that is read whatever the chip says.
    deaf: writes are acknowledged and lost.
    """

    def __init__(self, chip: FakeMpu6050 | None = None, address: int = 0x68) -> None:
        """Connect a chip."""
        self.chip = chip or FakeMpu6050()
        self.failing: set[int] = set()
        self.absent = self.locked = self.deaf = False
        self.stuck: int | None = None
        self.transactions = 0
        self.closed = False
        self._address = address
        self._taken = False

    def close(self) -> None:
        self.closed = True

    def try_lock(self) -> bool:
        if self.locked or self._taken:
            return False
        self._taken = True
        return True

    def unlock(self) -> None:
        assert self._taken
        self._taken = False

    def writeto(
        self, address: int, buffer: bytes, *, start: int = 0, end: int | None = None
    ) -> None:
        self._begin(address)
        self._write(bytes(buffer[start:end]))

    def readfrom_into(
        self, address: int, buffer: bytearray, *, start: int = 0, end: int | None = None
    ) -> None:
        self._begin(address)
        buffer[start:end] = self._read(len(buffer[start:end]))

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
        self._begin(address)
        self._write(bytes(out_buffer[out_start:out_end]))
        in_buffer[in_start:in_end] = self._read(len(in_buffer[in_start:in_end]))

    def _begin(self, address: int) -> None:
        number, self.transactions = self.transactions, self.transactions + 1
        if self.absent or address != self._address:
            raise OSError(errno.ENXIO, "No such device or address")
        if number in self.failing:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")

    def _write(self, data: bytes) -> None:
        self.chip.write(data[:1] if self.deaf else data)

    def _read(self, length: int) -> bytes:
        data = self.chip.read(length)
        return data if self.stuck is None else bytes([self.stuck]) * length
