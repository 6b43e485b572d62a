"""Sensor messages to samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import cv2
import numpy as np
import pytest

from neuromorphic_ros.bags.typestore import to_message, typestore
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.pipeline.sensing import (
    MESSAGE_TYPES,
    STREAMS,
    TRANSPORTS,
    camera_of,
    frame_of,
    grey_of,
    imu_of,
    joints_of,
    raw_stamp_ns,
    scan_of,
    stamp_of,
    transport_of,
)
from neuromorphic_ros.snn.spec import Sensor

PICTURE = np.arange(12, dtype=np.uint8).reshape(3, 4)


def image(**changes: Any) -> Any:
    fields: Mapping[str, Any] = {
        "height": 3,
        "width": 4,
        "encoding": "mono8",
        "step": 4,
        "data": PICTURE.ravel(),
    }
    return to_message("sensor_msgs/msg/Image", {**fields, **changes})


def test_every_sensor_has_known_types_and_a_topic() -> None:
    known = typestore().fielddefs
    streams = [stream for streams in STREAMS.values() for stream in streams.values()]
    assert {stream.type for stream in streams} <= known.keys()
    assert len({stream.topic for stream in streams}) == len(streams)


@pytest.mark.parametrize("sensor", STREAMS)
def test_the_type_of_a_message_tells_its_transport(sensor: str) -> None:
    for transport, type_name in zip(STREAMS[sensor], MESSAGE_TYPES[sensor], strict=True):
        assert transport_of(sensor, type_name) == transport


def test_a_sensor_with_several_transports_has_a_parameter_to_choose_one() -> None:
    assert {sensor for sensor, streams in STREAMS.items() if len(streams) > 1} == set(TRANSPORTS)


def test_every_sensor_of_a_network_has_a_stream() -> None:
    assert set(get_args(Sensor)) == STREAMS.keys() - {"magnetometer", "goal"}


def test_a_stamp_is_that_of_the_header() -> None:
    assert stamp_of(image(header={"stamp": 3_000_000_007}), 5) == 3_000_000_007


STAMPED = sorted(
    kind
    for kinds in MESSAGE_TYPES.values()
    for kind in kinds
    if "header" in dict(typestore().fielddefs[kind][1])
)


@pytest.mark.parametrize("little_endian", [True, False])
@pytest.mark.parametrize("kind", STAMPED)
def test_the_stamp_of_a_serialised_message_needs_no_more_than_its_first_bytes(
    kind: str, little_endian: bool
) -> None:
    message = to_message(kind, {"header": {"stamp": 3_000_000_007, "frame_id": "sensor"}})
    raw = bytes(typestore().serialize_cdr(message, kind, little_endian=little_endian))
    assert raw_stamp_ns(raw[:12]) == 3_000_000_007


def test_a_driver_that_leaves_the_stamp_zero_gets_the_time_of_arrival() -> None:
    assert stamp_of(image(), 5) == 5


def test_a_message_without_header_has_the_time_of_arrival_and_no_frame() -> None:
    message = to_message("std_msgs/msg/Float32MultiArray", {"data": [1.0]})
    assert (stamp_of(message, 5), frame_of(message)) == (5, "")


def test_a_raw_image_is_its_picture() -> None:
    assert np.array_equal(grey_of(image()), PICTURE)


def test_a_compressed_image_is_decoded() -> None:
    encoded, data = cv2.imencode(".png", PICTURE)
    assert encoded
    fields = {"format": "png", "data": data.ravel()}
    assert np.array_equal(grey_of(to_message("sensor_msgs/msg/CompressedImage", fields)), PICTURE)


def test_a_camera_gives_pictures_or_packets() -> None:
    packet = to_message("event_camera_msgs/msg/EventPacket", {"encoding": "evt3"})
    assert camera_of(packet) is packet
    assert np.array_equal(camera_of(image()), PICTURE)


@pytest.mark.parametrize(
    "changes", [{"encoding": "mono17"}, {"step": 3}, {"data": PICTURE[0]}, {"height": 0}]
)
def test_an_image_that_contradicts_itself_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SensorError):
        grey_of(image(**changes))


def test_a_scan_keeps_its_beams_and_limits() -> None:
    fields = {"angle_min": -1.5, "angle_increment": 0.5, "range_min": 0.25, "range_max": 8.0}
    ranges = np.array([1.0, np.inf, np.nan], np.float32)
    scan = scan_of(to_message("sensor_msgs/msg/LaserScan", {**fields, "ranges": ranges}))
    assert np.array_equal(scan.ranges, ranges, equal_nan=True)
    assert scan[1:] == (-1.5, 0.5, 0.25, 8.0)


def test_an_imu_keeps_its_axes_in_order() -> None:
    fields = {
        "angular_velocity": {"x": 1.0, "y": 2.0, "z": 3.0},
        "linear_acceleration": {"x": 4.0, "y": 5.0, "z": 6.0},
    }
    sample = imu_of(to_message("sensor_msgs/msg/Imu", fields))
    assert [*sample.angular_velocity, *sample.linear_acceleration] == [1, 2, 3, 4, 5, 6]


def test_joints_are_read_with_their_names() -> None:
    fields = {"name": ["a", "b"], "position": [1.0, 2.0], "velocity": [3.0, 4.0]}
    sample = joints_of(to_message("sensor_msgs/msg/JointState", fields))
    assert list(sample.names) == ["a", "b"]
    assert [*np.asarray(sample.position), *np.asarray(sample.velocity)] == [1, 2, 3, 4]
