"""The last seconds of spikes, in whatever pieces they come."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.pipeline.spike_history import SpikeHistory
from neuromorphic_ros.spikes import SpikeBatch

SPAN_NS = 1000


def spikes(*times_ns: int, size: int = 4) -> SpikeBatch:
    times = np.array(times_ns, np.int64)
    return SpikeBatch((size,), (times % size).astype(np.uint32), times)


@given(st.lists(st.integers(0, 5000), unique=True), st.integers(50, 700))
def test_pieces_make_no_difference(times_ns: list[int], length_ns: int) -> None:
    ordered = sorted(times_ns)
    history = SpikeHistory(SPAN_NS)
    for start_ns in range(0, 5001, length_ns):
        stop_ns = min(start_ns + length_ns, 5001)
        history.add("a", spikes(*ordered).between(start_ns, stop_ns), stop_ns)
        if start_ns % 2:
            history.recent()
    assert history.recent()["a"] == spikes(*ordered).between(5001 - SPAN_NS, 5001)


def test_it_ends_where_the_newest_population_does() -> None:
    history = SpikeHistory(SPAN_NS)
    history.add("a", spikes(100, 1500), 1600)
    history.add("b", spikes(1700), 2000)
    assert history.end_ns == 2000
    assert history.recent() == {"a": spikes(1500), "b": spikes(1700)}


def test_populations_come_in_the_order_of_the_network() -> None:
    history = SpikeHistory(SPAN_NS)
    for name in "cab":
        history.add(name, spikes(10), 20)
    history.keep(["a", "silent", "c"])
    assert list(history.recent()) == ["a", "c"]


def test_a_clock_that_is_set_back_begins_anew() -> None:
    history = SpikeHistory(SPAN_NS)
    history.add("a", spikes(9000), 9100)
    history.add("a", spikes(50), 100)
    assert history.end_ns == 100
    assert history.recent() == {"a": spikes(50)}


def test_a_population_of_another_shape_replaces_the_old_one() -> None:
    history = SpikeHistory(SPAN_NS)
    history.add("a", spikes(10), 20)
    history.add("a", spikes(30, size=7), 40)
    assert history.recent() == {"a": spikes(30, size=7)}
    assert SpikeHistory(SPAN_NS).recent() == {}
