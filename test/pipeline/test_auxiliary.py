"""A sensor that completes the samples of another one."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.pipeline.auxiliary import MOST_READINGS, STALE_NS, Auxiliary

START_NS = 5_000_000_000


class Sample(NamedTuple):
    x: float = -1.0


def field(stamp_ns: int, x: float) -> Any:
    fields = {"header": {"stamp": stamp_ns}, "magnetic_field": {"x": x}}
    return to_message("sensor_msgs/msg/MagneticField", fields)


def read(message: Any) -> float:
    if message.magnetic_field.x < 0.0:
        raise SensorError("below zero")
    return float(message.magnetic_field.x)


@pytest.fixture
def magnetometer() -> Auxiliary:
    auxiliary = Auxiliary("magnetometer", read, "x")
    for index in range(3):
        auxiliary.receive(field(START_NS + index, float(index)), 0)
    return auxiliary


def test_the_newest_reading_before_the_stamp_is_used(magnetometer: Auxiliary) -> None:
    found = [magnetometer.complete(Sample(), START_NS + index).x for index in (1, 2, 2, 3, 9)]
    assert found == [0, 1, 1, 2, 2]


def test_a_missing_reading_is_named(magnetometer: Auxiliary) -> None:
    with pytest.raises(
        SensorError, match=f"no magnetometer message with a stamp before {START_NS}"
    ):
        Auxiliary("magnetometer", read, "x").complete(Sample(), START_NS)
    with pytest.raises(SensorError, match="no magnetometer message"):
        magnetometer.complete(Sample(), START_NS)
    magnetometer.reset()
    with pytest.raises(SensorError, match="no magnetometer message"):
        magnetometer.complete(Sample(), START_NS + 9)


def test_a_reading_does_not_stand_for_the_present_for_ever(magnetometer: Auxiliary) -> None:
    assert magnetometer.complete(Sample(), START_NS + 2 + STALE_NS).x == 2.0
    with pytest.raises(SensorError, match=r"newest magnetometer message is 1\.00 s older"):
        magnetometer.complete(Sample(), START_NS + 3 + STALE_NS)


def test_a_message_that_cannot_be_used_changes_nothing(magnetometer: Auxiliary) -> None:
    with pytest.raises(SensorError, match="below zero"):
        magnetometer.receive(field(START_NS + 3, -1.0), 0)
    with pytest.raises(SensorError, match="is before the previous"):
        magnetometer.receive(field(START_NS + 1, 9.0), 0)
    assert magnetometer.complete(Sample(), START_NS + 9).x == 2.0


def test_a_stamp_far_in_the_past_is_a_new_start(magnetometer: Auxiliary) -> None:
    magnetometer.receive(field(1_000, 7.0), 0)
    assert magnetometer.complete(Sample(), 2_000).x == 7.0


def test_readings_that_nobody_uses_do_not_pile_up(magnetometer: Auxiliary) -> None:
    for index in range(2 * MOST_READINGS):
        magnetometer.receive(field(START_NS + 10 + index, float(index)), 0)
    assert (
        magnetometer.complete(Sample(), START_NS + 10 + 2 * MOST_READINGS).x
        == 2 * MOST_READINGS - 1
    )
    with pytest.raises(SensorError, match="no magnetometer message"):
        magnetometer.complete(Sample(), START_NS + 10)


def test_a_reading_may_hold_until_the_next_one() -> None:
    goal = Auxiliary("goal", read, "x", stale_ns=None)
    goal.receive(field(START_NS, 1.0), 0)
    assert goal.complete(Sample(), START_NS + 1000 * STALE_NS).x == 1.0
