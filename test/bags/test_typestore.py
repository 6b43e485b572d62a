from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.bags.typestore import deserialize, serialize, stamp_ns, to_message, typestore
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.resources import share_directory

SPIKES = "neuromorphic_ros/msg/SpikeArray"
IMAGE = "sensor_msgs/msg/Image"
IMU = "sensor_msgs/msg/Imu"


def round_trip(type_name: str, fields: dict[str, Any]) -> Any:
    return deserialize(serialize(type_name, to_message(type_name, fields)), type_name)


@pytest.mark.parametrize(
    "file", sorted((share_directory() / "msg").glob("*.msg")), ids=lambda file: file.stem
)
def test_every_interface_of_the_package_serializes(file: Path) -> None:
    name = f"neuromorphic_ros/msg/{file.stem}"
    assert round_trip(name, {}).__msgtype__ == name


def test_every_known_type_has_defaults() -> None:
    for name in typestore().fielddefs:
        raw = serialize(name, to_message(name, {}))
        assert serialize(name, deserialize(raw, name)) == raw


def test_cdr_bytes_are_those_of_the_standard() -> None:
    # Written by hand after the OMG CDR rules: encapsulation, int32, uint32, string with NUL.
    header = {"stamp": {"sec": 1, "nanosec": 2}, "frame_id": "ab"}
    raw = serialize("std_msgs/msg/Header", to_message("std_msgs/msg/Header", header))
    assert raw == bytes.fromhex("00010000 01000000 02000000 03000000 616200")


@given(
    time_ns=st.integers(0, 2**31 * 10**9 - 1),
    addresses=st.lists(st.integers(0, 2**32 - 1), max_size=50),
    population=st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))),
)
def test_fields_survive(time_ns: int, addresses: list[int], population: str) -> None:
    fields = {"header": {"stamp": time_ns}, "address": addresses, "population": population}
    message = round_trip(SPIKES, fields)
    assert stamp_ns(message) == time_ns
    assert message.address.tolist() == addresses
    assert message.population == population


def test_nested_message_arrays_take_mappings() -> None:
    name = "neuromorphic_ros/msg/DetectionArray"
    message = round_trip(name, {"detections": [{"class_name": "a", "score": 0.5}, {}]})
    assert [(d.class_name, d.score) for d in message.detections] == [("a", 0.5), ("", 0.0)]


def test_string_arrays_take_lists() -> None:
    fields = {"name": ["in", "out"], "spikes": [1, 2**60]}
    message = round_trip("neuromorphic_ros/msg/PopulationRates", fields)
    assert message.name == ["in", "out"]
    assert message.spikes.tolist() == [1, 2**60]


def test_ready_messages_are_accepted_as_fields() -> None:
    header = to_message("std_msgs/msg/Header", {"frame_id": "x"})
    assert round_trip(IMAGE, {"header": header}).header.frame_id == "x"


@pytest.mark.parametrize("data", [b"\1\2", bytearray(b"\1\2"), memoryview(b"\1\2"), [1, 2]])
def test_bytes_fit_uint8_arrays(data: object) -> None:
    assert round_trip(IMAGE, {"data": data}).data.tolist() == [1, 2]


def test_integers_fit_float_fields_and_nan_survives() -> None:
    message = round_trip(IMU, {"linear_acceleration": {"x": 1, "y": math.nan, "z": np.float32(2)}})
    acceleration = message.linear_acceleration
    assert (acceleration.x, acceleration.z) == (1.0, 2.0)
    assert math.isnan(acceleration.y)


@pytest.mark.parametrize(
    ("type_name", "fields", "complaint"),
    [
        ("sensor_msgs/msg/Lidar", {}, "not known"),
        ("sensor_msgs/Image", {}, "pkg/msg/Name"),
        (IMAGE, {"hight": 1}, "no field"),
        (IMAGE, {"height": -1}, "height"),
        (IMAGE, {"height": 2**32}, "height"),
        (IMAGE, {"height": 1.0}, "height"),
        (IMAGE, {"height": "1"}, "height"),
        (IMAGE, {"height": [1, 2]}, "height"),
        (IMAGE, {"height": []}, "height"),
        (IMAGE, {"encoding": 8}, "encoding"),
        (IMAGE, {"data": [256]}, "data"),
        (IMAGE, {"data": [0.5]}, "data"),
        (IMAGE, {"data": np.zeros((2, 2), np.uint8)}, "one-dimensional"),
        (IMAGE, {"header": 1}, "header"),
        (IMAGE, {"header": {"stamp": 0.5}}, "stamp"),
        (IMAGE, {"header": {"stamp": -(2**31) * 10**9 - 1}}, "sec"),
        (IMU, {"orientation_covariance": [0.0] * 8}, "takes 9"),
        ("neuromorphic_ros/msg/PopulationRates", {"name": "in"}, "must be a list"),
        ("neuromorphic_ros/msg/DetectionArray", {"detections": [1]}, "detections"),
    ],
)
def test_wrong_values_are_named(type_name: str, fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BagError, match=complaint):
        to_message(type_name, fields)


def test_serializing_a_message_of_another_type_fails() -> None:
    with pytest.raises(BagError, match="does not fit"):
        serialize(IMAGE, to_message(IMU, {}))


@given(st.binary(max_size=200))
def test_wrong_bytes_give_a_message_or_a_bag_error(raw: bytes) -> None:
    for name in (SPIKES, IMAGE, "neuromorphic_ros/msg/DetectionArray"):
        try:
            message = deserialize(raw, name)
        except BagError:
            continue
        assert message.__msgtype__ == name


def test_stamp_of_a_message_without_header_is_none() -> None:
    assert stamp_ns(to_message("std_msgs/msg/String", {})) is None
