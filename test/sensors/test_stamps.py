from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.sensors.stamps import SET_BACK_NS, next_due_ns, next_stamp_ns

TIMES = st.integers(0, 2**62)


@given(TIMES, st.integers(-SET_BACK_NS, SET_BACK_NS))
def test_stamps_increase(previous_ns: int, step_ns: int) -> None:
    stamp_ns = next_stamp_ns(previous_ns, previous_ns + step_ns)
    assert stamp_ns == max(previous_ns + 1, previous_ns + step_ns)


def test_a_clock_that_was_set_back_is_followed() -> None:
    assert next_stamp_ns(5 * SET_BACK_NS, 3 * SET_BACK_NS) == 3 * SET_BACK_NS
    assert next_stamp_ns(None, 7) == 7


@given(TIMES, st.integers(1, 10**10), st.integers(-(10**10), 10**10))
def test_the_next_sample_is_due_on_the_grid_and_not_before_now(
    due_ns: int, period_ns: int, late_ns: int
) -> None:
    next_ns = next_due_ns(due_ns, period_ns, due_ns + late_ns)
    assert (next_ns - due_ns) % period_ns == 0
    assert next_ns > max(due_ns, due_ns + late_ns)
    assert next_ns - max(due_ns, due_ns + late_ns) <= period_ns
