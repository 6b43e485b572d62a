from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.encoding.event_camera.evt2 import Evt2Decoder
from neuromorphic_ros.encoding.event_camera.words import DecoderCounts
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import SpikeBatch, merge

from .words import (
    CD_OFF,
    CD_ON,
    EXT_TRIGGER,
    TIME_HIGH,
    Event,
    assert_equals,
    body,
    cd,
    events_of,
    evt2,
    held,
    inside,
    late,
    literal_evt2,
)

HIGHEST = 2**28 - 1

events = st.builds(cd, st.integers(0, 40), st.integers(0, 40), st.integers(0, 63))
words = st.one_of(
    st.tuples(st.sampled_from([CD_OFF, CD_ON]), events),
    st.tuples(st.just(TIME_HIGH), st.one_of(st.integers(0, 20), st.integers(0, HIGHEST))),
    st.tuples(st.integers(2, 15).filter(lambda kind: kind != TIME_HIGH), st.integers(0, HIGHEST)),
)
streams = st.lists(words, max_size=60).map(lambda words: evt2((TIME_HIGH, 0), *words))


def test_events_have_polarity_place_and_time() -> None:
    data = evt2((TIME_HIGH, 3), (CD_ON, cd(639, 1, 63)), (TIME_HIGH, 4), (CD_OFF, cd(0, 479)))
    batch = Evt2Decoder(480, 640).decode(data)
    assert batch.address.tolist() == [480 * 640 + 640 + 639, 479 * 640]
    assert batch.time_ns.tolist() == [(3 * 64 + 63) * 1000, 4 * 64 * 1000]


def test_the_clock_goes_on_when_it_wraps() -> None:
    data = evt2((TIME_HIGH, HIGHEST), (CD_ON, cd(0, 0, 63)), (TIME_HIGH, 0), (CD_ON, cd(0, 0)))
    decoder = Evt2Decoder(4, 4)
    for wrap in range(3):
        end_ns = (wrap + 1) * 2**34 * 1000
        assert decoder.decode(data).time_ns.tolist() == [end_ns - 1000, end_ns]
    assert decoder.counts.late == 0


def test_nothing_passes_before_time_is_known() -> None:
    decoder = Evt2Decoder(4, 4)
    assert len(decoder.decode(evt2((CD_ON, cd(1, 1))))) == 0
    assert len(decoder.decode(evt2((TIME_HIGH, 0), (CD_ON, cd(1, 1))))) == 1
    decoder.skip()
    assert len(decoder.decode(evt2((CD_ON, cd(1, 1))))) == 0
    assert decoder.counts == DecoderCounts(events=1, invalid=2)


def test_events_outside_the_sensor_and_triggers_are_counted() -> None:
    decoder = Evt2Decoder(3, 4)
    corner, right, below = cd(3, 2), cd(4, 0), cd(0, 3)
    data = evt2(
        (TIME_HIGH, 0), (CD_ON, corner), (CD_OFF, right), (EXT_TRIGGER, 1), (CD_ON, below), (14, 0)
    )
    assert events_of(decoder.decode(data)) == [Event(3, 2, 1, 0)]
    assert decoder.counts == DecoderCounts(events=1, invalid=2, triggers=1)


@given(data=streams, cuts=st.lists(st.integers(0, 240), max_size=5))
def test_pieces_decode_as_the_whole_and_as_the_format_says(data: bytes, cuts: list[int]) -> None:
    whole = Evt2Decoder(30, 35)
    batch = whole.decode(data)
    expected = inside(literal_evt2(data), 30, 35)
    assert events_of(batch) == held(expected)
    assert whole.counts.late == late(expected)
    assert whole.counts.events + whole.counts.invalid == len(literal_evt2(data))
    parts = Evt2Decoder(30, 35)
    pieces = [
        parts.decode(data[first:last])
        for first, last in itertools.pairwise([0, *sorted(cuts), len(data)])
    ]
    assert merge(pieces) == batch
    assert parts.counts == whole.counts


@given(st.binary(max_size=200))
def test_any_bytes_give_valid_spikes(data: bytes) -> None:
    batch = Evt2Decoder(5, 7).decode(data)
    assert SpikeBatch.checked(batch.shape, batch.address, batch.time_ns) == batch


def test_a_reset_forgets_everything() -> None:
    decoder = Evt2Decoder(4, 4)
    decoder.decode(evt2((TIME_HIGH, 9), (CD_ON, cd(9, 9))) + b"\x01")
    decoder.reset()
    assert decoder.counts == DecoderCounts()
    data = evt2((TIME_HIGH, 1), (CD_ON, cd(1, 2)))
    assert events_of(decoder.decode(data)) == [Event(1, 2, 1, 64)]


def test_impossible_sensors_are_refused() -> None:
    with pytest.raises(SensorError, match="4x0 pixels is impossible"):
        Evt2Decoder(0, 4)


@pytest.mark.data
def test_a_real_file_equals_an_independent_decoder(shared_data: Path) -> None:
    wizard = pytest.importorskip("expelliarmus").Wizard(encoding="evt2")
    path = shared_data / "events_prophesee_raw" / "evt2_spinning_dot_640x480.raw"
    decoder = Evt2Decoder(480, 640)
    batch = decoder.decode(body(path))
    expected = wizard.read(str(path))
    assert decoder.counts == DecoderCounts(events=539_481)
    assert_equals(batch, expected["x"], expected["y"], expected["p"])
    np.testing.assert_array_equal(batch.time_ns, expected["t"] * 1000)
