from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.typestore import stamp_ns
from neuromorphic_ros.encoding.encoder import Encoder
from neuromorphic_ros.encoding.event_camera.encoder import EventCamera, EventCameraParameters
from neuromorphic_ros.encoding.event_camera.packet import EventPacket, PacketCounts
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.spikes import SpikeBatch, merge

from .words import Event, events_of, mono

EPOCH_NS = 1_700_000_000_000_000_000
MS = 1_000_000


def packet(seq: int, *events: Event, height: int = 6, width: int = 8, **changes: Any) -> Any:
    """Return a packet of events whose times are in ns after its stamp."""
    fields = {"height": height, "width": width, "time_base": 0, "encoding": "mono"}
    return SimpleNamespace(
        **{**fields, "seq": seq, "is_bigendian": False, "events": mono(events), **changes}
    )


def camera(height: int = 6, width: int = 8, **parameters: float) -> EventCamera:
    return EventCamera(EventCameraParameters(**parameters), height, width)  # type: ignore[arg-type]


def places(batch: SpikeBatch) -> list[tuple[int, int, int]]:
    return [event[:3] for event in events_of(batch)]


def test_it_is_an_encoder() -> None:
    encoder: Encoder[EventPacket] = camera()
    batch = encoder.encode(packet(0, Event(7, 5, 1, 3)), EPOCH_NS)
    assert batch == SpikeBatch.checked((2, 6, 8), [95], [EPOCH_NS + 3])
    assert batch.shape == encoder.shape


def test_the_region_is_resized() -> None:
    events = [Event(x, 2, 0, x) for x in range(8)]
    encoder = camera(1, 2, roi_x_offset=2, roi_y_offset=2, roi_width=4, binning=0.0)
    assert places(encoder.encode(packet(0, *events), EPOCH_NS)) == [
        (0, 0, 0),
        (0, 0, 0),
        (1, 0, 0),
        (1, 0, 0),
    ]


def test_filters_work_when_set() -> None:
    events = [Event(0, 0, 0, 0), Event(1, 1, 0, 1), Event(1, 1, 1, 2), Event(6, 5, 0, 3)]
    message = packet(0, *events)
    assert len(camera().encode(message, EPOCH_NS)) == 4
    quiet = camera(background_ms=1.0).encode(message, EPOCH_NS)
    assert places(quiet) == [(1, 1, 0), (1, 1, 1)]
    thinned = camera(3, 4, refractory_ms=1.0, binning=0.0).encode(message, EPOCH_NS)
    assert places(thinned) == [(0, 0, 0), (3, 2, 0)]


def test_pixels_of_a_cell_are_binned() -> None:
    events = [Event(x, y, 1, 8 * y + x) for y in range(6) for x in range(8)]
    counts = [
        len(camera(2, 2, binning=share).encode(packet(0, *events), EPOCH_NS))
        for share in (0.0, 0.25, 0.5, 1.0)
    ]
    assert counts == [48, 16, 8, 4]


def test_new_parameters_hold_from_the_next_packet_on() -> None:
    encoder = camera()
    encoder.encode(packet(0, Event(1, 1, 0, 0)), EPOCH_NS)
    encoder.parameters = EventCameraParameters(refractory_ms=1.0)
    again = encoder.encode(packet(1, Event(1, 1, 0, 1), Event(1, 1, 0, 2)), EPOCH_NS)
    assert len(again) == 1


def test_hot_pixels_are_blocked() -> None:
    encoder = camera(hot_pixel_hz=50.0)
    # Sensor time is that of time_base, and windows are of ROS time.
    kept = [
        len(
            encoder.encode(
                packet(
                    i, *(Event(3, 3, 0, 10 * k * MS) for k in range(100)), time_base=i * 1000 * MS
                ),
                EPOCH_NS + i * 1000 * MS,
            )
        )
        for i in range(3)
    ]
    assert kept == [100, 0, 0]


def test_later_packets_hold_no_earlier_spikes() -> None:
    encoder = camera()
    assert encoder.complete_ns(EPOCH_NS) == EPOCH_NS
    encoder.encode(packet(0, Event(0, 0, 0, 5)), EPOCH_NS)
    complete_ns = encoder.complete_ns(EPOCH_NS)
    assert complete_ns == EPOCH_NS + 5
    after = encoder.encode(packet(1, Event(0, 0, 0, 0), Event(0, 0, 0, 6)), EPOCH_NS)
    assert after.time_ns.tolist() == [complete_ns, complete_ns + 1]


def test_a_camera_of_another_size_goes_on() -> None:
    encoder = camera(3, 4, binning=0.0)
    encoder.encode(packet(0, Event(7, 5, 0, 0)), EPOCH_NS)
    batch = encoder.encode(packet(1, Event(3, 2, 0, 0), height=3, width=4), EPOCH_NS + MS)
    assert places(batch) == [(3, 2, 0)]
    assert encoder.counts.restarts == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"height": 2}, "cannot be resized to 4x3"),
        ({"height": 0}, "8x0 pixels is impossible"),
        ({"encoding": "libcaer"}, "'libcaer' is unknown"),
        ({"events": b"1"}, "1 bytes"),
    ],
)
def test_unusable_packets_are_refused_and_change_nothing(
    changes: dict[str, Any], message: str
) -> None:
    encoder = camera(3, 4, binning=0.0)
    encoder.encode(packet(0, Event(1, 1, 0, 5)), EPOCH_NS)
    before = encoder.counts
    with pytest.raises(SensorError, match=message):
        encoder.encode(packet(1, Event(1, 1, 0, 5), **changes), EPOCH_NS + MS)
    assert encoder.counts == before
    after = encoder.encode(packet(1, Event(2, 2, 0, 6)), EPOCH_NS)
    assert after.time_ns.tolist() == [EPOCH_NS + 6]


def test_a_reset_forgets_everything() -> None:
    encoder = camera(refractory_ms=1000.0)
    first = encoder.encode(packet(5, Event(1, 1, 0, 5)), EPOCH_NS)
    encoder.reset()
    assert encoder.counts == PacketCounts()
    assert encoder.encode(packet(5, Event(1, 1, 0, 5)), EPOCH_NS) == first


@pytest.mark.parametrize("value", [-1.0, float("nan"), 1e7])
@pytest.mark.parametrize("name", ["hot_pixel_hz", "background_ms", "refractory_ms"])
def test_impossible_parameters_are_refused(name: str, value: float) -> None:
    with pytest.raises(SensorError, match=name):
        build(EventCameraParameters, {name: value}, "event camera", SensorError)


def test_a_region_outside_the_sensor_is_refused() -> None:
    with pytest.raises(SensorError, match="is not inside the picture of 8x6"):
        camera(1, 1, roi_x_offset=9).encode(packet(0), EPOCH_NS)


@pytest.mark.data
def test_a_real_bag_through_all_filters_twice(shared_data: Path) -> None:
    encoder = camera(120, 160, hot_pixel_hz=100.0, background_ms=5.0, refractory_ms=1.0)
    runs = []
    with open_recording(shared_data / "bag_events_evt3_vga_ros2") as recording:
        for _ in range(2):
            encoder.reset()
            packets = [message.decode() for message in recording.messages()]
            runs.append(merge([encoder.encode(each, stamp_ns(each) or 0) for each in packets]))
    assert runs[0] == runs[1]
    assert np.all(np.diff(runs[0].time_ns) >= 0)
    assert 1_000 < len(runs[0]) < 30_000


def test_a_fovea_makes_rings_of_the_sensor() -> None:
    # To the right of the middle, outermost; above it, innermost; in the middle and in a corner.
    events = [Event(63, 32, 1, 1), Event(32, 18, 0, 2), Event(32, 32, 1, 3), Event(0, 0, 1, 4)]
    encoder = camera(2, 4, fovea=0.25, binning=0.0)
    batch = encoder.encode(packet(0, *events, height=64, width=64), EPOCH_NS)
    assert places(batch) == [(0, 1, 1), (1, 0, 0)]


def test_cells_of_a_ring_fire_by_their_number_of_pixels() -> None:
    encoder = camera(2, 4, fovea=0.25, binning=1.0)
    inner, outer = Event(32, 20, 1, 0), Event(32, 2, 1, 0)
    events = [each._replace(time_us=time_us) for time_us in range(6000) for each in (inner, outer)]
    batch = encoder.encode(packet(0, *events, height=64, width=64), EPOCH_NS)
    rings = [row for _, row, _ in places(batch)]
    # Rings are as wide as they are far out: four times the pixels are in the outer one.
    assert rings.count(0) == pytest.approx(4 * rings.count(1), rel=0.2)
