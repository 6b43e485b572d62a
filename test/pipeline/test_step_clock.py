from __future__ import annotations

import math

import pytest

from neuromorphic_ros.pipeline.messages import STEP_BOUNDS_US
from neuromorphic_ros.pipeline.step_clock import KEPT, StepClock

MS = 1_000_000


def test_misses_are_counted_in_a_row() -> None:
    clock = StepClock()
    found = []
    for taken_ms in (21, 22, 20, 30, 5):
        clock.observe(20 * MS, 20, taken_ms * MS)
        found.append(clock.misses_in_a_row)
    assert found == [1, 2, 0, 1, 0]


def test_nothing_run_is_no_step() -> None:
    clock = StepClock()
    clock.observe(20 * MS, 20, 30 * MS)
    clock.observe(0, 0, 5 * MS)
    assert clock.misses_in_a_row == 1
    assert clock.times().p50_us == 1500.0


def test_times_are_per_tick_and_of_the_last_thousand_steps() -> None:
    clock = StepClock()
    assert math.isnan(clock.times().p50_us)
    clock.observe(MS, 1, 900 * MS)
    for _ in range(KEPT):
        clock.observe(20 * MS, 20, 2 * MS)
    assert clock.times().p50_us == clock.times().p99_us == pytest.approx(100.0)


def test_ticks_are_counted_by_their_time_once() -> None:
    clock = StepClock()
    clock.observe(20 * MS, 20, 20 * 5_000)
    clock.observe(MS, 1, 5_001)
    clock.observe(MS, 3, 3_000 * MS)
    reported = clock.report().ticks
    within = dict(zip((*STEP_BOUNDS_US, math.inf), reported, strict=True))
    assert {bound: ticks for bound, ticks in within.items() if ticks} == {
        5.0: 20, 10.0: 1, math.inf: 3,
    }  # fmt: skip
    assert sum(clock.report().ticks) == 0
