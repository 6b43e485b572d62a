"""Spikes of motor neurons to velocities: the filter is exact and does not depend on chunks."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.decoding.differential_drive import (
    BACK,
    FORWARD,
    LEFT,
    RIGHT,
    DifferentialDrive,
    DifferentialDriveDecoder,
)
from neuromorphic_ros.decoding.velocity import STANDSTILL, Velocity
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.spikes import SpikeBatch

DT_NS = 1_000_000
START_NS = 1_700_000_000_000_000_000
PARAMETERS = DifferentialDrive(linear_gain_m_s=0.5, angular_gain_rad_s=1.5, tau_ms=30.0)


def decoder() -> DifferentialDriveDecoder:
    return DifferentialDriveDecoder(PARAMETERS, DT_NS)


def at_ticks(spikes: list[tuple[int, int]]) -> SpikeBatch:
    ordered = sorted(spikes)
    return SpikeBatch.checked(
        (3,),
        [neuron for _, neuron in ordered],
        [START_NS + tick * DT_NS for tick, _ in ordered],
    )


def steady(neurons: list[int], ticks: int) -> SpikeBatch:
    return at_ticks([(tick, neuron) for tick in range(ticks) for neuron in neurons])


def decode(drive: DifferentialDriveDecoder, spikes: SpikeBatch, begin: int, end: int) -> Velocity:
    start_ns, stop_ns = START_NS + begin * DT_NS, START_NS + end * DT_NS
    return drive.decode(spikes.between(start_ns, stop_ns), start_ns, stop_ns)


@pytest.mark.parametrize(
    ("neurons", "linear", "angular"),
    [
        ([FORWARD], 0.5, 0.0),
        ([LEFT], 0.0, 1.5),
        ([RIGHT], 0.0, -1.5),
        ([LEFT, RIGHT], 0.0, 0.0),
        ([FORWARD, RIGHT], 0.5, -1.5),
        ([], 0.0, 0.0),
    ],
)
def test_firing_in_every_tick_asks_for_the_whole_gain(
    neurons: list[int], linear: float, angular: float
) -> None:
    velocity = decode(decoder(), steady(neurons, 2000), 0, 2000)
    assert velocity == pytest.approx((linear, angular), abs=1e-9)


@pytest.mark.parametrize(
    ("neurons", "linear"), [([BACK], -0.5), ([FORWARD, BACK], 0.0), ([FORWARD], 0.5)]
)
def test_a_fourth_neuron_drives_back(neurons: list[int], linear: float) -> None:
    ticks = np.repeat(np.arange(2000), len(neurons))
    four = SpikeBatch.checked((4,), neurons * 2000, START_NS + ticks * DT_NS)
    assert decode(decoder(), four, 0, 2000) == pytest.approx((linear, 0.0), abs=1e-9)


def test_the_duty_rises_and_falls_with_the_time_constant() -> None:
    drive = decoder()
    risen = decode(drive, steady([FORWARD], 30), 0, 30)
    assert risen.linear_m_s == pytest.approx(0.5 * (1.0 - math.exp(-1.0)))
    fallen = decode(drive, SpikeBatch.empty((3,)), 30, 60)
    assert fallen.linear_m_s == pytest.approx(risen.linear_m_s * math.exp(-1.0))


@settings(deadline=None)
@given(
    spikes=st.lists(st.tuples(st.integers(0, 199), st.integers(0, 2)), max_size=300),
    cuts=st.lists(st.integers(0, 200), max_size=10),
)
def test_the_velocity_does_not_depend_on_chunks(
    spikes: list[tuple[int, int]], cuts: list[int]
) -> None:
    batch, whole, pieces = at_ticks(spikes), decoder(), decoder()
    expected = decode(whole, batch, 0, 200)
    found = STANDSTILL
    edges = [0, *sorted(cuts), 200]
    for begin, end in pairwise(edges):
        found = decode(pieces, batch, begin, end)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_reset_forgets_all_spikes() -> None:
    drive = decoder()
    assert decode(drive, steady([FORWARD, LEFT], 50), 0, 50) != STANDSTILL
    drive.reset()
    assert decode(drive, SpikeBatch.empty((3,)), 50, 51) == STANDSTILL


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_population_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(NetworkError, match=f"3 or 4 neurons .* not {size}"):
        decoder().decode(SpikeBatch.empty((size,)), START_NS, START_NS + DT_NS)


def test_a_velocity_is_made_of_plain_floats() -> None:
    velocity = decode(decoder(), steady([FORWARD], 5), 0, 5)
    assert [type(value) for value in velocity] == [float, float]
