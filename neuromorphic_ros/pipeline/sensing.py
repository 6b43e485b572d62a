"""Sensor messages to samples; a message is anything with the fields of its ROS type."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.encoding.environment import distance, finite
from neuromorphic_ros.encoding.event_camera.packet import EventPacket
from neuromorphic_ros.encoding.goal import Goal, Located
from neuromorphic_ros.encoding.image import Grey, decode_compressed, to_grey
from neuromorphic_ros.encoding.imu import ImuSample
from neuromorphic_ros.encoding.joints import JointSample
from neuromorphic_ros.encoding.point_cloud import PointCloud, PointField, read_points
from neuromorphic_ros.encoding.scan import Scan


class Stream(NamedTuple):
    """One form in which the messages of a sensor come.

    topic: before remapping. depth: how many may wait to be taken. rare: whether it may be silent
    once a message has come, because that holds until the next.
    """

    type: str
    topic: str
    depth: int = 5
    rare: bool = False


# By sensor and transport; the first one is the default. A topic below that of the first one is
# remapped with it. Of pictures the newest count, of packets all: what a lost one held is lost.
STREAMS = {
    "camera": {
        "raw": Stream("sensor_msgs/msg/Image", "image_raw"),
        "compressed": Stream("sensor_msgs/msg/CompressedImage", "image_raw/compressed"),
        "events": Stream("event_camera_msgs/msg/EventPacket", "events", depth=1000),
    },
    "scan": {
        "scan": Stream("sensor_msgs/msg/LaserScan", "scan"),
        "points": Stream("sensor_msgs/msg/PointCloud2", "points"),
    },
    "imu": {"imu": Stream("sensor_msgs/msg/Imu", "imu")},
    "magnetometer": {"magnetometer": Stream("sensor_msgs/msg/MagneticField", "imu/mag")},
    "odom": {"odom": Stream("nav_msgs/msg/Odometry", "odom")},
    "goal": {"goal": Stream("geometry_msgs/msg/PoseStamped", "goal_pose", rare=True)},
    "temperature": {"temperature": Stream("sensor_msgs/msg/Temperature", "temperature")},
    "humidity": {"humidity": Stream("sensor_msgs/msg/RelativeHumidity", "humidity")},
    "pressure": {"pressure": Stream("sensor_msgs/msg/FluidPressure", "pressure")},
    "illuminance": {"illuminance": Stream("sensor_msgs/msg/Illuminance", "illuminance")},
    "range": {"range": Stream("sensor_msgs/msg/Range", "range")},
    "array": {"array": Stream("std_msgs/msg/Float32MultiArray", "array")},
    "joints": {"joints": Stream("sensor_msgs/msg/JointState", "joint_states")},
}
MESSAGE_TYPES = {
    sensor: tuple(stream.type for stream in streams.values()) for sensor, streams in STREAMS.items()
}
# Parameters that choose the transport of a sensor.
TRANSPORTS = {"camera": "image_transport", "scan": "scan_transport"}


def transport_of(sensor: str, type_name: str) -> str:
    """Return the transport by which a sensor's messages of a type come."""
    return next(name for name, stream in STREAMS[sensor].items() if stream.type == type_name)


def nanoseconds(stamp: Any) -> int:
    """Return a builtin_interfaces/Time as one number [ns]."""
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def stamp_of(message: Any, arrival_ns: int) -> int:
    """Return the stamp of a message [ns]; without one, or if it is zero, the time of arrival."""
    return (nanoseconds(message.header.stamp) if hasattr(message, "header") else 0) or arrival_ns


def raw_stamp_ns(raw: bytes) -> int:
    """Return the stamp of a serialised message (CDR) that begins with a std_msgs/Header [ns]."""
    order = "<" if raw[1] & 1 else ">"
    seconds, nanoseconds = struct.unpack_from(f"{order}iI", raw, 4)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)


def frame_of(message: Any) -> str:
    """Return the frame of a message; empty if it has no header."""
    return str(message.header.frame_id) if hasattr(message, "header") else ""


def camera_of(message: Any) -> Grey | EventPacket:
    """Return what a camera saw: an EventPacket as it is, a picture as `grey_of` does."""
    packet: EventPacket = message
    return packet if hasattr(message, "events") else grey_of(message)


def grey_of(message: Any) -> Grey:
    """Return the picture of an Image or CompressedImage; raises SensorError if it has none."""
    data = np.asarray(message.data, np.uint8)
    if hasattr(message, "format"):
        return decode_compressed(data)
    return to_grey(
        data,
        message.height,
        message.width,
        message.encoding,
        message.step,
        bool(message.is_bigendian),
    )


def scan_of(message: Any) -> Scan:
    """Return the beams of a LaserScan."""
    return Scan(
        np.asarray(message.ranges, np.float32),
        message.angle_min,
        message.angle_increment,
        message.range_min,
        message.range_max,
    )


def cloud_of(message: Any) -> PointCloud:
    """Return the points of a PointCloud2; raises SensorError if it has no coordinates."""
    return read_points(
        np.asarray(message.data, np.uint8),
        [PointField(field.name, field.offset, field.datatype) for field in message.fields],
        message.height,
        message.width,
        message.point_step,
        message.row_step,
        bool(message.is_bigendian),
    )


def sweep_of(message: Any) -> Scan | PointCloud:
    """Return what a LaserScan or PointCloud2 has seen; raises SensorError as `cloud_of` does."""
    return cloud_of(message) if hasattr(message, "point_step") else scan_of(message)


def imu_of(message: Any) -> ImuSample:
    """Return an Imu; its orientation is unknown if the first covariance is -1, as Imu.msg says."""
    q = message.orientation
    return ImuSample(
        _vector(message.angular_velocity),
        _vector(message.linear_acceleration),
        orientation=None
        if message.orientation_covariance[0] == -1
        else np.array((q.x, q.y, q.z, q.w)),
    )


def located_of(message: Any) -> Located:
    """Return the planar pose of an Odometry; its heading is the yaw of the orientation."""
    position, q = message.pose.pose.position, message.pose.pose.orientation
    heading_rad = math.atan2(2.0 * (q.w * q.z + q.x * q.y), 1.0 - 2.0 * (q.y * q.y + q.z * q.z))
    return Located(position.x, position.y, heading_rad, frame_of(message))


def goal_of(message: Any) -> Goal:
    """Return the position of a PoseStamped; in what heading to arrive is not asked."""
    position = message.pose.position
    return Goal(position.x, position.y, frame_of(message))


def magnetic_field_of(message: Any) -> npt.NDArray[np.float64]:
    """Return the axes of a MagneticField [T]; raises SensorError if one is not reported."""
    return finite("magnetometer", _vector(message.magnetic_field))


def joints_of(message: Any) -> JointSample:
    """Return the joints of a JointState."""
    return JointSample(message.name, message.position, message.velocity)


# By sensor, how its messages give float64[channels]; raises SensorError if a value cannot be used.
ENVIRONMENT: Mapping[str, Callable[[Any], npt.NDArray[np.float64]]] = {
    "temperature": lambda message: finite("temperature", message.temperature),
    "humidity": lambda message: finite("humidity", message.relative_humidity),
    "pressure": lambda message: finite("pressure", message.fluid_pressure),
    "illuminance": lambda message: finite("illuminance", message.illuminance),
    "range": lambda message: distance(message.range, message.min_range, message.max_range),
    "array": lambda message: finite("array", message.data),
}


def _vector(message: Any) -> npt.NDArray[np.float64]:
    return np.array((message.x, message.y, message.z), np.float64)
