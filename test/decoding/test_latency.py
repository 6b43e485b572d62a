from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.decoding.latency import decode_latency
from neuromorphic_ros.encoding.latency import LatencyCode
from neuromorphic_ros.spikes import SpikeBatch

START_NS = 1_700_000_000_000_000_000


@settings(deadline=None)
@given(
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20),
    st.floats(0.1, 1000.0),
)
def test_levels_come_back_but_for_the_rounding_of_times(
    levels: list[float], sweep_ms: float
) -> None:
    level = np.array(levels)
    spikes = LatencyCode(level.size).encode(level, START_NS, sweep_ms)
    found = decode_latency(spikes, START_NS, sweep_ms)
    assert np.all(np.abs(found[:-2] - level) <= 0.501 / round(sweep_ms * 1e6))
    assert found[-2:].tolist() == [1.0, 0.0], "start and end of the sweep"


def test_the_first_spike_within_the_sweep_counts() -> None:
    spikes = SpikeBatch.checked((3,), [0, 1, 1, 2], [-5, 250_000, 500_000, 1_000_001])
    assert decode_latency(spikes, 0, 1.0).tolist() == [0.0, 0.75, 0.0]
