"""The messages of simulated sensors, field by field as their ROS types."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.simulation.readings import (
    ACCELEROMETER_NOISE_M_S2,
    GYRO_NOISE_RAD_S,
    MAGNETOMETER_NOISE_T,
    ImuSample,
    LidarScan,
    Pose2D,
    Velocity2D,
)

Fields = dict[str, Any]

# A stamp of zero means "not set" to several tools.
START_NS = 1_000_000_000


class SensorSample(NamedTuple):
    """Hold one message, of a sensor or to be recorded.

    fields: the message as nested dicts; `header.stamp` in ns, sequences as numpy arrays.
    """

    topic: str
    type_name: str
    log_ns: int
    fields: Fields


def laser_scan(stamp_ns: int, scan: LidarScan, period_ns: int) -> SensorSample:
    """Return a turn of the lidar, which takes `period_ns`, as LaserScan."""
    fields = {
        "header": _header(stamp_ns, "base_scan"),
        "angle_min": scan.angle_min,
        "angle_max": scan.angle_min + scan.angle_increment * (scan.ranges.size - 1),
        "angle_increment": scan.angle_increment,
        "time_increment": 0.0,
        "scan_time": period_ns * 1e-9,
        "range_min": scan.range_min,
        "range_max": scan.range_max,
        "ranges": scan.ranges,
        "intensities": np.empty(0, np.float32),
    }
    return SensorSample("/scan", "sensor_msgs/msg/LaserScan", stamp_ns, fields)


def imu(stamp_ns: int, sample: ImuSample) -> SensorSample:
    """Return a reading of the inertial unit as Imu, without orientation."""
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


def magnetic_field(stamp_ns: int, log_ns: int, field_t: npt.NDArray[np.float64]) -> SensorSample:
    """Return the magnetic field, measured at `stamp_ns` and told at `log_ns`, as MagneticField."""
    fields = {
        "header": _header(stamp_ns, "imu_link"),
        "magnetic_field": _vector(*field_t),
        "magnetic_field_covariance": np.eye(3).ravel() * MAGNETOMETER_NOISE_T**2,
    }
    return SensorSample("/imu/mag", "sensor_msgs/msg/MagneticField", log_ns, fields)


def image(stamp_ns: int, pixels: npt.NDArray[np.uint8]) -> SensorSample:
    """Return uint8[height, width], grey, as Image."""
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


def odometry(stamp_ns: int, pose: Pose2D, velocity: Velocity2D) -> SensorSample:
    """Return pose and velocity as Odometry."""
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


def goal_pose(stamp_ns: int, x_m: float, y_m: float) -> SensorSample:
    """Return a place to go to, in the frame of the odometry, as PoseStamped."""
    fields = {
        "header": _header(stamp_ns, "odom"),
        "pose": {"position": _vector(x_m, y_m, 0.0), "orientation": _quaternion(0.0)},
    }
    return SensorSample("/goal_pose", "geometry_msgs/msg/PoseStamped", stamp_ns, fields)


def joint_states(stamp_ns: int, joints: Mapping[str, tuple[float, float]]) -> SensorSample:
    """Return position and velocity of each joint by name as JointState."""
    states = np.array(list(joints.values()), np.float64)
    fields = {
        "header": _header(stamp_ns, ""),
        "name": list(joints),
        "position": states[:, 0],
        "velocity": states[:, 1],
        "effort": np.empty(0),
    }
    return SensorSample("/joint_states", "sensor_msgs/msg/JointState", stamp_ns, fields)


def twist(stamp_ns: int, velocity: Velocity2D) -> SensorSample:
    """Return a command as TwistStamped."""
    fields = {"header": _header(stamp_ns, "base_link"), "twist": _planar_twist(velocity)}
    return SensorSample("/cmd_vel", "geometry_msgs/msg/TwistStamped", stamp_ns, fields)


def temperature(stamp_ns: int, celsius: float, variance: float) -> SensorSample:
    """Return a Temperature; variance: of it [K^2]."""
    fields = {
        "header": _header(stamp_ns, "room"),
        "temperature": celsius,
        "variance": variance,
    }
    return SensorSample("/temperature", "sensor_msgs/msg/Temperature", stamp_ns, fields)


def relative_humidity(stamp_ns: int, share: float, variance: float) -> SensorSample:
    """Return a RelativeHumidity, 0 to 1; variance: of it."""
    fields = {
        "header": _header(stamp_ns, "room"),
        "relative_humidity": share,
        "variance": variance,
    }
    return SensorSample("/humidity", "sensor_msgs/msg/RelativeHumidity", stamp_ns, fields)


def presence(topic: str, stamp_ns: int, *, seen: bool, far_m: float = 5.0) -> SensorSample:
    """Return what a sensor tells that knows only whether something is within `far_m`.

    As Range.msg has it for a ranger of fixed distance: -inf if so, else inf.
    """
    fields = {
        "header": _header(stamp_ns, "room"),
        "radiation_type": 1,
        "field_of_view": math.pi / 2,
        "min_range": far_m,
        "max_range": far_m,
        "range": -math.inf if seen else math.inf,
    }
    return SensorSample(topic, "sensor_msgs/msg/Range", stamp_ns, fields)


def words(topic: str, log_ns: int, text: str) -> SensorSample:
    """Return a String."""
    return SensorSample(topic, "std_msgs/msg/String", log_ns, {"data": text})


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
