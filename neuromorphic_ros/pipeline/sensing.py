"""Sensor messages to samples; a message is anything with the fields of its ROS type."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorphic_ros.encoding.image import Grey, decode_compressed, to_grey
from neuromorphic_ros.encoding.imu import ImuSample
from neuromorphic_ros.encoding.scan import Scan

MESSAGE_TYPES = {
    "camera": ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"),
    "scan": ("sensor_msgs/msg/LaserScan",),
    "imu": ("sensor_msgs/msg/Imu",),
}
# What nodes subscribe to, before remapping; compressed pictures come on a topic beside raw ones.
SENSOR_TOPICS = {"camera": "image_raw", "imu": "imu", "scan": "scan"}
COMPRESSED = "/compressed"


def nanoseconds(stamp: Any) -> int:
    """Return a builtin_interfaces/Time as one number [ns]."""
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def stamp_of(message: Any, arrival_ns: int) -> int:
    """Return the stamp of a message [ns]; a driver that leaves it zero gets the time of arrival."""
    return nanoseconds(message.header.stamp) or arrival_ns


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


def imu_of(message: Any) -> ImuSample:
    """Return angular velocity and linear acceleration of an Imu."""
    rate, acceleration = message.angular_velocity, message.linear_acceleration
    return ImuSample(
        np.array((rate.x, rate.y, rate.z)),
        np.array((acceleration.x, acceleration.y, acceleration.z)),
    )
