"""Events and their labels stay together, whatever is made of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.learning.labelled_events import LabelledEvents, on_ticks
from neuromorphic_ros.spikes import SpikeBatch

SHAPE, DT_NS = (2, 3, 5), 1000


@st.composite
def labelled(draw: st.DrawFn) -> LabelledEvents:
    """Draw events whose label says their address, so that it can be told whose it is."""
    events = draw(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 29)), max_size=60))
    time_ns, address = np.array(sorted(events), np.int64).reshape(-1, 2).T
    batch = SpikeBatch(SHAPE, address.astype(np.uint32), time_ns * DT_NS)
    return LabelledEvents(batch, address.copy())


def rows(part: LabelledEvents) -> list[tuple[int, ...]]:
    columns = (part.events.time_ns, *part.places(), part.label)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@given(labelled(), st.integers(1, 60))
def test_pieces_are_the_whole_and_none_is_longer(whole: LabelledEvents, length: int) -> None:
    pieces = whole.pieces(length * DT_NS)
    assert [row for piece in pieces for row in rows(piece)] == rows(whole)
    for piece in pieces:
        number = piece.events.time_ns // (length * DT_NS)
        assert number.size
        assert np.all(number == number[0])


@given(labelled(), st.booleans(), st.booleans())
def test_a_turned_event_keeps_time_polarity_and_label(
    whole: LabelledEvents, down: bool, across: bool
) -> None:
    expected = sorted(
        (time, polarity, 2 - y if down else y, 4 - x if across else x, label)
        for time, polarity, y, x, label in rows(whole)
    )
    turned = whole.turned(down, across)
    assert rows(turned) == expected
    assert rows(turned.turned(down, across)) == rows(whole)


@given(labelled(), st.integers(0, 2**31))
def test_thinned_events_are_some_of_all(whole: LabelledEvents, seed: int) -> None:
    some = whole.thinned(0.5, np.random.default_rng(seed))
    left = rows(whole)
    for row in rows(some):
        left.remove(row)
    assert rows(some) == rows(whole.thinned(0.5, np.random.default_rng(seed)))
    assert rows(whole.thinned(0.0, np.random.default_rng(seed))) == rows(whole)


@given(labelled(), st.sampled_from([0.5, 1.0, 1.7]))
def test_slowed_events_are_the_same_later(whole: LabelledEvents, factor: float) -> None:
    slow = whole.slowed(factor, DT_NS)
    assert sorted(row[1:] for row in rows(slow)) == sorted(row[1:] for row in rows(whole))
    assert rows(slow) == sorted(rows(slow))
    assert np.all(slow.events.time_ns % DT_NS == 0)
    if len(whole.label):
        length, stretched = (np.ptp(part.events.time_ns) for part in (whole, slow))
        assert stretched == pytest.approx(factor * length, abs=DT_NS)


def test_on_ticks_events_are_sorted_by_tick_then_address() -> None:
    exact = SpikeBatch(SHAPE, np.array([7, 3, 9, 1], np.uint32), np.array([100, 900, 1000, 1999]))
    found = on_ticks(exact, 1000)
    assert found.time_ns.tolist() == [0, 0, 1000, 1000]
    assert found.address.tolist() == [3, 7, 1, 9]
