"""Streams of events for filters, and how to cut them."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from neuromorphic_ros.encoding.event_camera.filter import EventFilter
from neuromorphic_ros.spikes import SpikeBatch, merge

SHAPE = (2, 4, 5)
MS = 1_000_000


@st.composite
def spikes(draw: st.DrawFn) -> SpikeBatch:
    """Draw up to 60 events of a tiny sensor, at most 10 ms apart."""
    events = draw(
        st.lists(st.tuples(st.integers(0, 39), st.integers(0, 10 * MS)), min_size=1, max_size=60)
    )
    address, gaps = zip(*events, strict=True)
    return SpikeBatch.checked(SHAPE, np.array(address), 10**18 + np.cumsum(gaps))


def batch(*events: tuple[int, int, int, int], shape: tuple[int, ...] = SHAPE) -> SpikeBatch:
    """Make a batch of (x, y, polarity, time_ns)."""
    x, y, polarity, time_ns = np.array(events, np.int64).reshape(-1, 4).T
    return SpikeBatch.checked(shape, np.ravel_multi_index((polarity, y, x), shape), time_ns)


def kept(stream: SpikeBatch, passes: Callable[[int, int, int, int], bool]) -> SpikeBatch:
    """Return the events for which `passes(x, y, polarity, time_ns)`, asked one by one."""
    polarity, y, x = np.unravel_index(stream.address, stream.shape)
    columns = (x, y, polarity, stream.time_ns)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    mask = np.array([passes(*row) for row in rows], bool)
    return SpikeBatch(stream.shape, stream.address[mask], stream.time_ns[mask])


def in_pieces(each: EventFilter, stream: SpikeBatch, cuts: list[int]) -> SpikeBatch:
    bounds = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    return merge(
        [
            each(SpikeBatch(stream.shape, stream.address[a:b], stream.time_ns[a:b]))
            for a, b in itertools.pairwise(bounds)
        ]
    )


cuts = st.lists(st.integers(0, 60), max_size=4)
