from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.encoding.event_camera.mono import MonoDecoder, mono_words
from neuromorphic_ros.encoding.event_camera.words import DecoderCounts
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import SpikeBatch

from .words import Event, held, inside, late, mono

events = st.lists(
    st.builds(
        Event, st.integers(0, 9), st.integers(0, 9), st.integers(0, 1), st.integers(0, 2**32 - 1)
    ),
    max_size=40,
)


def test_events_have_polarity_place_and_time() -> None:
    data = mono([Event(639, 1, 1, 5), Event(0, 479, 0, 2**32 - 1)])
    batch = MonoDecoder(480, 640).decode(data, 10**15)
    assert batch.address.tolist() == [480 * 640 + 640 + 639, 479 * 640]
    assert batch.time_ns.tolist() == [10**15 + 5, 10**15 + 2**32 - 1]


@given(events=events)
def test_words_decode_as_the_format_says(events: list[Event]) -> None:
    decoder = MonoDecoder(7, 8)
    batch = decoder.decode(mono(events), 1000)
    expected = inside(events, 7, 8)
    assert batch.address.tolist() == [(e.polarity * 7 + e.y) * 8 + e.x for e in expected]
    assert batch.time_ns.tolist() == [1000 + e.time_us for e in held(expected)]
    assert decoder.counts == DecoderCounts(
        len(expected), len(events) - len(expected), late(expected)
    )


@given(events=events)
def test_what_is_written_is_decoded(events: list[Event]) -> None:
    batch = MonoDecoder(10, 10).decode(mono(events), 1000)
    assert MonoDecoder(10, 10).decode(mono_words(batch, 1000), 1000) == batch


@pytest.mark.parametrize("time_base", [1, -(2**32)])
def test_events_that_a_packet_does_not_hold_are_refused(time_base: int) -> None:
    events = SpikeBatch.checked((2, 4, 4), [3], [0])
    with pytest.raises(SensorError, match=f"begins at {time_base} ns"):
        mono_words(events, time_base)


def test_a_packet_from_before_the_last_one_is_held() -> None:
    decoder = MonoDecoder(4, 4)
    data = mono([Event(1, 1, 1, 5)])
    decoder.decode(data, 100)
    decoder.skip()
    assert decoder.decode(data, 50).time_ns.tolist() == [105]
    assert decoder.counts == DecoderCounts(events=2, late=1)
    decoder.reset()
    assert decoder.counts == DecoderCounts()
    assert decoder.decode(data, 50).time_ns.tolist() == [55]


@pytest.mark.parametrize("size", [1, 7, 9])
def test_a_truncated_packet_is_refused(size: int) -> None:
    with pytest.raises(SensorError, match=f"{size} bytes, no multiple of 8"):
        MonoDecoder(4, 4).decode(bytes(size), 0)


@pytest.mark.parametrize("time_base", [2**63 - 1, 2**64 - 1])
def test_a_time_beyond_int64_is_refused(time_base: int) -> None:
    with pytest.raises(SensorError, match=f"time_base {time_base} ns"):
        MonoDecoder(4, 4).decode(b"", time_base)


def test_an_empty_packet_holds_no_events() -> None:
    assert MonoDecoder(3, 4).decode(b"", 0) == SpikeBatch.empty((2, 3, 4))


def test_impossible_sensors_are_refused() -> None:
    with pytest.raises(SensorError, match="0x4 pixels is impossible"):
        MonoDecoder(4, 0)
