"""The step-forward code of any vector; its properties on six axes are in test_imu."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.encoding.delta import DeltaCode
from neuromorphic_ros.spikes import SpikeBatch

START_NS = 1_700_000_000_000_000_000
PERIOD_NS = 10_000_000


@settings(deadline=None)
@given(
    st.lists(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3), min_size=1, max_size=10),
    st.lists(st.floats(0.5, 100.0), min_size=3, max_size=3),
)
def test_every_channel_has_a_step_of_its_own(signal: list[list[float]], step: list[float]) -> None:
    code = DeltaCode(3)
    rebuilt = np.array(signal[0])
    for index, values in enumerate(signal):
        batch = code.encode(np.array(values), np.array(step), START_NS + index * PERIOD_NS)
        counts = batch.counts()
        rebuilt = rebuilt + (counts[1] - counts[0]) * step
        assert np.all(np.abs(rebuilt - values) <= np.array(step) * (1.0 + 1e-9) + 1e-9)
        SpikeBatch.checked(batch.shape, batch.address, batch.time_ns)


def test_addresses_are_polarity_then_channel_and_times_where_the_line_crosses() -> None:
    code = DeltaCode(2)
    code.encode(np.zeros(2), np.ones(2), START_NS)
    batch = code.encode(np.array([2.0, -4.0]), np.ones(2), START_NS + PERIOD_NS)
    assert batch.shape == (2, 2)
    assert batch.address.tolist() == [1, 1, 2, 1, 1, 2]
    offsets = (batch.time_ns - START_NS) * 4 // PERIOD_NS
    assert offsets.tolist() == [1, 2, 2, 3, 4, 4]


def test_after_reset_the_next_sample_sets_the_base() -> None:
    code = DeltaCode(1)
    code.encode(np.zeros(1), np.ones(1), START_NS)
    code.reset()
    assert len(code.encode(np.full(1, 9.0), np.ones(1), START_NS)) == 0
    assert code.complete_ns(START_NS) == START_NS
