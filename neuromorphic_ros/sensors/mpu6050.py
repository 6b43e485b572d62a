"""The inertial chip MPU6050: acceleration, angular velocity and temperature in one burst."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pydantic
from pydantic import Field

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.sensors.bounded_bus import BoundedBus
from neuromorphic_ros.sensors.i2c_bus import I2cBus
from neuromorphic_ros.sensors.mpu6050_noise import noise_variance

# Registers and the scale of the temperature: Register Map and Descriptions, RM-MPU-6000A-00
# revision 4.2, sections 4.17 to 4.19 and 4.32.
ACCEL_XOUT_H = 0x3B
WHO_AM_I = 0x75
MEASUREMENT_BYTES = 14
TEMPERATURE_LSB_PER_K = 340.0
TEMPERATURE_OFFSET_C = 36.53

# The driver itself sleeps for 0.6 s of it.
SETUP_TIMEOUT_S = 3.0
TRANSACTION_TIMEOUT_S = 0.2

AXES = (
    "linear_acceleration.x",
    "linear_acceleration.y",
    "linear_acceleration.z",
    "angular_velocity.x",
    "angular_velocity.y",
    "angular_velocity.z",
)


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class Mpu6050Settings:
    """Where the chip is and how it measures."""

    i2c_bus: Annotated[int, Field(ge=0, le=255, description="N of the I2C bus /dev/i2c-N")] = 1
    address: Annotated[
        Literal[0x68, 0x69],
        Field(ge=0x68, le=0x69, description="I2C address: 104 (0x68), 105 (0x69) if AD0 is high"),
    ] = 0x68
    accelerometer_range_g: Annotated[
        Literal[2, 4, 8, 16], Field(ge=2, le=16, description="Range: 2, 4, 8 or 16 [g]")
    ] = 2
    gyro_range_deg_s: Annotated[
        Literal[250, 500, 1000, 2000],
        Field(ge=250, le=2000, description="Range: 250, 500, 1000 or 2000 [deg/s]"),
    ] = 500
    filter_bandwidth_hz: Annotated[
        Literal[260, 184, 94, 44, 21, 10, 5],
        Field(ge=5, le=260, description="Low-pass filter: 260, 184, 94, 44, 21, 10 or 5 [Hz]"),
    ] = 44
    sample_rate_divisor: Annotated[
        int,
        Field(ge=0, le=255, description="The chip samples at 1 kHz / (1 + divisor); 8 at 260 Hz"),
    ] = 0


class Measurement(NamedTuple):
    """One sample of all axes at one time.

    acceleration_m_s2, angular_velocity_rad_s: float64[3]. saturated: those of AXES that lie at an
    end of their range, where the true value may be beyond.
    """

    acceleration_m_s2: npt.NDArray[np.float64]
    angular_velocity_rad_s: npt.NDArray[np.float64]
    temperature_c: float
    saturated: tuple[str, ...]


class Mpu6050:
    """Measure with the driver of Adafruit; whatever fails is a SensorError with a way out.

    Covariances are float64[9], row-major. One thread at a time: the driver's registers share a
    buffer.
    """

    acceleration_covariance: npt.NDArray[np.float64]
    angular_velocity_covariance: npt.NDArray[np.float64]

    def __init__(self, bus: I2cBus, settings: Mpu6050Settings) -> None:
        """Reset the chip and set it up, which takes 0.6 s.

        Raises SensorError if the driver is not installed, or no MPU6050 answers.
        """
        self._settings = settings
        self._name = f"MPU6050 at 0x{settings.address:02x} of I2C bus {settings.i2c_bus}"
        self._bus = BoundedBus(bus)
        self._bytes = bytearray(MEASUREMENT_BYTES)
        driver = _driver()
        self._wanted = {
            "sleep": False,
            "accelerometer_range": getattr(
                driver.Range, f"RANGE_{settings.accelerometer_range_g}_G"
            ),
            "gyro_range": getattr(driver.GyroRange, f"RANGE_{settings.gyro_range_deg_s}_DPS"),
            "filter_bandwidth": getattr(
                driver.Bandwidth, f"BAND_{settings.filter_bandwidth_hz}_HZ"
            ),
            "sample_rate_divisor": settings.sample_rate_divisor,
        }
        with self._answering(SETUP_TIMEOUT_S):
            self._chip = self._open(driver)
            for name, value in self._wanted.items():
                setattr(self._chip, name, value)
            # The driver asks the chip for its range at every scaling.
            self._acceleration_lsb = self._chip.scale_accel((1, 0, 0))[0]
            self._angular_velocity_lsb = self._chip.scale_gyro((1, 0, 0))[0]
        self.check()
        variance = noise_variance(
            settings.filter_bandwidth_hz, self._acceleration_lsb, self._angular_velocity_lsb
        )
        self.acceleration_covariance = np.eye(3).ravel() * variance.acceleration
        self.angular_velocity_covariance = np.eye(3).ravel() * variance.angular_velocity

    def read(self) -> Measurement:
        """Read all axes and the temperature in one transaction, so they belong together.

        Raises SensorError if the chip does not answer or what it answers is no measurement.
        """
        with self._answering(TRANSACTION_TIMEOUT_S), self._chip.i2c_device as device:
            device.write_then_readinto(bytes([ACCEL_XOUT_H]), self._bytes)
        if not any(self._bytes):
            raise SensorError(
                f"{self._name} gives only zeros, as it does asleep: it has lost its power for a "
                "moment; check the supply"
            )
        if all(byte == 0xFF for byte in self._bytes):
            raise SensorError(
                f"{self._name} gives only ones: the data line is not driven; check wiring and power"
            )
        raw = np.frombuffer(bytes(self._bytes), ">i2")
        axes = np.concatenate((raw[:3], raw[4:])).astype(np.float64)
        return Measurement(
            axes[:3] * self._acceleration_lsb,
            axes[3:] * self._angular_velocity_lsb,
            float(raw[3]) / TEMPERATURE_LSB_PER_K + TEMPERATURE_OFFSET_C,
            tuple(
                name for name, value in zip(AXES, axes, strict=True) if value in (-32768.0, 32767.0)
            ),
        )

    def check(self) -> None:
        """Compare the chip's registers with what was set, which a loss of power resets.

        Raises SensorError naming the first that differs; a chip with another range would give
        wrong values that look right.
        """
        with self._answering(TRANSACTION_TIMEOUT_S):
            found = {name: getattr(self._chip, name) for name in self._wanted}
        for name, value in found.items():
            if value != self._wanted[name]:
                raise SensorError(
                    f"{self._name} has lost its settings: {name} is {value}, not "
                    f"{self._wanted[name]}; check the supply"
                )

    def _open(self, driver: Any) -> Any:
        try:
            return driver.MPU6050(self._bus, self._settings.address)
        except ValueError:
            raise SensorError(
                f"{self._name} does not answer; check wiring, power and address: "
                f"`i2cdetect -y {self._settings.i2c_bus}` shows who does"
            ) from None
        except RuntimeError:
            answer = bytearray(1)
            self._bus.writeto_then_readfrom(self._settings.address, bytes([WHO_AM_I]), answer)
            raise SensorError(
                f"{self._name}: the chip there has the id 0x{answer[0]:02x}, not 0x68, so it is "
                "another one or the data line is not driven"
            ) from None

    @contextmanager
    def _answering(self, timeout_s: float) -> Iterator[None]:
        self._bus.allow(timeout_s)
        try:
            yield
        except OSError as failed:
            raise SensorError(
                f"{self._name}: transaction failed ({failed.strerror or failed}); check wiring, "
                "pull-ups and power"
            ) from None


def _driver() -> Any:
    try:
        import adafruit_mpu6050
    # Below the driver, Adafruit's Blinka raises this on boards that it does not know.
    except (ImportError, NotImplementedError) as missing:
        raise SensorError(
            f"the driver of the MPU6050 cannot be used ({missing}); "
            "pip install adafruit-circuitpython-mpu6050 smbus2"
        ) from None
    return adafruit_mpu6050
