"""The time to the first spike; what it gives of a scan is in test_scan."""

from __future__ import annotations

import numpy as np

from neuromorphic_ros.encoding.latency import LatencyCode

MS = 1_000_000
START_NS = 1_700_000_000_000_000_000


def test_the_higher_the_level_the_earlier_the_spike() -> None:
    code = LatencyCode(4)
    batch = code.encode(np.array([0.5, 1.0, 0.0, 0.25]), START_NS, 40.0)
    assert batch.shape == (6,)
    assert batch.address.tolist() == [1, 4, 0, 3, 5]
    assert ((batch.time_ns - START_NS) // MS).tolist() == [0, 0, 20, 30, 40]
    assert code.complete_ns(START_NS) == START_NS + 40 * MS


def test_samples_during_a_sweep_are_skipped_and_counted() -> None:
    code = LatencyCode(1)
    sizes = [len(code.encode(np.ones(1), START_NS + at * MS, 10.0)) for at in (0, 5, 10)]
    assert sizes == [3, 0, 3]
    assert code.skipped == 1
    code.reset()
    assert code.skipped == 0
    assert len(code.encode(np.ones(1), START_NS, 10.0)) == 3
