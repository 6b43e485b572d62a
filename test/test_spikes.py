"""Spike batches: views, windows and merges against brute force."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.spikes import SpikeBatch, merge

SHAPE = (2, 3, 4)
pairs = st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 23)), max_size=60)


def batch_of(spikes: list[tuple[int, int]]) -> SpikeBatch:
    ordered = sorted(spikes, key=lambda spike: spike[0])
    return SpikeBatch.checked(
        SHAPE, [address for _, address in ordered], [time for time, _ in ordered]
    )


def listed(batch: SpikeBatch) -> list[tuple[int, int]]:
    return list(zip(batch.time_ns.tolist(), batch.address.tolist(), strict=True))


@settings(deadline=None)
@given(spikes=pairs)
def test_a_checked_batch_holds_what_it_was_given(spikes: list[tuple[int, int]]) -> None:
    batch = batch_of(spikes)
    assert sorted(listed(batch)) == sorted(spikes)
    assert batch.address.dtype == np.uint32
    assert batch.time_ns.dtype == np.int64
    assert len(batch) == len(spikes)
    assert batch.size == 24


@settings(deadline=None)
@given(spikes=pairs, edges=st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)))
def test_between_takes_the_half_open_interval(
    spikes: list[tuple[int, int]], edges: tuple[int, int]
) -> None:
    batch, (start, stop) = batch_of(spikes), edges
    expected = [spike for spike in listed(batch) if start <= spike[0] < stop]
    assert listed(batch.between(start, stop)) == expected


@settings(deadline=None)
@given(spikes=pairs, length=st.integers(1, 10**12))
def test_windows_cover_every_spike_once_and_are_shorter_than_their_length(
    spikes: list[tuple[int, int]], length: int
) -> None:
    batch = batch_of(spikes)
    windows = list(batch.windows(length))
    assert [spike for window in windows for spike in listed(window)] == listed(batch)
    for window in windows:
        assert len(window) > 0
        assert window.time_ns[-1] - window.time_ns[0] < length


@pytest.mark.parametrize("length", [0, -1])
def test_windows_without_length_are_refused(length: int) -> None:
    with pytest.raises(SpikeError, match="at least 1 ns"):
        next(batch_of([(1, 1)]).windows(length))


@settings(deadline=None)
@given(spikes=pairs)
def test_counts_are_those_of_a_counter(spikes: list[tuple[int, int]]) -> None:
    counts = batch_of(spikes).counts()
    assert counts.shape == SHAPE
    number = Counter(address for _, address in spikes)
    assert counts.ravel().tolist() == [number[address] for address in range(24)]


@settings(deadline=None)
@given(parts=st.lists(pairs, min_size=1, max_size=5))
def test_merging_sorts_by_time_and_keeps_the_order_of_equals(
    parts: list[list[tuple[int, int]]],
) -> None:
    batches = [batch_of(part) for part in parts]
    expected = sorted((spike for batch in batches for spike in listed(batch)), key=lambda s: s[0])
    assert listed(merge(batches)) == expected


def test_equality_is_by_value() -> None:
    batch = batch_of([(1, 2), (3, 4)])
    assert batch == batch_of([(1, 2), (3, 4)])
    assert batch != batch_of([(1, 2), (3, 5)])
    assert batch != batch_of([(1, 2), (4, 4)])
    assert batch != SpikeBatch((24,), batch.address, batch.time_ns)
    assert batch != "spikes"


def test_an_empty_batch_has_typed_arrays() -> None:
    batch = SpikeBatch.empty(SHAPE)
    assert batch == SpikeBatch.checked(SHAPE, [], [])
    assert batch.counts().sum() == 0
    assert list(batch.windows(10)) == []


@pytest.mark.parametrize(
    ("address", "time_ns", "complaint"),
    [
        ([1, 2], [1], "equally long"),
        ([[1]], [[1]], "1-D"),
        ([24], [0], "address 24 is outside"),
        ([3, -1], [0, 1], "address -1 is outside"),
        ([0, 1], [5, 4], "decreases"),
        ([1.5], [0], "must hold integers"),
        ([1.0], [0], "must hold integers"),
        ([1], [0.5], "must hold integers"),
        (["a"], [0], "must hold integers"),
        ([True], [0], "must hold integers"),
    ],
)
def test_spikes_that_do_not_fit_together_are_refused(
    address: list[Any], time_ns: list[Any], complaint: str
) -> None:
    with pytest.raises(SpikeError, match=complaint):
        SpikeBatch.checked(SHAPE, address, time_ns)


def test_addresses_that_uint32_cannot_hold_are_refused() -> None:
    with pytest.raises(SpikeError, match="outside"):
        SpikeBatch.checked((2**20, 2**20), [2**32], [0])


def test_merging_nothing_or_different_populations_is_refused() -> None:
    with pytest.raises(SpikeError, match="at least one batch"):
        merge([])
    with pytest.raises(SpikeError, match="differ"):
        merge([SpikeBatch.empty((2,)), SpikeBatch.empty((3,))])
