"""The bus through the real smbus2, with the kernel behind its ioctl replaced."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.sensors import i2c_bus
from neuromorphic_ros.sensors.i2c_bus import open_bus
from neuromorphic_ros.sensors.mpu6050 import Mpu6050, Mpu6050Settings

from .fake_mpu6050 import FakeBus

smbus2 = pytest.importorskip("smbus2")
pytest.importorskip("adafruit_mpu6050")

READ = 1


class Kernel:
    """The I2C_RDWR call of the kernel's i2c-dev, onto a fake chip."""

    def __init__(self, bus: FakeBus) -> None:
        self.calls = 0
        self._bus = bus

    def ioctl(self, file: int, request: int, argument: Any) -> int:
        if request != smbus2.smbus2.I2C_RDWR:
            return 0
        self.calls += 1
        for message in argument.msgs[: argument.nmsgs]:
            if message.addr != 0x68:
                raise OSError(errno.EREMOTEIO, "Remote I/O error")
            if message.flags & READ:
                for index, byte in enumerate(self._bus.chip.read(message.len)):
                    message.buf[index] = bytes([byte])
            else:
                self._bus.chip.write(smbus2.smbus2.string_at(message.buf, message.len))
        return 0


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Kernel:
    (tmp_path / "i2c-1").touch()
    monkeypatch.setattr(i2c_bus, "DEVICES", tmp_path)
    kernel = Kernel(FakeBus())
    monkeypatch.setattr(smbus2.smbus2, "ioctl", kernel.ioctl)
    return kernel


def test_the_driver_measures_through_the_kernel_interface(kernel: Kernel) -> None:
    bus = open_bus(1)
    chip = Mpu6050(bus, Mpu6050Settings(accelerometer_range_g=4))
    before = kernel.calls
    assert chip.read().acceleration_m_s2[2] == pytest.approx(9.80665)
    assert kernel.calls == before + 1
    bus.close()


def test_parts_of_buffers_are_transferred(kernel: Kernel) -> None:
    bus = open_bus(1)
    bus.writeto(0x68, bytes([9, 0x75, 9]), start=1, end=2)
    answer = bytearray(3)
    bus.readfrom_into(0x68, answer, start=1, end=2)
    assert answer == bytes([0, 0x68, 0])
    bus.writeto_then_readfrom(0x68, bytes([9, 0x75]), answer, out_start=1, in_start=2)
    assert answer == bytes([0, 0x68, 0x68])


def test_who_does_not_acknowledge_is_an_oserror(kernel: Kernel) -> None:
    with pytest.raises(OSError, match="Remote I/O"):
        open_bus(1).writeto(0x20, b"\0")


def test_a_bus_is_taken_once(kernel: Kernel) -> None:
    bus = open_bus(1)
    assert bus.try_lock()
    assert not bus.try_lock()
    bus.unlock()
    assert bus.try_lock()


def test_a_missing_bus_is_named_beside_those_that_are_there(kernel: Kernel) -> None:
    with pytest.raises(SensorError, match=r"i2c-7 does not exist, there is .*i2c-1; enable I2C"):
        open_bus(7)


def test_what_is_no_bus_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "i2c-1").touch()
    monkeypatch.setattr(i2c_bus, "DEVICES", tmp_path)
    with pytest.raises(SensorError, match="cannot be used as an I2C bus: Inappropriate ioctl"):
        open_bus(1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_missing_permission_is_named(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "i2c-1").chmod(0)
    with pytest.raises(SensorError, match="usermod -aG i2c"):
        open_bus(1)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "smbus2", None)
    with pytest.raises(SensorError, match="pip install smbus2"):
        open_bus(1)
