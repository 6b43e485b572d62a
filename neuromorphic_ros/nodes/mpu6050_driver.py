"""An MPU6050 on an I2C bus onto imu/data_raw and imu/temperature."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import closing
from typing import Any

import numpy as np
import numpy.typing as npt
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import Imu, Temperature
from std_srvs.srv import Trigger

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.nodes.conversion import to_ros
from neuromorphic_ros.nodes.device_parameters import DeviceParameters
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.reconnection import keep_connected
from neuromorphic_ros.nodes.worker import Worker
from neuromorphic_ros.sensors.gyro_bias import MOST_SAMPLES, GyroCalibration, gyro_bias
from neuromorphic_ros.sensors.i2c_bus import open_bus
from neuromorphic_ros.sensors.mpu6050 import Measurement, Mpu6050, Mpu6050Settings
from neuromorphic_ros.sensors.stamps import next_due_ns, next_stamp_ns

QOS = QoSProfile(depth=10)
# REP-145: -1 as the first element says that there is no orientation.
NO_ORIENTATION = np.array([-1.0, *[0.0] * 8])


class Mpu6050Driver(ManagedNode):
    """Publish measurements with the time of their reading; set the chip up again if it fails."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("mpu6050_driver")
        self._settings = DeviceParameters(self, Mpu6050Settings)
        self._calibration = DeviceParameters(self, GyroCalibration)
        self.parameter("rate_hz", 100.0, "Rate of imu/data_raw [Hz]", low=1.0, high=1000.0)
        self.parameter(
            "temperature_rate_hz",
            1.0,
            "Rate of imu/temperature, and of looking after the chip [Hz]",
            low=0.1,
            high=10.0,
        )
        self.parameter("frame_id", "imu_link", "Frame of the axes that are printed on the chip")
        self._imu = self._publisher(Imu, "imu/data_raw")
        self._temperature = self._publisher(Temperature, "imu/temperature")
        self.create_service(Trigger, "~/calibrate", self._on_calibrate)
        self._worker: Worker | None = None
        self._lock = threading.Lock()
        self._turning: deque[npt.NDArray[np.float64]] = deque(maxlen=MOST_SAMPLES)
        self._stamp_ns: int | None = None

    def configure(self) -> None:
        """Check the parameters as a whole."""
        self._settings.read()
        self._calibration.read()

    def activate(self) -> None:
        """Begin to measure."""
        self._worker = Worker(self, lambda worker: keep_connected(self, worker, self._measure))

    def deactivate(self) -> None:
        """Stop measuring."""
        if self._worker:
            self._worker.stop()
            self._worker = None

    def _measure(self, worker: Worker) -> bool:
        try:
            return self._measure_until_changed(worker, self._settings.read())
        finally:
            # A calibration must not mix what was before a failure with what comes after.
            with self._lock:
                self._turning.clear()

    def _measure_until_changed(self, worker: Worker, settings: Mpu6050Settings) -> bool:
        """Publish until the settings are others, return false once the worker is to stop."""
        count, saturated = 0, set[str]()
        with closing(open_bus(settings.i2c_bus)) as bus:
            chip = Mpu6050(bus, settings)
            due_ns = look_ns = self.steady_ns
            while worker.sleep_until(due_ns):
                self._stamp_ns = next_stamp_ns(self._stamp_ns, self.now_ns)
                measurement = chip.read()
                with self._lock:
                    self._turning.append(measurement.angular_velocity_rad_s)
                self._imu.publish(self._imu_message(chip, measurement))
                saturated.update(measurement.saturated)
                count += 1
                if due_ns >= look_ns:
                    look_ns = next_due_ns(look_ns, self._period_ns("temperature_rate_hz"), due_ns)
                    chip.check()
                    self._temperature.publish(self._temperature_message(measurement))
                    self._report_health(count, saturated)
                    saturated.clear()
                    if settings != self._settings.read():
                        return True
                due_ns = next_due_ns(due_ns, self._period_ns("rate_hz"), self.steady_ns)
        return False

    def _period_ns(self, rate: str) -> int:
        return round(1e9 / float(self.value(rate)))

    def _report_health(self, count: int, saturated: set[str]) -> None:
        self.diagnostics.set("source", "ok", "measuring", measurements=count)
        if saturated:
            reason = (
                f"{', '.join(sorted(saturated))} at the end of the range; choose a larger "
                "accelerometer_range_g or gyro_range_deg_s"
            )
            self.diagnostics.set("range", "warn", reason)
        else:
            self.diagnostics.set("range", "ok", "within the range")

    def _imu_message(self, chip: Mpu6050, measurement: Measurement) -> Any:
        turning = measurement.angular_velocity_rad_s - self.value("gyro_bias_rad_s")
        return to_ros(
            "sensor_msgs/msg/Imu",
            {
                "header": self._header(),
                "orientation_covariance": NO_ORIENTATION,
                "angular_velocity": _vector(turning),
                "angular_velocity_covariance": chip.angular_velocity_covariance,
                "linear_acceleration": _vector(measurement.acceleration_m_s2),
                "linear_acceleration_covariance": chip.acceleration_covariance,
            },
        )

    def _temperature_message(self, measurement: Measurement) -> Any:
        return to_ros(
            "sensor_msgs/msg/Temperature",
            {"header": self._header(), "temperature": measurement.temperature_c},
        )

    def _header(self) -> dict[str, Any]:
        return {"stamp": self._stamp_ns, "frame_id": self.value("frame_id")}

    def _publisher(self, kind: type, topic: str) -> Any:
        return self.create_publisher(
            kind, topic, QOS, qos_overriding_options=QoSOverridingOptions.with_default_policies()
        )

    def _on_calibrate(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        try:
            with self._lock:
                samples = np.array(self._turning)
            bias = gyro_bias(samples, self._calibration.read())
        except SensorError as refused:
            response.success, response.message = False, str(refused)
            return response
        self.set_parameters([Parameter("gyro_bias_rad_s", value=list(bias))])
        response.success = True
        response.message = (
            "calibrated; to keep it, start with gyro_bias_rad_s: "
            f"[{', '.join(f'{axis:.6f}' for axis in bias)}]"
        )
        return response


def _vector(axes: npt.NDArray[np.float64]) -> dict[str, float]:
    x, y, z = map(float, axes)
    return {"x": x, "y": y, "z": z}


def main() -> int:
    """Run the node."""
    return run(Mpu6050Driver)
