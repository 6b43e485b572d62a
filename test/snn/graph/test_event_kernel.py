from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from neuromorphic_ros.snn.graph import event_kernel
from neuromorphic_ros.snn.graph.event_kernel import NEXT, TAIL
from neuromorphic_ros.snn.graph.event_tables import by_address, make_layers, make_search

from .event_streams import events_of, lively_spec


@pytest.mark.parametrize("radius", range(1, 65))
def test_thirds_of_a_radius(radius: int) -> None:
    for offset in range(-radius, radius + 1):
        part = Fraction(offset, radius)
        expected = 0 if part < Fraction(-1, 3) else 2 if part > Fraction(1, 3) else 1
        assert event_kernel._third.py_func(offset, radius) == expected
        assert event_kernel._third.py_func(-offset, radius) == 2 - expected


def test_expiring_removes_what_is_before_a_time_and_takes_its_spikes_out() -> None:
    spec = lively_spec()
    events = events_of(spec, 30)
    search, layers = make_search(spec, 64), make_layers(spec, 64)
    search_table, layers_table = by_address(search), by_address(layers)
    tables = search_table.ctypes.data, layers_table.ctypes.data
    fired, fired_by = np.empty(90, np.uint32), np.empty(90, np.int64)
    total = event_kernel.push(
        *tables, 2, events.address, events.time_ns, spec.window_ns, fired, fired_by
    )
    assert layers.pooled.sum() == total > 0
    middle_ns = int(events.time_ns[15])
    event_kernel.expire(*tables, middle_ns)
    gone = int(np.searchsorted(events.time_ns, middle_ns))
    assert 0 < gone < 30
    assert search.progress[[TAIL, NEXT]].tolist() == [gone, 30]
    assert layers.pooled.sum() == np.count_nonzero(fired_by[:total] >= gone)
    event_kernel.expire(*tables, 2**62)
    assert search.progress[[TAIL, NEXT]].tolist() == [30, 30]
    assert not layers.pooled.any()


@pytest.mark.parametrize(
    ("address", "time_ns"), [([384], [0]), ([0, 1], [1, 0]), ([0], []), ([-1], [0])]
)
def test_nothing_is_written_for_events_that_do_not_fit(
    address: list[int], time_ns: list[int]
) -> None:
    spec = lively_spec()
    search, layers = make_search(spec, 64), make_layers(spec, 64)
    search_table, layers_table = by_address(search), by_address(layers)
    events = np.array(address, np.int64), np.array(time_ns, np.int64)
    room = np.empty(9, np.uint32), np.empty(9, np.int64)
    at = search_table.ctypes.data
    assert event_kernel.push(at, layers_table.ctypes.data, 2, *events, 50_000, *room) == -1
    listed = [np.empty(99, np.int64)] * 3
    assert event_kernel.find_edges(at, 2, *events, *listed) == -1
    assert not search.progress.any()
    assert not layers.spikes.any()
