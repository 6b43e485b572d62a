from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from neuromorphic_ros.decoding.alert import AlertParameters, AlertState, Level, start, step
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.spikes import SpikeBatch

MS = 1_000_000
STEP_MS = 20
WATCH = AlertParameters(
    warning_hz=100.0,
    critical_hz=500.0,
    hysteresis=0.5,
    min_duration_ms=100.0,
    tau_ms=20.0,
    conditions="too warm, too damp",
)
NEURONS = 4


def batch(start_ms: int, every_ms: dict[int, int]) -> SpikeBatch:
    """Return the spikes of one step, of each given neuron every so many milliseconds."""
    events = sorted(
        (ms, neuron)
        for neuron, period in every_ms.items()
        for ms in range(start_ms, start_ms + STEP_MS)
        if ms % period == 0
    )
    address = np.array([neuron for _, neuron in events], np.uint32)
    return SpikeBatch((2, 2), address, np.array([ms * MS for ms, _ in events], np.int64))


def run(
    state: AlertState,
    start_ms: int,
    stop_ms: int,
    every_ms: dict[int, int],
    parameters: AlertParameters = WATCH,
) -> tuple[AlertState, list[Level]]:
    """Run steps of the same rates; return the state and the level after each."""
    levels = []
    for at in range(start_ms, stop_ms, STEP_MS):
        spikes = batch(at, every_ms)
        state = step(parameters, state, spikes, at * MS, (at + STEP_MS) * MS, MS)
        levels.append(state.level)
    return state, levels


def test_the_score_is_the_rate_of_the_most_active_row() -> None:
    state, _ = run(start(NEURONS), 0, 400, {0: 4, 2: 1})
    assert state.score_hz == pytest.approx(500.0, rel=1e-3)
    assert state.condition == "too damp"


def test_one_name_is_for_all_neurons_together() -> None:
    one = AlertParameters(conditions="smoke", tau_ms=20.0)
    state, _ = run(start(NEURONS), 0, 400, {0: 1, 2: 1}, one)
    assert (state.condition, state.score_hz) == ("smoke", pytest.approx(500.0, rel=1e-3))


def test_a_level_is_taken_once_it_was_due_for_long_enough() -> None:
    _, levels = run(start(NEURONS), 0, 400, {2: 1, 3: 2})
    # The rate is beyond both thresholds after the first step and after the second.
    assert levels[:7] == [0, 0, 0, 0, 0, 1, 2]
    assert set(levels[7:]) == {Level.CRITICAL}


def test_what_does_not_last_is_not_told() -> None:
    state, levels = run(start(NEURONS), 0, 60, {2: 1, 3: 1})
    state, more = run(state, 60, 200, {})
    _, again = run(state, 200, 260, {2: 1, 3: 1})
    assert {*levels, *more, *again} == {Level.NORMAL}


def test_a_level_ends_below_its_threshold_by_the_hysteresis() -> None:
    state, _ = run(start(NEURONS), 0, 400, {0: 1, 1: 1})
    state, levels = run(state, 400, 1200, {0: 2})
    # 250 Hz on average is half of what is critical, the ripple of the filter below it.
    assert levels[-1] == Level.WARNING
    state, levels = run(state, 1200, 2000, {0: 4, 1: 20})
    assert set(levels) == {Level.WARNING}
    _, levels = run(state, 2000, 2400, {})
    assert levels[-1] == Level.NORMAL


def test_without_a_duration_a_level_is_taken_at_once() -> None:
    at_once = AlertParameters(
        warning_hz=100.0, critical_hz=100.0, min_duration_ms=0.0, tau_ms=20.0, hysteresis=0.0
    )
    state, levels = run(start(NEURONS), 0, 20, dict.fromkeys(range(4), 1), at_once)
    assert levels == [Level.CRITICAL]
    _, levels = run(state, 20, 80, {}, at_once)
    assert levels[-1] == Level.NORMAL


@given(st.lists(st.integers(0, 5), max_size=40))
def test_what_is_critical_is_never_less_than_a_warning(periods: list[int]) -> None:
    state = start(NEURONS)
    for index, period in enumerate(periods):
        every = {2: period, 3: period} if period else {}
        state, _ = run(state, index * STEP_MS, (index + 1) * STEP_MS, every)
        warning, critical = state.reached
        assert warning or not critical


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"warning_hz": 10.0, "critical_hz": 9.0}, "critical_hz 9 must not be below warning_hz 10"),
        ({"hysteresis": 1.5}, "hysteresis"),
        ({"tau_ms": 0.0}, "tau_ms"),
        ({"conditions": "warm,, damp"}, "conditions"),
    ],
)
def test_parameters_that_cannot_be_are_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        AlertParameters(**changes)


def test_conditions_are_as_many_as_rows_or_one() -> None:
    WATCH.check_rows((2, 2))
    AlertParameters().check_rows((7,))
    with pytest.raises(NetworkError, match=r"'too warm, too damp' are 2, but .* has 3 rows"):
        WATCH.check_rows((3, 2))
