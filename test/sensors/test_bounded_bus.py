from __future__ import annotations

import pytest

from neuromorphic_ros.sensors.bounded_bus import BoundedBus

from .fake_mpu6050 import FakeBus


class Clock:
    """A steady time that a test sets [s]."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_calls_pass_until_the_deadline_and_not_after() -> None:
    clock, answer = Clock(), bytearray(1)
    bus = BoundedBus(FakeBus(), clock)
    bus.allow(1.0)
    clock.now_s = 100.9
    bus.writeto_then_readfrom(0x68, b"\x75", answer)
    assert answer == b"\x68"
    clock.now_s = 101.0
    for call in (
        lambda: bus.writeto(0x68, b""),
        lambda: bus.readfrom_into(0x68, answer),
        lambda: bus.writeto_then_readfrom(0x68, b"\x75", answer),
    ):
        with pytest.raises(TimeoutError, match="does not become ready"):
            call()
    bus.allow(1.0)
    bus.writeto(0x68, b"")


def test_a_lock_is_waited_for_until_the_deadline() -> None:
    clock, inner = Clock(), FakeBus()
    bus = BoundedBus(inner, clock)
    bus.allow(1.0)
    inner.locked = True
    assert not bus.try_lock()
    clock.now_s = 101.0
    with pytest.raises(TimeoutError, match="stays locked"):
        bus.try_lock()
    inner.locked = False
    assert bus.try_lock()
