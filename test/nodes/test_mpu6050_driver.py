"""The driver node over DDS, with a fake chip below the real driver of the chip."""

from __future__ import annotations

import json
import math
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from harness import NodeProcess, Received, Robot, eventually, robot_domain
from std_srvs.srv import Trigger

from neuromorphic_ros.sensors.mpu6050_noise import noise_variance

pytest.importorskip("adafruit_mpu6050")
pytestmark = pytest.mark.ros

IMU = "sensor_msgs/msg/Imu"
TEMPERATURE = "sensor_msgs/msg/Temperature"
SOURCE = "mpu6050_driver: source"
OK, ERROR = 0, 2
G = 9.80665


class Exposure:
    """What the chip and its bus are exposed to."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set()

    def set(self, **values: object) -> None:
        """Replace everything; without values, a chip at rest on a bus that works."""
        partial = self.file.with_suffix(".partial")
        partial.write_text(
            json.dumps(
                {"acceleration_g": [0.0, 0.0, 1.0], "angular_velocity_deg_s": [0.0] * 3} | values
            )
        )
        partial.replace(self.file)


class Driver:
    """A running driver: its process, what it publishes and what it is exposed to."""

    def __init__(self, robot: Robot, folder: Path) -> None:
        self.robot = robot
        self.exposure = Exposure(folder / "exposure.json")
        self.measurements = robot.listener.collect("imu/data_raw", IMU)
        self.temperatures = robot.listener.collect("imu/temperature", TEMPERATURE)
        self.process = start(robot, self.exposure)

    def wait_for_measurements(self, count: int = 1) -> list[Received]:
        """Return measurements that came after the call."""
        before = len(self.measurements)
        eventually(lambda: len(self.measurements) >= before + count, f"{count} measurements")
        return self.measurements[before:]


def start(robot: Robot, exposure: Exposure, **values: object) -> NodeProcess:
    command = (sys.executable, Path(__file__).with_name("fake_chip_node.py"), exposure.file)
    return robot.start("mpu6050_driver", values, command=command)


def stamp_s(received: Received) -> float:
    stamp = received.message.header.stamp
    return float(stamp.sec + stamp.nanosec / 1e9)


@pytest.fixture(scope="module")
def shared_driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    with robot_domain() as robot:
        yield Driver(robot, tmp_path_factory.mktemp("driver"))


@pytest.fixture
def driver(shared_driver: Driver) -> Iterator[Driver]:
    """Give a driver that measures; leave one behind, too."""
    shared_driver.exposure.set()
    eventually(lambda: shared_driver.robot.listener.status(SOURCE) == (OK, "measuring"), "it works")
    yield shared_driver
    shared_driver.exposure.set()


def test_it_measures_at_100_hz_with_increasing_stamps(driver: Driver) -> None:
    came = driver.wait_for_measurements(300)
    stamps = np.array([stamp_s(received) for received in came])
    assert np.diff(stamps).min() > 0.0
    assert np.median(np.diff(stamps)) == pytest.approx(0.01, rel=0.05)
    # A loaded machine leaves some out, and never makes up for them.
    assert 90.0 < (len(came) - 1) / (stamps[-1] - stamps[0]) < 101.0
    age_s = came[-1].at_s - time.monotonic() + time.time() - stamps[-1]
    assert 0.0 < age_s < 0.1


def test_a_message_says_what_the_chip_feels_and_how_well(driver: Driver) -> None:
    driver.exposure.set(acceleration_g=[0.5, -0.25, 1.0], angular_velocity_deg_s=[90.0, 0.0, -9.0])
    driver.wait_for_measurements(3)
    message = driver.measurements[-1].message
    felt, turned = message.linear_acceleration, message.angular_velocity
    assert (felt.x, felt.y, felt.z) == pytest.approx((0.5 * G, -0.25 * G, G), abs=0.01)
    expected = (math.pi / 2, 0.0, -math.pi / 20)
    assert (turned.x, turned.y, turned.z) == pytest.approx(expected, abs=0.002)
    assert message.header.frame_id == "imu_link"
    assert message.orientation_covariance[0] == -1.0
    variance = noise_variance(44, G / 16384, math.radians(1 / 65.5))
    assert message.linear_acceleration_covariance == pytest.approx(
        np.eye(3).ravel() * variance.acceleration
    )
    assert message.angular_velocity_covariance == pytest.approx(
        np.eye(3).ravel() * variance.angular_velocity
    )


def test_the_temperature_comes_more_slowly(driver: Driver) -> None:
    before, began_s = len(driver.temperatures), time.monotonic()
    driver.exposure.set(temperature_c=41.0)
    eventually(lambda: len(driver.temperatures) >= before + 3, "three temperatures")
    assert time.monotonic() - began_s > 1.5
    message = driver.temperatures[-1].message
    assert message.temperature == pytest.approx(41.0, abs=0.01)
    assert message.header.frame_id == "imu_link"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"absent": True}, "check wiring"),
        ({"locked": True}, "stays locked by another user"),
        ({"stuck": 0xFF}, "only ones"),
        ({"stuck": 0x00}, "only zeros"),
    ],
    ids=["absent", "locked", "high", "low"],
)
def test_a_fault_is_reported_retried_and_survived(
    driver: Driver, fault: dict[str, object], reason: str
) -> None:
    ask = driver.robot.listener
    driver.exposure.set(**fault)
    said = ask.reports(SOURCE, reason)
    assert "; trying again in" in said
    assert ask.status(SOURCE)[0] == ERROR
    # Longer than it takes to give up once more.
    eventually(lambda: int(ask.status_values(SOURCE).get("failures", 0)) >= 2, "it tries again")
    silent = len(driver.measurements)
    driver.exposure.set()
    ask.reports(SOURCE, "measuring")
    assert ask.status(SOURCE)[0] == OK
    last, first = driver.measurements[silent - 1], driver.wait_for_measurements()[0]
    assert stamp_s(first) > stamp_s(last)
    assert first.message.linear_acceleration.z == pytest.approx(G, abs=0.01)


def test_a_chip_that_lost_its_power_is_set_up_again(driver: Driver) -> None:
    ask = driver.robot.listener
    assert ask.set_parameters("mpu6050_driver", accelerometer_range_g=8) == [""]
    driver.exposure.set(acceleration_g=[0.0, 0.0, 5.0])

    def feels_5_g() -> bool:
        return driver.measurements[-1].message.linear_acceleration.z == pytest.approx(5 * G)

    eventually(feels_5_g, "the range of 8 g is in force")
    driver.exposure.set(acceleration_g=[0.0, 0.0, 5.0], losses=1)
    assert "lost its power" in ask.reports(SOURCE, "only zeros")
    ask.reports(SOURCE, "measuring")
    driver.wait_for_measurements(3)
    assert feels_5_g()
    driver.exposure.set(losses=1)
    assert ask.set_parameters("mpu6050_driver", accelerometer_range_g=2) == [""]


def test_the_end_of_the_range_is_reported(driver: Driver) -> None:
    ask = driver.robot.listener
    driver.exposure.set(acceleration_g=[0.0, 3.0, 1.0])
    said = ask.reports("mpu6050_driver: range", "linear_acceleration.y at the end of the range")
    assert "choose a larger accelerometer_range_g" in said
    driver.exposure.set()
    ask.reports("mpu6050_driver: range", "within the range")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("accelerometer_range_g", 3, "Input should be 2, 4, 8 or 16"),
        ("gyro_bias_rad_s", [0.0, 0.0], "gyro_bias_rad_s"),
        ("gyro_bias_rad_s", [0.0, 0.0, math.nan], "gyro_bias_rad_s.2"),
        ("rate_hz", 5000.0, "range"),
    ],
)
def test_a_wrong_parameter_is_refused_with_the_reason(
    driver: Driver, name: str, value: object, reason: str
) -> None:
    (refusal,) = driver.robot.listener.set_parameters("mpu6050_driver", **{name: value})
    assert reason in refusal


def test_another_bus_is_used_at_once(driver: Driver) -> None:
    ask = driver.robot.listener
    assert ask.set_parameters("mpu6050_driver", i2c_bus=7) == [""]
    ask.reports(SOURCE, "/dev/i2c-7 does not exist; trying again in")
    assert ask.set_parameters("mpu6050_driver", i2c_bus=1) == [""]
    ask.reports(SOURCE, "measuring")


def calibrate(driver: Driver) -> tuple[bool, str]:
    answer = driver.robot.listener.call(Trigger, "mpu6050_driver/calibrate", Trigger.Request())
    return answer.success, answer.message


def test_a_calibration_takes_the_bias_away(driver: Driver) -> None:
    ask = driver.robot.listener
    driver.exposure.set(angular_velocity_deg_s=[2.0, -3.0, 0.5])
    driver.wait_for_measurements(210)
    succeeded, said = calibrate(driver)
    assert succeeded, said
    assert "gyro_bias_rad_s: [0.0349" in said
    bias = ask.parameter("mpu6050_driver", "gyro_bias_rad_s")
    assert list(bias) == pytest.approx([math.radians(v) for v in (2.0, -3.0, 0.5)], abs=2e-4)
    driver.wait_for_measurements(3)
    turned = driver.measurements[-1].message.angular_velocity
    assert (turned.x, turned.y, turned.z) == pytest.approx((0.0, 0.0, 0.0), abs=2e-4)
    # Not of what is corrected already.
    assert calibrate(driver)[1] == said
    assert ask.set_parameters("mpu6050_driver", gyro_bias_rad_s=[0.0, 0.0, 0.0]) == [""]


def test_a_calibration_in_motion_is_refused(driver: Driver) -> None:
    for turn in range(210):
        if turn % 10 == 0:
            driver.exposure.set(angular_velocity_deg_s=[0.0, 10.0 * (turn % 20), 0.0])
        driver.wait_for_measurements()
    succeeded, said = calibrate(driver)
    assert not succeeded
    assert "gyroscope moves: axis y has a standard deviation of" in said
    assert list(driver.robot.listener.parameter("mpu6050_driver", "gyro_bias_rad_s")) == [0.0] * 3


def test_a_calibration_without_a_chip_is_refused(driver: Driver) -> None:
    driver.exposure.set(absent=True)
    driver.robot.listener.reports(SOURCE, "trying again")
    succeeded, said = calibrate(driver)
    assert not succeeded
    assert "has given 0 samples" in said


def test_without_a_chip_it_waits_for_one_and_ends_with_0(robot: Robot, tmp_path: Path) -> None:
    exposure = Exposure(tmp_path / "exposure.json")
    exposure.set(absent=True)
    process = start(robot, exposure, gyro_bias_rad_s=[0.1, 0.0, 0.0], rate_hz=50.0)
    measurements = robot.listener.collect("imu/data_raw", IMU)
    robot.listener.reports(SOURCE, "does not answer; check wiring")
    assert not measurements
    exposure.set(chip_id=0x68)
    eventually(lambda: len(measurements) > 50, "it measures")
    assert measurements[-1].message.angular_velocity.x == pytest.approx(-0.1, abs=1e-3)
    period_s = np.median(np.diff([stamp_s(received) for received in measurements]))
    assert period_s == pytest.approx(0.02, rel=0.05)
    process.signal(signal.SIGINT)
    process.signal(signal.SIGINT)
    assert process.wait() == 0, process.output
    assert "Traceback" not in process.output
