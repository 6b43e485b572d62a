"""The motion guard: zero at once, zero for a while, silence, and recovery."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.decoding.motion_guard import GuardParameters, GuardState, guard
from neuromorphic_ros.decoding.velocity import STANDSTILL, Velocity

PARAMETERS = GuardParameters(input_timeout_s=0.5, zero_hold_s=1.0)
MOVING = Velocity(0.3, -0.2)
SECOND = 1_000_000_000
NOW = 1_700_000_000 * SECOND


def test_fresh_input_passes_the_command_on() -> None:
    state, decision = guard(PARAMETERS, GuardState(), NOW, MOVING, NOW - SECOND // 10)
    assert state == GuardState()
    assert decision.velocity == MOVING
    assert decision.reason == ""


@pytest.mark.parametrize(
    ("wanted", "input_ns", "fault", "reason"),
    [
        (MOVING, None, "", "no input yet"),
        (MOVING, NOW - SECOND // 2 - 1, "", "input is 0.50 s old, older than input_timeout_s 0.5"),
        (MOVING, NOW - 3 * SECOND, "", "input is 3.00 s old"),
        (MOVING, NOW + SECOND, "", "input is stamped 1.00 s ahead of the clock"),
        (Velocity(math.nan, 0.0), NOW, "", "is not finite"),
        (Velocity(0.0, math.inf), NOW, "", "is not finite"),
        (MOVING, NOW, "core failed", "core failed"),
        (MOVING, None, "core failed", "core failed"),
    ],
)
def test_motion_stops_at_once_and_says_why(
    wanted: Velocity, input_ns: int | None, fault: str, reason: str
) -> None:
    state, decision = guard(PARAMETERS, GuardState(), NOW, wanted, input_ns, fault)
    assert decision.velocity == STANDSTILL
    assert reason in decision.reason
    assert state == GuardState(stopped_ns=NOW)


@pytest.mark.parametrize("input_ns", [NOW - SECOND // 2, NOW, NOW + SECOND // 2])
def test_input_within_its_timeout_is_fresh(input_ns: int) -> None:
    assert guard(PARAMETERS, GuardState(), NOW, MOVING, input_ns)[1].velocity == MOVING


def test_zero_is_held_and_then_nothing_is_published() -> None:
    state = GuardState()
    published = []
    for step in range(15):
        state, decision = guard(PARAMETERS, state, NOW + step * SECOND // 10, MOVING, None)
        published.append(decision.velocity)
        assert decision.reason == "no input yet"
    assert published == [STANDSTILL] * 11 + [None] * 4


def test_another_reason_does_not_start_the_hold_again() -> None:
    state, _ = guard(PARAMETERS, GuardState(), NOW, MOVING, None)
    state, decision = guard(PARAMETERS, state, NOW + 2 * SECOND, MOVING, NOW, "core failed")
    assert decision.velocity is None
    assert decision.reason == "core failed"


def test_without_hold_zero_is_published_exactly_once() -> None:
    parameters = GuardParameters(zero_hold_s=0.0)
    state, first = guard(parameters, GuardState(), NOW, MOVING, None)
    _, second = guard(parameters, state, NOW + 1, MOVING, None)
    assert first.velocity == STANDSTILL
    assert second.velocity is None


def test_motion_recovers_on_fresh_input_and_the_next_stop_holds_anew() -> None:
    state, _ = guard(PARAMETERS, GuardState(), NOW, MOVING, None)
    later = NOW + 5 * SECOND
    state, decision = guard(PARAMETERS, state, later, MOVING, later)
    assert decision.velocity == MOVING
    state, decision = guard(PARAMETERS, state, later + SECOND, MOVING, later)
    assert decision.velocity == STANDSTILL
    assert state.stopped_ns == later + SECOND


@settings(deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, SECOND),
            st.one_of(st.none(), st.integers(-SECOND, SECOND)),
            st.sampled_from([0.3, math.nan, math.inf]),
            st.sampled_from(["", "deadline missed 5 times"]),
        ),
        max_size=30,
    )
)
def test_nothing_but_a_finite_command_on_fresh_input_without_fault_ever_moves(
    steps: list[tuple[int, int | None, float, str]],
) -> None:
    state, now = GuardState(), NOW
    for elapsed, age, speed, fault in steps:
        now += elapsed
        wanted = Velocity(speed, 0.0)
        stamp = None if age is None else now - age
        state, decision = guard(PARAMETERS, state, now, wanted, stamp, fault)
        fit = not fault and math.isfinite(speed) and age is not None and abs(age) <= SECOND // 2
        assert (decision.velocity == wanted) is fit
        assert (decision.reason == "") is fit
        assert fit or decision.velocity in (STANDSTILL, None)
