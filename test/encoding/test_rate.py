"""Regular and Poisson spikes of given rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from neuromorphic_ros.encoding.rate import RateCode, RateParameters, SpikeGenerator, Spiking
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import build

MS = 1_000_000
SECOND_NS = 1_000 * MS
START_NS = 1_700_000_000_000_000_000
KINDS: tuple[Spiking, ...] = ("regular", "poisson")

rates = st.lists(st.floats(0.0, 1000.0), min_size=1, max_size=5)
lengths = st.lists(st.integers(0, 50 * MS), min_size=1, max_size=8)


@settings(deadline=None)
@given(rates, lengths)
def test_regular_spikes_are_counted_exactly_however_time_is_cut(
    rate_hz: list[float], pieces_ns: list[int]
) -> None:
    generator = SpikeGenerator(len(rate_hz), seed=0)
    counts, start_ns = np.zeros(len(rate_hz)), START_NS
    for length_ns in pieces_ns:
        address, _ = generator.drive(np.array(rate_hz), start_ns, start_ns + length_ns, "regular")
        counts += np.bincount(address, minlength=len(rate_hz))
        start_ns += length_ns
        expected = np.array(rate_hz) * (start_ns - START_NS) / SECOND_NS
        assert np.all(np.abs(counts - expected) < 1.0 + 1e-6)


@pytest.mark.parametrize("spiking", KINDS)
@settings(deadline=None)
@given(rate_hz=rates, length_ns=st.integers(0, 100 * MS))
def test_spikes_are_ordered_and_within_their_time(
    spiking: Spiking, rate_hz: list[float], length_ns: int
) -> None:
    generator = SpikeGenerator(len(rate_hz), seed=0)
    address, time_ns = generator.drive(np.array(rate_hz), START_NS, START_NS + length_ns, spiking)
    assert (address.dtype, time_ns.dtype) == (np.uint32, np.int64)
    assert np.all(np.diff(time_ns) >= 0)
    assert np.all((time_ns >= START_NS) & (time_ns <= START_NS + length_ns))
    assert np.all(np.array(rate_hz)[address] > 0.0)


def test_regular_spikes_have_equal_gaps() -> None:
    generator = SpikeGenerator(3, seed=0)
    rate_hz = np.array([70.0, 130.0, 0.0])
    pieces = [
        generator.drive(rate_hz, START_NS + at * MS, START_NS + (at + 7) * MS, "regular")
        for at in range(0, 700, 7)
    ]
    address = np.concatenate([piece[0] for piece in pieces])
    time_ns = np.concatenate([piece[1] for piece in pieces])
    for channel in (0, 1):
        gaps = np.diff(time_ns[address == channel])
        assert np.abs(gaps - SECOND_NS / rate_hz[channel]).max() <= 2


def test_poisson_spikes_follow_their_distributions() -> None:
    rate_hz = np.array([50.0, 400.0])
    generator = SpikeGenerator(2, seed=3)
    windows, length_ns = 4000, 20 * MS
    counts, gaps = [], []
    for window in range(windows):
        start_ns = START_NS + window * length_ns
        address, time_ns = generator.drive(rate_hz, start_ns, start_ns + length_ns, "poisson")
        counts.append(np.bincount(address, minlength=2))
        gaps.append(time_ns[address == 1])
    count = np.array(counts)
    mean = rate_hz * length_ns / SECOND_NS
    standard_error = np.sqrt(mean / windows)
    assert np.all(np.abs(count.mean(axis=0) - mean) < 4.0 * standard_error)
    assert count.var(axis=0) / mean == pytest.approx(1.0, abs=0.1), "Fano factor"
    intervals_s = np.diff(np.concatenate(gaps)) / SECOND_NS
    assert stats.kstest(intervals_s, "expon", args=(0.0, 1.0 / rate_hz[1])).pvalue > 0.01
    assert abs(np.corrcoef(count.T)[0, 1]) < 0.06, "addresses are independent"


@pytest.mark.parametrize("spiking", KINDS)
def test_reset_repeats_exactly_and_another_seed_does_not(spiking: Spiking) -> None:
    parameters = RateParameters(spiking=spiking)
    level = np.array([0.3, 0.9])
    code = RateCode((2,), seed=1)
    first = [code.encode(level, START_NS + at * MS, parameters) for at in (0, 90, 240)]
    code.reset()
    again = [code.encode(level, START_NS + at * MS, parameters) for at in (0, 90, 240)]
    assert again == first
    other = RateCode((2,), seed=2).encode(level, START_NS, parameters)
    assert (other == first[0]) == (spiking == "regular")


@pytest.mark.parametrize("spiking", KINDS)
def test_a_sample_drives_from_the_end_of_the_last_one_for_as_long_as_it_holds(
    spiking: Spiking,
) -> None:
    code = RateCode((1,), seed=0)
    parameters = RateParameters(max_rate_hz=5000.0, hold_ms=10.0, spiking=spiking)
    level = np.ones(1)
    spans = []
    for at_ms in (0, 4, 30):
        stamp_ns = START_NS + at_ms * MS
        batch = code.encode(level, stamp_ns, parameters)
        spans.append((batch.time_ns[[0, -1]] - START_NS) / MS)
        assert code.complete_ns(stamp_ns) == stamp_ns + 10 * MS
    assert np.allclose(spans, [(0, 10), (10, 14), (30, 40)], atol=1.5)


def test_a_shorter_hold_does_not_turn_time_back() -> None:
    code = RateCode((1,), seed=0)
    code.encode(np.ones(1), START_NS, RateParameters(hold_ms=100.0))
    batch = code.encode(np.ones(1), START_NS + MS, RateParameters(hold_ms=1.0))
    assert len(batch) == 0
    assert code.complete_ns(START_NS + MS) == START_NS + 100 * MS


def test_the_shape_is_kept() -> None:
    batch = RateCode((2, 3), seed=0).encode(np.eye(2, 3), START_NS, RateParameters())
    assert batch.shape == (2, 3)
    assert (batch.counts() > 0).tolist() == [[True, False, False], [False, True, False]]


def test_another_kind_of_spiking_is_refused() -> None:
    with pytest.raises(SensorError, match=r"spiking = 'random'.*'regular' or 'poisson'"):
        build(RateParameters, {"spiking": "random"}, "rate", SensorError)
