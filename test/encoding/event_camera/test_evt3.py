from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.encoding.event_camera.evt3 import Evt3Decoder
from neuromorphic_ros.encoding.event_camera.words import DecoderCounts
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import SpikeBatch, merge

from .words import (
    ADDR_X,
    ADDR_Y,
    EXT_TRIGGER,
    TIME_HIGH,
    TIME_LOW,
    VECT_8,
    VECT_12,
    VECT_BASE_X,
    Event,
    assert_equals,
    body,
    events_of,
    evt3,
    held,
    inside,
    late,
    literal_evt3,
)

ON = 1 << 11
START = ((TIME_HIGH, 0), (TIME_LOW, 0), (ADDR_Y, 0))

contents = st.tuples(
    st.sampled_from([*range(16), ADDR_X, ADDR_X, VECT_BASE_X, VECT_12, TIME_LOW]),
    st.one_of(st.integers(0, 40), st.integers(0, 0xFFF)),
)
streams = st.lists(contents, max_size=80).map(lambda words: evt3(*START, *words))


def decoded(data: bytes, height: int = 480, width: int = 640) -> SpikeBatch:
    return Evt3Decoder(height, width).decode(data)


def test_single_events_have_polarity_place_and_time() -> None:
    data = evt3((TIME_HIGH, 2), (TIME_LOW, 5), (ADDR_Y, 7), (ADDR_X, ON | 3), (ADDR_X, 639))
    batch = decoded(data)
    assert batch.shape == (2, 480, 640)
    assert batch.address.tolist() == [640 * 480 + 7 * 640 + 3, 7 * 640 + 639]
    assert batch.time_ns.tolist() == [(2 * 4096 + 5) * 1000] * 2
    assert SpikeBatch.checked(batch.shape, batch.address, batch.time_ns) == batch


def test_vectors_continue_from_their_base() -> None:
    data = evt3(
        *START,
        (VECT_BASE_X, ON | 100),
        (VECT_12, 0b1000_0000_0001),
        (VECT_12, 0b10),
        (VECT_8, 0xF81),
        (VECT_8, 1),
    )
    assert [event.x for event in events_of(decoded(data))] == [100, 111, 113, 124, 131, 132]
    assert {event.polarity for event in events_of(decoded(data))} == {1}


def test_the_clock_goes_on_when_it_wraps() -> None:
    data = evt3(*START, (TIME_HIGH, 0xFFF), (ADDR_X, 0), (TIME_HIGH, 0), (ADDR_X, 0))
    decoder = Evt3Decoder(4, 4)
    for wrap in range(3):
        times = decoder.decode(data).time_ns.tolist()
        period_ns = 2**24 * 1000
        assert times == [wrap * period_ns + (0xFFF << 12) * 1000, (wrap + 1) * period_ns]
    assert decoder.counts.late == 0


def test_events_do_not_go_back_in_time_but_are_counted() -> None:
    data = evt3(
        *START, (TIME_LOW, 9), (ADDR_X, 0), (TIME_LOW, 11), (TIME_LOW, 4), (ADDR_X, 1), (ADDR_X, 2)
    )
    decoder = Evt3Decoder(4, 4)
    assert decoder.decode(data).time_ns.tolist() == [9000] * 3
    assert decoder.counts.late == 2
    assert decoder.decode(evt3((ADDR_X, 3), (TIME_LOW, 10), (ADDR_X, 0))).time_ns.tolist() == [
        9000,
        10000,
    ]
    assert decoder.counts == DecoderCounts(events=5, late=3)


@pytest.mark.parametrize(
    ("words", "valid"),
    [
        ([(ADDR_Y, 2), (ADDR_X, 3)], 1),
        ([(ADDR_Y, 2), (ADDR_X, 4)], 0),
        ([(ADDR_Y, 3), (ADDR_X, 0)], 0),
        ([(ADDR_Y, 2), (VECT_BASE_X, 2), (VECT_8, 0b111)], 2),
        ([(ADDR_Y, 3), (VECT_BASE_X, 0), (VECT_12, 0b111)], 0),
        ([(ADDR_Y, 2), (VECT_BASE_X, 0x7FF), (VECT_12, 0xFFF)], 0),
    ],
)
def test_events_outside_the_sensor_are_counted(words: list[tuple[int, int]], valid: int) -> None:
    decoder = Evt3Decoder(3, 4)
    data = evt3(*START, *words)
    assert len(decoder.decode(data)) == valid
    assert decoder.counts.invalid == len(literal_evt3(data)) - valid


def test_nothing_passes_before_time_and_row_are_known() -> None:
    decoder = Evt3Decoder(4, 4)
    assert len(decoder.decode(evt3((ADDR_X, 1), (ADDR_Y, 1), (ADDR_X, 1)))) == 0
    assert events_of(decoder.decode(evt3((TIME_HIGH, 0), (ADDR_X, 2)))) == [Event(2, 1, 0, 0)]
    assert decoder.counts.invalid == 2
    decoder.skip()
    assert len(decoder.decode(evt3((ADDR_X, 1), (TIME_HIGH, 1), (ADDR_X, 1)))) == 0
    assert events_of(decoder.decode(evt3((ADDR_Y, 3), (ADDR_X, 1)))) == [Event(1, 3, 0, 4096)]


def test_triggers_are_counted_and_the_rest_is_ignored() -> None:
    others = [(kind, 0xABC) for kind in (0x1, 0x7, 0x9, 0xB, 0xC, 0xD, 0xE, 0xF)]
    decoder = Evt3Decoder(4, 4)
    data = evt3(*START, (EXT_TRIGGER, 1), *others, (EXT_TRIGGER, 0), (ADDR_X, 3))
    assert events_of(decoder.decode(data)) == [Event(3, 0, 0, 0)]
    assert decoder.counts == DecoderCounts(events=1, triggers=2)


@given(data=streams, cuts=st.lists(st.integers(0, 160), max_size=5))
def test_pieces_decode_as_the_whole_and_as_the_format_says(data: bytes, cuts: list[int]) -> None:
    whole = Evt3Decoder(480, 640)
    batch = whole.decode(data)
    expected = inside(literal_evt3(data), 480, 640)
    assert events_of(batch) == held(expected)
    assert whole.counts.late == late(expected)
    assert whole.counts.events + whole.counts.invalid == len(literal_evt3(data))
    parts = Evt3Decoder(480, 640)
    bounds = [0, *sorted(cuts), len(data)]
    pieces = [parts.decode(data[a:b]) for a, b in itertools.pairwise(bounds)]
    assert merge(pieces) == batch
    assert parts.counts == whole.counts


@given(st.binary(max_size=200))
def test_any_bytes_give_valid_spikes(data: bytes) -> None:
    batch = decoded(data, 5, 7)
    assert SpikeBatch.checked(batch.shape, batch.address, batch.time_ns) == batch


def test_a_reset_forgets_everything() -> None:
    decoder = Evt3Decoder(4, 4)
    decoder.decode(evt3(*START, (ADDR_X, 9), (TIME_HIGH, 9)) + b"\x01")
    decoder.reset()
    assert decoder.counts == DecoderCounts()
    assert events_of(decoder.decode(evt3(*START, (ADDR_X, 1)))) == [Event(1, 0, 0, 0)]


def test_words_may_begin_anywhere_in_memory() -> None:
    data = evt3(*START, (ADDR_X, 1))
    shifted = np.frombuffer(b"\0" + data, np.uint8)[1:]
    assert Evt3Decoder(4, 4).decode(shifted) == Evt3Decoder(4, 4).decode(bytearray(data))


@pytest.mark.parametrize(("height", "width"), [(0, 4), (4, 0), (-1, 4), (2**16, 2**16)])
def test_impossible_sensors_are_refused(height: int, width: int) -> None:
    with pytest.raises(SensorError, match=f"{width}x{height} pixels is impossible"):
        Evt3Decoder(height, width)


@pytest.mark.data
def test_a_real_recording_equals_an_independent_decoder(shared_data: Path, tmp_path: Path) -> None:
    """All events of a bag, in the packets of the camera.

    expelliarmus adds 4096 us for each wrap of the low bits, which the high bits count already.
    """
    wizard = pytest.importorskip("expelliarmus").Wizard(encoding="evt3")
    decoder = Evt3Decoder(480, 640)
    with open_recording(shared_data / "bag_events_evt3_vga_ros2") as recording:
        packets = [message.decode().events for message in recording.messages()]
    batch = merge([decoder.decode(packet) for packet in packets])
    assert decoder.counts == DecoderCounts(events=343_474, triggers=4_157)
    assert decoder.decode(b"") == SpikeBatch.empty((2, 480, 640))
    words = np.concatenate(packets).view(np.uint16)
    # expelliarmus stops at the first trigger.
    without_triggers = words[words >> 12 != EXT_TRIGGER]
    (tmp_path / "bag.raw").write_bytes(b"% evt 3.0\n% end\n" + without_triggers.tobytes())
    expected = wizard.read(str(tmp_path / "bag.raw"))
    assert_equals(batch, expected["x"], expected["y"], expected["p"])
    np.testing.assert_array_equal(batch.time_ns // 1000 % 4096, expected["t"] % 4096)
    assert events_of(batch) == literal_evt3(words.tobytes())


@pytest.mark.data
def test_a_real_file_with_vectors(shared_data: Path) -> None:
    wizard = pytest.importorskip("expelliarmus").Wizard(encoding="evt3")
    path = shared_data / "events_prophesee_raw" / "evt3_driving_1280x720.raw"
    decoder = Evt3Decoder(720, 1280)
    data = body(path)
    batch = decoder.decode(data)
    expected = wizard.read(str(path))
    assert len(batch) == 219_596
    assert_equals(batch, expected["x"], expected["y"], expected["p"])
    np.testing.assert_array_equal(batch.time_ns // 1000 % 4096, expected["t"] % 4096)
    assert events_of(batch) == literal_evt3(data)
    assert decoder.counts == DecoderCounts(events=219_596)
