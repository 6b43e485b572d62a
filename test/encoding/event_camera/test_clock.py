from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.encoding.event_camera.clock import JUMP_NS, SensorClock

EPOCH_NS = 1_700_000_000_000_000_000
MS = 1_000_000


def errors_ns(drift_ppm: float, hours: float, jitter_ms: float = 4.0) -> np.ndarray:
    """Return how far the mapped start of each packet is from its true time."""
    generator = np.random.default_rng(1)
    clock = SensorClock()
    true_ns = np.arange(0, hours * 3600e9, 100 * MS).astype(np.int64)
    sensor_ns = np.rint(true_ns * (1 + drift_ppm * 1e-6)).astype(np.int64)
    stamps_ns = EPOCH_NS + true_ns + generator.exponential(jitter_ms * MS, true_ns.size).astype(int)
    mapped = [
        s + clock.follow(s, t)
        for s, t in zip(*map(np.ndarray.tolist, (sensor_ns, stamps_ns)), strict=True)
    ]
    return np.array(mapped) - EPOCH_NS - true_ns


@pytest.mark.parametrize("drift_ppm", [-100.0, 0.0, 100.0])
def test_drift_does_not_add_up_over_hours(drift_ppm: float) -> None:
    """100 ppm over 5 hours are 1.8 s; the median of the delays is 2.8 ms."""
    errors = errors_ns(drift_ppm, 5.0)[1000:]
    assert np.abs(np.median(errors) - 2.8 * MS) < 1.5 * MS
    assert np.abs(errors).max() < 8 * MS


def test_a_late_stamp_moves_the_clock_no_more_than_its_limit() -> None:
    clock = SensorClock()
    clock.follow(0, EPOCH_NS)
    assert clock.follow(10 * MS, EPOCH_NS + 900 * MS) == EPOCH_NS + 5000
    assert clock.follow(20 * MS, EPOCH_NS + 20 * MS) == EPOCH_NS
    assert clock.follow(30 * MS, EPOCH_NS + 30 * MS + 7) == EPOCH_NS + 7


def test_the_first_stamp_fixes_the_offset() -> None:
    clock = SensorClock()
    assert not clock.jumps(5, EPOCH_NS)
    assert clock.follow(5, EPOCH_NS) == EPOCH_NS - 5
    clock.reset()
    assert clock.follow(5, 10) == 5


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_second_is_a_jump(sign: int) -> None:
    clock = SensorClock()
    clock.follow(0, EPOCH_NS)
    assert not clock.jumps(MS, EPOCH_NS + MS + sign * (JUMP_NS - 1))
    assert clock.jumps(MS, EPOCH_NS + MS + sign * JUMP_NS)


@given(
    st.lists(
        st.tuples(st.integers(0, 10**12), st.integers(-(10**10), 10**10)), min_size=1, max_size=30
    )
)
def test_offsets_move_by_500_ppm_at_most(steps: list[tuple[int, int]]) -> None:
    clock = SensorClock()
    sensor_ns = 0
    offset_ns = clock.follow(0, EPOCH_NS)
    for step_ns, delay_ns in steps:
        sensor_ns += step_ns
        moved_ns = clock.follow(sensor_ns, EPOCH_NS + sensor_ns + delay_ns) - offset_ns
        assert abs(moved_ns) <= step_ns * 500 // 1_000_000
        offset_ns += moved_ns
