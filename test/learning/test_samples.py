"""Labelled sequences: what is refused, and that no spike is lost on the way to the engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.learning.samples import (
    LearningError,
    Samples,
    addresses_of,
    binned,
    check_samples,
    split_by_class,
    tick_spikes,
)
from neuromorphic_ros.spikes import SpikeBatch

from .networks import CHANNELS, TICKS, network, samples, two_inputs

SEQUENCES = arrays.arrays(np.uint8, (4, 2, 3), elements=st.integers(0, 3))


@pytest.mark.parametrize(
    ("inputs", "label", "complaint"),
    [
        (np.zeros((0, TICKS, CHANNELS)), np.zeros(0, np.int64), "at least one"),
        (np.zeros((2, TICKS, CHANNELS)), np.zeros(1, np.int64), "1 labels"),
        (np.zeros((1, TICKS, CHANNELS + 1)), np.zeros(1, np.int64), "takes"),
        (np.zeros((1, 0, CHANNELS)), np.zeros(1, np.int64), "at least one tick"),
        (np.full((1, TICKS, CHANNELS), np.nan), np.zeros(1, np.int64), "NaN"),
        (np.zeros((1, TICKS, CHANNELS)), np.array([2]), "labels are 2 to 2"),
        (np.zeros((1, TICKS, CHANNELS)), np.array([-1]), "labels are -1"),
    ],
)
def test_samples_that_do_not_fit_are_refused(inputs: Any, label: Any, complaint: str) -> None:
    with pytest.raises(LearningError, match=complaint):
        check_samples(network(), Samples(inputs, label), "output")


def test_sequences_of_several_inputs_are_flat() -> None:
    check_samples(two_inputs(), samples(), "output")
    other = Samples(np.zeros((1, TICKS, CHANNELS // 4, 2)), np.zeros(1, np.int64))
    with pytest.raises(LearningError, match=rf"takes \(ticks, {CHANNELS}\)"):
        check_samples(two_inputs(), other, "output")


def test_an_unknown_output_is_refused() -> None:
    with pytest.raises(NetworkError, match="hidden, output"):
        check_samples(network(), samples(), "outputs")
    with pytest.raises(NetworkError):
        addresses_of(network(), "outputs")


def test_recordings_of_several_shapes_are_refused() -> None:
    batches = [SpikeBatch.empty((2, 3, 3)), SpikeBatch.empty((2, 3, 4))]
    with pytest.raises(LearningError, match="one in common"):
        binned(batches, 2, 10)
    with pytest.raises(LearningError):
        binned([], 2, 10)


def test_events_are_counted_in_their_ticks() -> None:
    batch = SpikeBatch.checked((1, 1, 3), [0, 2, 2, 1, 1], [0, 9, 9, 10, 20])
    (found,) = binned([batch], 2, 10)
    assert found.reshape(2, 3).tolist() == [[1, 0, 2], [0, 1, 0]]


def test_a_tick_holds_no_more_events_than_a_byte_counts() -> None:
    batch = SpikeBatch.checked((1, 1, 1), [0] * 300, [0] * 300)
    assert binned([batch], 1, 10).max() == 255


@settings(max_examples=30, deadline=None)
@given(SEQUENCES)
def test_the_engine_is_given_every_spike(sequence: Any) -> None:
    spikes = tick_spikes(sequence)
    assert spikes.ticks == 4
    for tick, amounts in enumerate(sequence.reshape(4, 6)):
        part = spikes.between(tick, tick + 1).address
        assert np.array_equal(np.bincount(part, minlength=6), amounts)


def test_amounts_that_are_not_whole_are_kept() -> None:
    spikes = tick_spikes(np.array([[0.0, 0.5], [2.0, 0.0]]))
    assert spikes.value.tolist() == [0.5, 2.0]
    assert tick_spikes(np.array([[-1.0]])).value.tolist() == [-1.0]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(0, 9))
def test_of_each_class_some_are_held_out(label: list[int], seed: int) -> None:
    labels = np.array(label, np.int64)
    chosen = split_by_class(labels, 0.2, seed)
    assert np.array_equal(chosen, split_by_class(labels, 0.2, seed))
    for each in set(label):
        count = label.count(each)
        assert int(chosen[labels == each].sum()) == max(1, round(0.2 * count))


def test_populations_are_found_in_execution_order() -> None:
    assert addresses_of(network(hidden=12), "output") == slice(12, 16)
