from __future__ import annotations

import array
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.typestore import stamp_ns
from neuromorphic_ros.encoding.event_camera.packet import EventPacketDecoder, PacketCounts
from neuromorphic_ros.encoding.event_camera.words import DecoderCounts
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import SpikeBatch

from .words import (
    ADDR_X,
    ADDR_Y,
    CD_ON,
    TIME_HIGH,
    TIME_LOW,
    Event,
    cd,
    events_of,
    evt2,
    evt3,
    mono,
)

EPOCH_NS = 1_700_000_000_000_000_000
MS = 1_000_000
S = 1000 * MS


def packet(seq: int = 0, events: object = b"", **changes: object) -> Any:
    fields = {"height": 4, "width": 5, "time_base": 0, "encoding": "evt3", "is_bigendian": False}
    return SimpleNamespace(**{**fields, "seq": seq, "events": events, **changes})


def at(sensor_ms: int, *columns: int) -> bytes:
    """Return events of row 1 at a sensor time that fits into 24 bits of microseconds."""
    high, low = divmod(sensor_ms * 1000 % 2**24, 4096)
    time = ((TIME_HIGH, high), (TIME_LOW, low), (ADDR_Y, 1))
    return evt3(*time, *((ADDR_X, column) for column in columns))


def decode_all(decoder: EventPacketDecoder, packets: Iterable[tuple[Any, int]]) -> list[list[int]]:
    return [decoder.decode(each, stamp).time_ns.tolist() for each, stamp in packets]


def test_sensor_time_becomes_ros_time() -> None:
    decoder = EventPacketDecoder()
    first = decoder.decode(packet(7, at(3000, 2)), EPOCH_NS)
    assert events_of(first) == [Event(2, 1, 0, EPOCH_NS // 1000)]
    assert first.shape == (2, 4, 5)
    # The clock moves by 500 ppm of 10 ms towards the late stamp.
    second = decoder.decode(packet(8, at(3010, 0, 4)), EPOCH_NS + 90 * MS)
    assert second.time_ns.tolist() == [EPOCH_NS + 10 * MS + 5000] * 2
    assert decoder.counts == PacketCounts(DecoderCounts(events=3), packets=2)


@pytest.mark.parametrize("kind", [bytes, bytearray, np.array, "array"])
def test_any_buffer_is_read(kind: Any) -> None:
    data = at(5, 1)
    if kind == "array":
        events: object = array.array("B", data)
    else:
        events = np.frombuffer(data, np.uint8) if kind is np.array else kind(data)
    assert len(EventPacketDecoder().decode(packet(0, events), EPOCH_NS)) == 1


def test_all_encodings_agree() -> None:
    expected = [Event(3, 1, 1, EPOCH_NS // 1000)]
    on = 1 << 11
    for encoding, data in (
        ("evt3", evt3((TIME_HIGH, 1), (ADDR_Y, 1), (ADDR_X, on | 3))),
        ("evt2", evt2((TIME_HIGH, 64), (CD_ON, cd(3, 1)))),
        ("mono", mono([Event(3, 1, 1, 0)])),
    ):
        message = packet(0, data, encoding=encoding, time_base=4_096_000)
        assert events_of(EventPacketDecoder().decode(message, EPOCH_NS)) == expected


def test_the_stamp_of_a_mono_packet_is_its_time_base() -> None:
    decoder = EventPacketDecoder()
    data = mono([Event(0, 0, 0, 70), Event(0, 0, 1, 80)])
    message = packet(0, data, encoding="mono", time_base=10**12)
    assert decoder.decode(message, EPOCH_NS).time_ns.tolist() == [EPOCH_NS + 70, EPOCH_NS + 80]


def test_words_are_continued_over_packets() -> None:
    data = at(5, 1, 2)
    decoder = EventPacketDecoder()
    assert len(decoder.decode(packet(0, data[:-3]), EPOCH_NS)) == 0
    assert len(decoder.decode(packet(1, data[-3:]), EPOCH_NS)) == 2


def test_lost_packets_are_counted_and_their_state_is_not_trusted() -> None:
    decoder = EventPacketDecoder()
    decoder.decode(packet(3, at(5, 1) + b"\x01"), EPOCH_NS)
    after = decoder.decode(packet(6, evt3((ADDR_X, 1)) + at(7, 2)), EPOCH_NS + 2 * MS)
    assert [event.x for event in events_of(after)] == [2]
    assert decoder.counts == PacketCounts(DecoderCounts(events=2, invalid=1), packets=2, lost=2)


def test_uncounted_packets_are_one_stream() -> None:
    decoder = EventPacketDecoder()
    decode_all(decoder, [(packet(0, at(ms, 1)), EPOCH_NS + ms * MS) for ms in range(3)])
    assert decoder.counts == PacketCounts(DecoderCounts(events=3), packets=3)


@pytest.mark.parametrize(
    "changes", [{"width": 6}, {"height": 3}, {"encoding": "mono", "events": b""}, {"seq": 0}]
)
def test_another_camera_or_count_begins_anew(changes: dict[str, object]) -> None:
    decoder = EventPacketDecoder()
    decoder.decode(packet(4, at(3000, 1)), EPOCH_NS)
    message = SimpleNamespace(**{**vars(packet(5, at(1, 1))), **changes})
    batch = decoder.decode(message, EPOCH_NS - 5 * S)
    assert batch.shape == (2, message.height, message.width)
    assert batch.time_ns.tolist() == [EPOCH_NS - 5 * S] * len(batch)
    assert decoder.counts.restarts == 1
    assert decoder.counts.packets == 2


@pytest.mark.parametrize(("sensor_ms", "stamp_s"), [(3001, 5), (3001, -5), (1, 2), (9000, 0)])
def test_clocks_that_come_apart_begin_anew(sensor_ms: int, stamp_s: int) -> None:
    """The stamps were set, or the camera was plugged in again."""
    decoder = EventPacketDecoder()
    later_ns = EPOCH_NS + stamp_s * S
    times = decode_all(
        decoder,
        [
            (packet(0, at(3000, 1)), EPOCH_NS),
            (packet(1, at(sensor_ms, 1)), later_ns),
            (packet(2, at(sensor_ms + 1, 1)), later_ns + MS),
        ],
    )
    assert times == [[EPOCH_NS], [later_ns], [later_ns + MS]]
    assert decoder.counts == PacketCounts(DecoderCounts(events=3), packets=3, restarts=1)


def test_a_gap_longer_than_the_period_of_the_sensor_clock() -> None:
    decoder = EventPacketDecoder()
    later_ns = EPOCH_NS + 40 * S
    times = decode_all(
        decoder,
        [(packet(0, at(3000, 1)), EPOCH_NS), (packet(9000, at(43_000, 1)), later_ns)],
    )
    assert times == [[EPOCH_NS], [later_ns]]


def test_wraps_of_the_sensor_clock_are_not_felt() -> None:
    decoder = EventPacketDecoder()
    times = decode_all(
        decoder,
        [(packet(i, at(4000 * i, 1)), EPOCH_NS + 4 * S * i) for i in range(20)],
    )
    assert times == [[EPOCH_NS + 4 * S * i] for i in range(20)]
    assert decoder.counts.restarts == 0


def test_time_never_goes_back_while_the_clock_is_slowed() -> None:
    decoder = EventPacketDecoder()
    decoder.decode(packet(0, at(0, 1) + at(100, 1)), EPOCH_NS)
    batch = decoder.decode(packet(1, at(100, 1) + at(101, 1)), EPOCH_NS + 50 * MS)
    assert batch.time_ns.tolist() == [EPOCH_NS + 100 * MS, EPOCH_NS + 101 * MS - 50_000]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoding": "libcaer_cmp"}, "'libcaer_cmp' is unknown; .* evt2, evt3, mono"),
        ({"encoding": ""}, "'' is unknown"),
        ({"is_bigendian": True}, "big-endian"),
        ({"width": 0}, "0x4 pixels is impossible"),
        ({"encoding": "mono", "events": b"123"}, "3 bytes"),
        ({"encoding": "mono", "time_base": 2**63}, "time_base"),
    ],
)
def test_unreadable_packets_are_refused_and_change_nothing(
    changes: dict[str, object], message: str
) -> None:
    decoder, untouched = EventPacketDecoder(), EventPacketDecoder()
    good = [(packet(i, at(3000 + i, 1)), EPOCH_NS + i * MS) for i in range(3)]
    bad = SimpleNamespace(**{**vars(packet(1, at(3001, 2))), **changes})
    with pytest.raises(SensorError, match=message):
        decoder.decode(bad, EPOCH_NS)
    decoder.decode(*good[0])
    with pytest.raises(SensorError, match=message):
        decoder.decode(bad, EPOCH_NS)
    untouched.decode(*good[0])
    assert decode_all(decoder, good[1:]) == decode_all(untouched, good[1:])
    assert decoder.counts == untouched.counts


def test_a_reset_forgets_everything() -> None:
    decoder = EventPacketDecoder()
    decoder.decode(packet(4, at(3000, 1)), EPOCH_NS)
    decoder.reset()
    assert decoder.counts == PacketCounts()
    assert decoder.decode(packet(4, at(5, 1)), MS).time_ns.tolist() == [MS]
    assert decoder.counts.restarts == 0


@pytest.mark.data
def test_a_real_bag_decodes_completely(shared_data: Path) -> None:
    decoder = EventPacketDecoder()
    batches = []
    delays_ns = []
    with open_recording(shared_data / "bag_events_evt3_vga_ros2") as recording:
        for message in recording.messages():
            content = message.decode()
            stamp = stamp_ns(content)
            assert stamp is not None
            batch = decoder.decode(content, stamp)
            batches.append(batch)
            delays_ns.append(int(batch.time_ns[0]) - stamp)
    assert decoder.counts == PacketCounts(
        DecoderCounts(events=343_474, triggers=4_157), packets=517
    )
    whole = SpikeBatch.checked(
        (2, 480, 640),
        np.concatenate([batch.address for batch in batches]),
        np.concatenate([batch.time_ns for batch in batches]),
    )
    assert len(whole) == 343_474
    # The driver stamps its packets in pairs, 8 ms apart.
    assert np.abs(delays_ns).max() < 8 * MS
