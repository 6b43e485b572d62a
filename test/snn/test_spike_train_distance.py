"""The distance of spike trains, beside the integral that defines it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.snn.spike_train_distance import van_rossum_distance
from neuromorphic_ros.spikes import SpikeBatch

TAU_NS = 10_000_000
TRAINS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2)), max_size=12)


def batch(*events: tuple[int, int]) -> SpikeBatch:
    """Return spikes of three neurons: (time [ms], neuron)."""
    ordered = sorted(events)
    address = np.array([neuron for _, neuron in ordered], np.uint32)
    time_ns = np.array([ms * 1_000_000 for ms, _ in ordered], np.int64)
    return SpikeBatch((3,), address, time_ns)


def integrated(one: SpikeBatch, other: SpikeBatch) -> float:
    """Integrate the definition in steps of 0.01 ms."""
    t = np.arange(0, 260, 0.01) + 0.005
    total = 0.0
    for neuron in range(3):
        difference = np.zeros_like(t)
        for train, sign in ((one, 1), (other, -1)):
            for ns in train.time_ns[train.address == neuron]:
                since = t - ns / 1e6
                difference += sign * np.where(since >= 0, np.exp(-np.maximum(since, 0) / 10), 0)
        total += float(np.sum(difference**2) * 0.01 / 10)
    return total


@settings(max_examples=25, deadline=None)
@given(TRAINS, TRAINS)
def test_it_is_the_integral_of_the_definition(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    trains = batch(*one), batch(*other)
    distance = van_rossum_distance(*trains, TAU_NS)
    assert distance == pytest.approx(integrated(*trains), rel=1e-3, abs=1e-6)
    assert distance == pytest.approx(van_rossum_distance(*trains[::-1], TAU_NS))


@settings(max_examples=25, deadline=None)
@given(TRAINS)
def test_a_train_is_no_distance_from_itself(train: list[tuple[int, int]]) -> None:
    assert van_rossum_distance(batch(*train), batch(*train), TAU_NS) == 0


def test_one_spike_more_is_a_half_and_two_apart_count_by_their_distance() -> None:
    assert van_rossum_distance(batch((5, 1)), batch(), TAU_NS) == pytest.approx(0.5)
    assert van_rossum_distance(batch((5, 1)), batch((5, 2)), TAU_NS) == pytest.approx(1.0)
    apart = van_rossum_distance(batch((5, 1)), batch((8, 1)), TAU_NS)
    assert apart == pytest.approx(1 - math.exp(-0.3))


def test_other_neurons_and_no_time_are_refused() -> None:
    with pytest.raises(SpikeError, match="other neurons"):
        van_rossum_distance(batch(), SpikeBatch.empty((4,)), TAU_NS)
    with pytest.raises(SpikeError, match="time constant of 0 ns"):
        van_rossum_distance(batch(), batch(), 0)
