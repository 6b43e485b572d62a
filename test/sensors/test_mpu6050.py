"""The driver of Adafruit, as it is, on a bus with a chip made of registers."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.sensors import mpu6050
from neuromorphic_ros.sensors.mpu6050 import Mpu6050, Mpu6050Settings
from neuromorphic_ros.sensors.mpu6050_noise import STANDARD_GRAVITY_M_S2, noise_variance

from .fake_mpu6050 import CONFIG, PWR_MGMT_1, SLEEP, SMPLRT_DIV, FakeBus, FakeMpu6050

adafruit_mpu6050 = pytest.importorskip("adafruit_mpu6050")


@pytest.fixture(autouse=True)
def _no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the driver not wait for a chip that is always ready."""
    monkeypatch.setattr(adafruit_mpu6050, "sleep", lambda seconds: None)


@pytest.mark.parametrize("range_g", [2, 4, 8, 16])
@pytest.mark.parametrize("range_deg_s", [250, 500, 1000, 2000])
def test_it_measures_in_si_units_in_every_range(range_g: int, range_deg_s: int) -> None:
    bus = FakeBus()
    bus.chip.acceleration_g = (0.5, -1.0, 1.5)
    bus.chip.angular_velocity_deg_s = (90.0, -180.0, 30.0)
    bus.chip.temperature_c = 41.0
    settings = Mpu6050Settings(accelerometer_range_g=range_g, gyro_range_deg_s=range_deg_s)
    measured = Mpu6050(bus, settings).read()
    g = STANDARD_GRAVITY_M_S2
    assert measured.acceleration_m_s2 == pytest.approx([0.5 * g, -g, 1.5 * g], abs=0.01)
    turns = [math.pi / 2, -math.pi, math.pi / 6]
    assert measured.angular_velocity_rad_s == pytest.approx(turns, abs=0.002)
    assert measured.temperature_c == pytest.approx(41.0, abs=0.01)
    assert measured.saturated == ()


def test_it_scales_as_the_driver_does() -> None:
    bus = FakeBus()
    bus.chip.acceleration_g = (1.0, -0.5, 0.25)
    bus.chip.angular_velocity_deg_s = (100.0, -7.0, 0.1)
    bus.chip.temperature_c = -12.3
    measured = Mpu6050(bus, Mpu6050Settings(gyro_range_deg_s=250)).read()
    driver = adafruit_mpu6050.MPU6050(bus)
    driver.gyro_range = adafruit_mpu6050.GyroRange.RANGE_250_DPS
    assert measured.acceleration_m_s2 == pytest.approx(driver.acceleration, rel=1e-15)
    assert measured.angular_velocity_rad_s == pytest.approx(driver.gyro, rel=1e-15)
    assert measured.temperature_c == driver.temperature


def test_all_axes_come_in_one_transaction() -> None:
    bus = FakeBus()
    chip = Mpu6050(bus, Mpu6050Settings())
    before = bus.transactions
    chip.read()
    assert bus.transactions == before + 1


def test_the_settings_reach_the_chip() -> None:
    bus = FakeBus(address=0x69)
    Mpu6050(bus, Mpu6050Settings(address=0x69, filter_bandwidth_hz=21, sample_rate_divisor=4))
    assert bus.chip.registers[CONFIG] & 7 == 4
    assert bus.chip.registers[SMPLRT_DIV] == 4
    assert not bus.chip.registers[PWR_MGMT_1] & SLEEP


def test_covariances_follow_filter_and_range() -> None:
    chip = Mpu6050(FakeBus(), Mpu6050Settings(filter_bandwidth_hz=5, gyro_range_deg_s=2000))
    variance = noise_variance(5, 9.80665 / 16384, math.radians(1 / 16.4))
    assert chip.acceleration_covariance == pytest.approx(np.eye(3).ravel() * variance[0])
    assert chip.angular_velocity_covariance == pytest.approx(np.eye(3).ravel() * variance[1])


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"address": 0x70}, "address = 112: Input should be 104 or 105"),
        ({"accelerometer_range_g": 3}, "accelerometer_range_g = 3: Input should be 2, 4, 8 or 16"),
        ({"gyro_range_deg_s": 300}, "gyro_range_deg_s = 300"),
        ({"filter_bandwidth_hz": 50}, "filter_bandwidth_hz = 50"),
        ({"sample_rate_divisor": 256}, "sample_rate_divisor = 256"),
    ],
)
def test_what_the_chip_cannot_do_is_refused(values: dict[str, int], reason: str) -> None:
    with pytest.raises(SensorError, match=reason):
        build(Mpu6050Settings, values, "mpu6050", SensorError)


def test_ends_of_the_range_are_named() -> None:
    bus = FakeBus()
    bus.chip.acceleration_g = (0.0, -3.0, 1.0)
    bus.chip.angular_velocity_deg_s = (0.0, 0.0, 600.0)
    measured = Mpu6050(bus, Mpu6050Settings()).read()
    assert measured.saturated == ("linear_acceleration.y", "angular_velocity.z")


def test_a_chip_that_is_not_there_is_named() -> None:
    bus = FakeBus()
    bus.absent = True
    with pytest.raises(SensorError, match="MPU6050 at 0x68 of I2C bus 1 does not answer; check"):
        Mpu6050(bus, Mpu6050Settings())


@pytest.mark.parametrize("chip_id", [0x70, 0x00, 0xFF])
def test_another_chip_is_named(chip_id: int) -> None:
    with pytest.raises(SensorError, match=f"has the id 0x{chip_id:02x}, not 0x68"):
        Mpu6050(FakeBus(FakeMpu6050(chip_id)), Mpu6050Settings())


def test_a_failure_at_any_transaction_of_the_setup_is_reported() -> None:
    count = FakeBus()
    Mpu6050(count, Mpu6050Settings())
    # The driver's own probe asks again if the first transaction fails.
    for number in range(1, count.transactions):
        bus = FakeBus()
        bus.failing = {number}
        with pytest.raises(SensorError, match=r"transaction failed \(Remote I/O error\); check"):
            Mpu6050(bus, Mpu6050Settings())
        bus.failing = set()
        assert Mpu6050(bus, Mpu6050Settings()).read().temperature_c == pytest.approx(25.0, abs=0.01)


def test_a_failed_transaction_is_reported_and_the_next_one_works() -> None:
    bus = FakeBus()
    chip = Mpu6050(bus, Mpu6050Settings())
    bus.failing = {bus.transactions}
    with pytest.raises(SensorError, match="transaction failed"):
        chip.read()
    assert chip.read().acceleration_m_s2[2] == pytest.approx(STANDARD_GRAVITY_M_S2)


@pytest.mark.parametrize(
    ("stuck", "reason"),
    [(0x00, "only zeros, as it does asleep"), (0xFF, "only ones: the data line is not driven")],
)
def test_data_that_are_no_measurement_are_refused(stuck: int, reason: str) -> None:
    bus = FakeBus()
    chip = Mpu6050(bus, Mpu6050Settings())
    bus.stuck = stuck
    with pytest.raises(SensorError, match=reason):
        chip.read()


def test_a_chip_that_lost_its_power_is_noticed_and_set_up_again() -> None:
    bus = FakeBus()
    settings = Mpu6050Settings(accelerometer_range_g=8)
    chip = Mpu6050(bus, settings)
    chip.check()
    bus.chip.lose_power()
    with pytest.raises(SensorError, match="lost its power"):
        chip.read()
    with pytest.raises(SensorError, match="lost its settings: sleep is True, not False"):
        chip.check()
    assert Mpu6050(bus, settings).read().acceleration_m_s2[2] == pytest.approx(9.80665)


def test_another_range_than_was_set_is_noticed() -> None:
    bus = FakeBus()
    chip = Mpu6050(bus, Mpu6050Settings(accelerometer_range_g=8))
    bus.chip.registers[0x1C] = 0
    with pytest.raises(SensorError, match="accelerometer_range is 0, not 2"):
        chip.check()


def test_writes_that_do_not_arrive_are_noticed() -> None:
    bus = FakeBus()
    bus.deaf = True
    with pytest.raises(SensorError, match="lost its settings"):
        Mpu6050(bus, Mpu6050Settings())


@pytest.mark.parametrize("when", ["setup", "read"])
def test_a_bus_that_stays_locked_is_reported(when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mpu6050, "SETUP_TIMEOUT_S", 0.05)
    bus = FakeBus()
    chip = Mpu6050(bus, Mpu6050Settings()) if when == "read" else None
    bus.locked = True
    with pytest.raises(SensorError, match="stays locked by another user"):
        chip.read() if chip else Mpu6050(bus, Mpu6050Settings())


def test_a_reset_that_does_not_end_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mpu6050, "SETUP_TIMEOUT_S", 0.05)
    bus = FakeBus()
    bus.chip.resets_for_ever = True
    with pytest.raises(SensorError, match="the chip does not become ready"):
        Mpu6050(bus, Mpu6050Settings())


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adafruit_mpu6050", None)
    with pytest.raises(SensorError, match="pip install adafruit-circuitpython-mpu6050"):
        Mpu6050(FakeBus(), Mpu6050Settings())
