from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from monitoring.messages import rates

from neuromorphic_ros.bags.typestore import deserialize, serialize, to_message
from neuromorphic_ros.decoding.detection import Box, Detections
from neuromorphic_ros.decoding.velocity import Velocity
from neuromorphic_ros.encoding.region import Region, View
from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.pipeline.messages import (
    MAX_OFFSET_NS,
    StepTimes,
    check_rates,
    counts_of,
    detection_array,
    population_rates,
    rgb_image,
    sample_arrays,
    spike_arrays,
    spikes_of,
    twist_stamped,
)
from neuromorphic_ros.pipeline.outputs import DETECTIONS, RATES, SPIKES, TWIST_STAMPED
from neuromorphic_ros.pipeline.sensor_input import Encoded
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes
from neuromorphic_ros.spikes import SpikeBatch, merge

START_NS = 1_700_000_000_123_456_789
SHAPE = (2, 5)


@st.composite
def batches(draw: st.DrawFn) -> SpikeBatch:
    """Draw spikes over up to some ten seconds: several times what one message can hold."""
    gaps = draw(st.lists(st.one_of(st.integers(0, 10), st.integers(0, 5 * 10**9)), max_size=8))
    address = [draw(st.integers(0, 9)) for _ in gaps]
    times = START_NS + np.cumsum([0, *gaps])[1:]
    return SpikeBatch(SHAPE, np.array(address, np.uint32), times.astype(np.int64))


def over_the_wire(fields: dict[str, Any]) -> Any:
    """Return a SpikeArray as it comes out of a recording."""
    return deserialize(serialize(SPIKES, to_message(SPIKES, fields)), SPIKES)


@settings(deadline=None)
@given(batches(), st.integers(0, 6 * 10**9), st.integers(0, 6 * 10**9))
def test_spikes_survive_the_wire_however_long_they_last(
    batch: SpikeBatch, before_ns: int, after_ns: int
) -> None:
    start_ns = START_NS - before_ns
    complete_ns = int(batch.time_ns[-1] if len(batch) else START_NS) + after_ns
    arrays = spike_arrays("out", "map", batch, start_ns, complete_ns, START_NS)
    received = [spikes_of(over_the_wire({**fields, "sequence": 7})) for fields in arrays]
    assert merge([item.spikes for item in received]) == batch
    assert received[-1].complete_ns == complete_ns
    assert {item.population for item in received} == {"out"}
    assert {item.input_stamp_ns for item in received} == {START_NS}


@settings(deadline=None)
@given(batches(), st.integers(0, 6 * 10**9))
def test_no_array_promises_what_a_later_one_breaks(batch: SpikeBatch, after_ns: int) -> None:
    complete_ns = int(batch.time_ns[-1] if len(batch) else START_NS) + after_ns
    received = [
        spikes_of(over_the_wire(fields))
        for fields in spike_arrays("out", "", batch, START_NS, complete_ns, None)
    ]
    for index, item in enumerate(received):
        later = [spikes for other in received[index + 1 :] for spikes in other.spikes.time_ns]
        assert all(time_ns >= item.complete_ns for time_ns in later)


def test_a_batch_that_fits_is_one_message() -> None:
    batch = SpikeBatch(SHAPE, np.array([3, 4], np.uint32), np.array([START_NS, START_NS + 5]))
    (fields,) = spike_arrays("out", "", batch, START_NS - 10, START_NS + MAX_OFFSET_NS - 10, None)
    assert fields["header"]["stamp"] == START_NS - 10
    assert fields["offset_ns"].tolist() == [10, 15]
    assert fields["span_ns"] == MAX_OFFSET_NS


def test_no_spikes_are_a_message_too_since_they_say_how_far_time_has_come() -> None:
    (fields,) = spike_arrays("out", "", SpikeBatch.empty(SHAPE), START_NS, START_NS + 20, None)
    received = spikes_of(over_the_wire(fields))
    assert len(received.spikes) == 0
    assert (received.start_ns, received.complete_ns) == (START_NS, START_NS + 20)
    assert received.input_stamp_ns is None


def test_a_sample_whose_spikes_come_before_its_stamp_spans_them() -> None:
    batch = SpikeBatch(SHAPE, np.array([1], np.uint32), np.array([START_NS - 50]))
    (fields,) = sample_arrays("dvs", Encoded(START_NS, START_NS, "camera", batch))
    received = spikes_of(over_the_wire(fields))
    assert received.spikes == batch
    assert (received.complete_ns, received.input_stamp_ns) == (START_NS, START_NS)


@pytest.mark.parametrize(
    "changes",
    [
        {"address": np.array([10], np.uint32)},
        {"address": np.array([1, 2], np.uint32)},
        {"address": np.array([1, 1], np.uint32), "offset_ns": np.array([5, 4], np.uint32)},
        {"shape": np.zeros(0, np.uint32)},
        {"shape": np.array([2**31, 2**31], np.uint32)},
    ],
    ids=["address outside", "lengths differ", "time goes back", "no shape", "huge shape"],
)
def test_arrays_that_contradict_themselves_are_refused(changes: dict[str, Any]) -> None:
    fields = {
        "population": "out",
        "shape": np.array(SHAPE, np.uint32),
        "address": np.array([1], np.uint32),
        "offset_ns": np.array([0], np.uint32),
    }
    spikes_of(over_the_wire(fields))
    with pytest.raises(SpikeError):
        spikes_of(over_the_wire(fields | changes))


def test_counts_survive_the_message_that_carries_them() -> None:
    spec = NetworkSpec(
        name="small",
        dt_ms=1.0,
        inputs=(Input("scan", (2,), "scan", "scan_rate"),),
        populations=(Population("out", (3,)),),
        projections=(Projection("scan", "out", 2.0),),
    )
    network = StreamingNetwork(spec)
    network.run(TickSpikes(np.array([0, 1], np.uint32), np.array([0, 1, 2, 2])))
    counts = network.counts()
    fields = population_rates(spec, counts, 0.003, START_NS, 4, StepTimes(1.5, 2.5))
    message = deserialize(serialize(RATES, to_message(RATES, fields)), RATES)
    read = counts_of(message)
    assert read.by_population() == counts.by_population()
    for field, value in counts._asdict().items():
        assert np.array_equal(getattr(read, field), value), field
    assert message.window_s == pytest.approx(0.003)
    assert message.rate_hz[0] == pytest.approx(2 / 2 / 0.003)
    assert message.late_spikes == 4


def test_rates_of_no_time_are_zero_and_not_infinite() -> None:
    spec = NetworkSpec(name="small", dt_ms=1.0, inputs=(), populations=(Population("out", (3,)),))
    counts = StreamingNetwork(spec).counts()
    fields = population_rates(spec, counts, 0.0, START_NS, 0, StepTimes())
    assert fields["rate_hz"].tolist() == [0.0]
    assert math.isnan(fields["step_us_p50"])


def test_boxes_are_in_pixels_of_the_image() -> None:
    box = Box("motion", 0.75, 0.5, 0.25, 0.1, 0.5)
    fields = detection_array(Detections(START_NS, (box,)), "camera", View.whole(640, 480))
    message = to_message(DETECTIONS, fields)
    found = message.detections[0]
    assert (found.center_x, found.center_y) == (320.0, 120.0)
    assert (found.size_x, found.size_y) == (64.0, 240.0)
    assert (message.image_width, message.image_height) == (640, 480)


def test_boxes_of_a_region_are_in_pixels_of_the_whole_image() -> None:
    box = Box("motion", 0.75, 0.5, 0.25, 0.1, 0.5)
    view = View(640, 480, Region(100, 50, 200, 400))
    message = to_message(DETECTIONS, detection_array(Detections(START_NS, (box,)), "camera", view))
    found = message.detections[0]
    assert (found.center_x, found.center_y) == (200.0, 150.0)
    assert (found.size_x, found.size_y) == (20.0, 200.0)
    assert (message.image_width, message.image_height) == (640, 480)


def test_a_picture_is_an_image_of_three_bytes_per_pixel() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    message = to_message("sensor_msgs/msg/Image", rgb_image(pixels, START_NS, "camera"))
    assert (message.height, message.width, message.step) == (2, 4, 12)
    assert (message.encoding, message.header.frame_id) == ("rgb8", "camera")
    assert message.data.tolist() == list(range(24))


def test_a_command_moves_forward_and_turns_to_the_left() -> None:
    message = to_message(TWIST_STAMPED, twist_stamped(Velocity(0.3, -0.2), START_NS, "base_link"))
    assert (message.twist.linear.x, message.twist.angular.z) == (0.3, -0.2)
    assert (message.twist.linear.y, message.twist.angular.x) == (0.0, 0.0)
    assert message.header.frame_id == "base_link"


def test_any_object_with_the_fields_can_be_read() -> None:
    stamp = SimpleNamespace(sec=3, nanosec=5)
    message = SimpleNamespace(
        header=SimpleNamespace(stamp=stamp, frame_id=""),
        population="out",
        shape=[4],
        span_ns=7,
        input_stamp=SimpleNamespace(sec=0, nanosec=0),
        address=[3],
        offset_ns=[2],
    )
    received = spikes_of(message)
    assert received.spikes.time_ns.tolist() == [3_000_000_007]
    assert received.complete_ns == 3_000_000_012


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"window_s": math.nan}, "over nan s"),
        ({"window_s": -1.0}, "over -1.0 s"),
        ({"window_s": math.inf}, "over inf s"),
        ({"spikes": np.zeros(3, np.uint64)}, "2 of name and 3 of spikes"),
        ({"projection": ["in -> out"]}, "1 of projection and 2 of projection_events"),
        ({"dense_bytes": np.zeros(0, np.uint64)}, "2 of projection and 0 of dense_bytes"),
    ],
)
def test_rates_that_do_not_fit_together_are_named(changes: dict[str, Any], words: str) -> None:
    check_rates(SimpleNamespace(**rates()))
    with pytest.raises(SpikeError, match=f"'net'.* {words}"):
        check_rates(SimpleNamespace(**rates(**changes)))
