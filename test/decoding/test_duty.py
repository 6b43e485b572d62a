from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.decoding.duty import filtered
from neuromorphic_ros.spikes import SpikeBatch

MS = 1_000_000


def fired(ticks: list[int]) -> SpikeBatch:
    """Return spikes of neuron 1 of two, one at the start of each tick of 1 ms."""
    times = np.array(ticks, np.int64) * MS
    return SpikeBatch((2,), np.ones(times.size, np.uint32), times)


def test_a_neuron_that_fires_in_every_tick_has_a_duty_of_one() -> None:
    duty = filtered(np.array([0.0, 1.0]), fired(list(range(50))), 0, 50 * MS, MS, 20.0)
    assert duty == pytest.approx([0.0, 1.0])


def test_silence_decays_with_the_time_constant() -> None:
    duty = filtered(np.array([0.5, 1.0]), fired([]), 0, 20 * MS, MS, 20.0)
    assert duty == pytest.approx([0.5 / math.e, 1.0 / math.e])


@given(st.lists(st.integers(0, 99), unique=True).map(sorted), st.integers(1, 99))
def test_it_does_not_matter_where_a_span_is_cut(ticks: list[int], cut: int) -> None:
    whole = filtered(np.zeros(2), fired(ticks), 0, 100 * MS, MS, 30.0)
    first = [tick for tick in ticks if tick < cut]
    half = filtered(np.zeros(2), fired(first), 0, cut * MS, MS, 30.0)
    cut_in_two = filtered(half, fired(ticks[len(first) :]), cut * MS, 100 * MS, MS, 30.0)
    assert cut_in_two == pytest.approx(whole)
