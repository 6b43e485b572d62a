from __future__ import annotations

import array

import numpy as np
import pytest
from harness import PACKAGE

from neuromorphic_ros.bags.typestore import deserialize, serialize, to_message
from neuromorphic_ros.pipeline.messages import spike_arrays, spikes_of
from neuromorphic_ros.pipeline.outputs import DETECTIONS, SPIKES
from neuromorphic_ros.spikes import SpikeBatch

pytestmark = pytest.mark.ros
serialization = pytest.importorskip("rclpy.serialization")
conversion = pytest.importorskip(f"{PACKAGE}.nodes.conversion")

START_NS = 1_700_000_000_999_999_999
BATCH = SpikeBatch(
    (2, 30, 40),
    np.arange(0, 2400, 3, dtype=np.uint32),
    START_NS + np.arange(800, dtype=np.int64) * 11_000_000,
)


def test_spikes_are_the_same_bytes_from_rclpy_and_from_a_recording() -> None:
    arrays = spike_arrays("dvs", "camera", BATCH, START_NS, START_NS + 9_000_000_000, START_NS)
    assert len(arrays) > 1
    for fields in arrays:
        raw = bytes(serialization.serialize_message(conversion.to_ros(SPIKES, fields)))
        recorded = serialize(SPIKES, to_message(SPIKES, fields))
        assert serialize(SPIKES, deserialize(raw, SPIKES)) == recorded
        live = serialization.deserialize_message(recorded, conversion.message_class(SPIKES))
        assert spikes_of(live) == spikes_of(to_message(SPIKES, fields))


def test_arrays_are_copied_whole_also_if_they_are_views() -> None:
    fields = {"address": np.arange(10, dtype=np.uint32)[::2]}
    message = conversion.to_ros(SPIKES, fields)
    assert isinstance(message.address, array.array)
    assert message.address.tolist() == [0, 2, 4, 6, 8]


def test_messages_inside_messages_are_built_and_the_rest_keeps_its_default() -> None:
    fields = {"header": {"stamp": START_NS}, "detections": [{"score": 0.5}, {"class_name": "cup"}]}
    message = conversion.to_ros(DETECTIONS, fields)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (1_700_000_000, 999_999_999)
    assert [item.class_name for item in message.detections] == ["", "cup"]
    assert message.detections[0].score == 0.5
    assert message.image_width == 0
