from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neuromorphic_ros.decoding.rate import decode_rates, decode_values
from neuromorphic_ros.encoding.rate import RateCode, RateParameters
from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.spikes import SpikeBatch, merge

MS = 1_000_000
START_NS = 1_700_000_000_000_000_000
MAX_HZ = 500.0


def test_rates_are_spikes_over_time_in_each_window() -> None:
    spikes = SpikeBatch.checked((2, 2), [0, 3, 3, 1], [0, 10 * MS, 19 * MS, 20 * MS])
    found = decode_rates(spikes, np.array([0, 10, 20]) * MS)
    assert found.tolist() == [[[100.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 200.0]]]


@settings(deadline=None)
@given(
    st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=20),
    st.integers(1, 5),
)
def test_regular_spikes_give_the_mean_back_within_one_spike(
    signal: list[float], periods: int
) -> None:
    code = RateCode((1,), seed=0)
    parameters = RateParameters(max_rate_hz=MAX_HZ, hold_ms=10.0)
    low, high = -3.0, 3.0
    spikes = merge(
        [
            code.encode(
                np.array([(value - low) / (high - low)]), START_NS + k * 10 * MS, parameters
            )
            for k, value in enumerate(signal)
        ]
    )
    windows = len(signal) // periods
    assume(windows > 0)
    edges_ns = START_NS + np.arange(windows + 1) * periods * 10 * MS
    found = decode_values(decode_rates(spikes, edges_ns), low, high, MAX_HZ)[:, 0]
    mean = np.reshape(signal[: windows * periods], (windows, periods)).mean(axis=1)
    window_s = periods * 0.01
    # A spike exactly on an edge belongs to the window after it.
    assert np.all(np.abs(found - mean) <= (high - low) / (MAX_HZ * window_s) * (1 + 1e-6))


def test_poisson_spikes_give_the_mean_back_as_well_as_their_number_allows() -> None:
    code = RateCode((100,), seed=0)
    parameters = RateParameters(max_rate_hz=MAX_HZ, hold_ms=1000.0, spiking="poisson")
    spikes = code.encode(np.full(100, 0.4), START_NS, parameters)
    found = decode_values(
        decode_rates(spikes, START_NS + np.array([0, 1000 * MS])), 0.0, 1.0, MAX_HZ
    )[0]
    deviation = np.sqrt(0.4 / MAX_HZ)
    assert abs(found.mean() - 0.4) < 4.0 * deviation / 10.0
    assert found.std() == pytest.approx(deviation, rel=0.3)


@pytest.mark.parametrize("edges_ns", [[0], [0, 0], [0, 2, 1]])
def test_windows_without_length_are_refused(edges_ns: list[int]) -> None:
    with pytest.raises(SpikeError, match="later than the one before"):
        decode_rates(SpikeBatch.empty((1,)), np.array(edges_ns))
