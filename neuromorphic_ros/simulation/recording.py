"""A simulated drive as the samples that a recording of it holds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation.drive import steer
from neuromorphic_ros.simulation.readings import ImuSample, LidarScan, Pose2D, Velocity2D
from neuromorphic_ros.simulation.wheeled_robot import (
    ACCELEROMETER_NOISE_M_S2,
    GYRO_NOISE_RAD_S,
    WheeledRobot,
)

Fields = dict[str, Any]

# A stamp of zero means "not set" to several tools.
START_NS = 1_000_000_000

TICK_NS = 10_000_000
_IMU_PERIOD_NS = 20_000_000
_CAMERA_PERIOD_NS = 50_000_000
_SCAN_PERIOD_NS = 100_000_000


class SensorSample(NamedTuple):
    """Hold one message to be recorded.

    fields: the message as nested dicts; `header.stamp` in ns, sequences as numpy arrays.
    """

    topic: str
    type_name: str
    log_ns: int
    fields: Fields


def recorded_samples(
    seed: int, duration_s: float, *, camera: bool = True
) -> Iterator[SensorSample]:
    """Yield what the robot senses while the reference driver steers it, by time from `START_NS`.

    /odom (ground truth), /scan and /cmd_vel come at 10 Hz, /imu at 50 Hz, /camera/image_raw at
    20 Hz. The same seed gives the same samples.
    Raises BackendError if the duration is not positive and finite, or as WheeledRobot does.
    """
    if not (math.isfinite(duration_s) and duration_s > 0.0):
        raise BackendError(f"duration {duration_s} s must be positive and finite")
    # Built here, not in the generator: what cannot run must fail before a file is opened.
    return _drive(WheeledRobot(seed, camera=camera), round(duration_s * 1e9), camera)


class Sensed(NamedTuple):
    """What the sensors that are due at one time give; scan: the lidar's, if it is due."""

    samples: list[SensorSample]
    scan: LidarScan | None


def sense(robot: WheeledRobot, elapsed_ns: int, *, camera: bool) -> Sensed:
    """Read the sensors that are due, stamped `START_NS` + `elapsed_ns`.

    Every multiple of `TICK_NS` is to be asked for once.
    """
    stamp_ns = START_NS + elapsed_ns
    samples = []
    scan = None
    if elapsed_ns % _SCAN_PERIOD_NS == 0:
        scan = robot.scan()
        samples.append(_odometry(stamp_ns, robot.pose(), robot.velocity()))
        samples.append(_laser_scan(stamp_ns, scan))
    if elapsed_ns % _IMU_PERIOD_NS == 0:
        samples.append(_imu(stamp_ns, robot.imu()))
    if camera and elapsed_ns % _CAMERA_PERIOD_NS == 0:
        samples.append(_image(stamp_ns, robot.camera()))
    return Sensed(samples, scan)


def _drive(robot: WheeledRobot, duration_ns: int, camera: bool) -> Iterator[SensorSample]:
    try:
        for elapsed_ns in range(0, duration_ns, TICK_NS):
            robot.step(elapsed_ns)
            sensed = sense(robot, elapsed_ns, camera=camera)
            if sensed.scan:
                velocity = steer(sensed.scan)
                robot.command(*velocity)
                yield _twist(START_NS + elapsed_ns, velocity)
            yield from sensed.samples
    finally:
        robot.close()


def _laser_scan(stamp_ns: int, scan: LidarScan) -> SensorSample:
    fields = {
        "header": _header(stamp_ns, "base_scan"),
        "angle_min": scan.angle_min,
        "angle_max": scan.angle_min + scan.angle_increment * (scan.ranges.size - 1),
        "angle_increment": scan.angle_increment,
        "time_increment": 0.0,
        "scan_time": _SCAN_PERIOD_NS * 1e-9,
        "range_min": scan.range_min,
        "range_max": scan.range_max,
        "ranges": scan.ranges,
        "intensities": np.empty(0, np.float32),
    }
    return SensorSample("/scan", "sensor_msgs/msg/LaserScan", stamp_ns, fields)


def _imu(stamp_ns: int, sample: ImuSample) -> SensorSample:
    no_orientation = np.zeros(9)
    no_orientation[0] = -1.0
    fields = {
        "header": _header(stamp_ns, "imu_link"),
        "orientation": _quaternion(0.0),
        "orientation_covariance": no_orientation,
        "angular_velocity": _vector(*sample.angular_velocity_rad_s),
        "angular_velocity_covariance": np.eye(3).ravel() * GYRO_NOISE_RAD_S**2,
        "linear_acceleration": _vector(*sample.linear_acceleration_m_s2),
        "linear_acceleration_covariance": np.eye(3).ravel() * ACCELEROMETER_NOISE_M_S2**2,
    }
    return SensorSample("/imu", "sensor_msgs/msg/Imu", stamp_ns, fields)


def _image(stamp_ns: int, pixels: npt.NDArray[np.uint8]) -> SensorSample:
    height, width = pixels.shape
    fields = {
        "header": _header(stamp_ns, "camera_link"),
        "height": height,
        "width": width,
        "encoding": "mono8",
        "is_bigendian": 0,
        "step": width,
        "data": pixels.ravel(),
    }
    return SensorSample("/camera/image_raw", "sensor_msgs/msg/Image", stamp_ns, fields)


def _odometry(stamp_ns: int, pose: Pose2D, velocity: Velocity2D) -> SensorSample:
    fields = {
        "header": _header(stamp_ns, "odom"),
        "child_frame_id": "base_link",
        "pose": {
            "pose": {
                "position": _vector(pose.x_m, pose.y_m, 0.0),
                "orientation": _quaternion(pose.heading_rad),
            },
            "covariance": np.zeros(36),
        },
        "twist": {"twist": _planar_twist(velocity), "covariance": np.zeros(36)},
    }
    return SensorSample("/odom", "nav_msgs/msg/Odometry", stamp_ns, fields)


def _twist(stamp_ns: int, velocity: Velocity2D) -> SensorSample:
    fields = {"header": _header(stamp_ns, "base_link"), "twist": _planar_twist(velocity)}
    return SensorSample("/cmd_vel", "geometry_msgs/msg/TwistStamped", stamp_ns, fields)


def _header(stamp_ns: int, frame_id: str) -> Fields:
    return {"stamp": stamp_ns, "frame_id": frame_id}


def _planar_twist(velocity: Velocity2D) -> Fields:
    return {
        "linear": _vector(velocity.linear_m_s, 0.0, 0.0),
        "angular": _vector(0.0, 0.0, velocity.angular_rad_s),
    }


def _vector(x: float, y: float, z: float) -> Fields:
    return {"x": float(x), "y": float(y), "z": float(z)}


def _quaternion(heading_rad: float) -> Fields:
    return {
        "x": 0.0,
        "y": 0.0,
        "z": math.sin(heading_rad / 2.0),
        "w": math.cos(heading_rad / 2.0),
    }
