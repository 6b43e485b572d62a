from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.decoding.delta import decode_delta
from neuromorphic_ros.encoding.delta import DeltaCode
from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.spikes import SpikeBatch, merge

START_NS = 1_700_000_000_000_000_000
PERIOD_NS = 10_000_000


@settings(deadline=None)
@given(
    st.lists(st.lists(st.floats(-40.0, 40.0), min_size=2, max_size=2), min_size=2, max_size=12),
    st.lists(st.floats(0.1, 5.0), min_size=2, max_size=2),
)
def test_the_signal_is_within_one_step_at_every_sample(
    signal: list[list[float]], step: list[float]
) -> None:
    code = DeltaCode(2)
    times_ns = START_NS + np.arange(len(signal)) * PERIOD_NS
    spikes = merge(
        [
            code.encode(np.array(values), np.array(step), int(time_ns))
            for values, time_ns in zip(signal, times_ns, strict=True)
        ]
    )
    found = decode_delta(spikes, step, signal[0], times_ns)
    assert found.shape == (len(signal), 2)
    assert np.all(np.abs(found - signal) <= np.array(step) * (1.0 + 1e-9))


def test_a_spike_counts_from_its_own_time_on() -> None:
    spikes = SpikeBatch.checked((2, 1), [1, 1, 0], [10, 20, 30])
    times_ns = np.array([5, 10, 19, 20, 29, 30, 99])
    assert decode_delta(spikes, 2.0, 1.0, times_ns)[:, 0].tolist() == [1, 3, 3, 5, 5, 3, 3]


def test_without_spikes_the_signal_stands() -> None:
    found = decode_delta(SpikeBatch.empty((2, 3)), 1.0, [1.0, 2.0, 3.0], np.array([0, 1]))
    assert found.tolist() == [[1.0, 2.0, 3.0]] * 2


def test_what_is_no_train_of_steps_is_refused() -> None:
    with pytest.raises(SpikeError, match=r"not \(3,\)"):
        decode_delta(SpikeBatch.empty((3,)), 1.0, 0.0, np.array([0]))
    with pytest.raises(SpikeError, match="sort the times"):
        decode_delta(SpikeBatch.empty((2, 1)), 1.0, 0.0, np.array([1, 0]))
