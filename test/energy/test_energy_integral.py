"""Energy is the integral of power, and never less than it because something was not read."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.energy.energy_integral import EnergyState, Span, integrate, power_w
from neuromorphic_ros.energy.meter import Reading

SECOND_NS = 1_000_000_000


def watts(at_s: float, **power_w: float) -> Reading:
    return Reading(round(at_s * SECOND_NS), power_w, {}, ("a", "b"))


def unknown(span: Span) -> bool:
    return all(map(math.isnan, (*span, span.mean_w)))


def run(*readings: Reading) -> EnergyState:
    state = EnergyState()
    for reading in readings:
        state = integrate(state, reading, reading.stamp_ns)
    return state


@given(
    powers=st.lists(st.floats(0, 100), min_size=2, max_size=20),
    period_s=st.sampled_from([0.1, 0.5, 2.0]),
)
def test_it_is_the_sum_of_trapezoids(powers: list[float], period_s: float) -> None:
    readings = [watts(index * period_s, a=power, b=1.0) for index, power in enumerate(powers)]
    inner = sum(powers[1:-1]) + (powers[0] + powers[-1]) / 2
    state = run(*readings)
    duration_s = (len(powers) - 1) * period_s
    assert state.energy_j == pytest.approx(inner * period_s + duration_s)
    assert state.measured_s == pytest.approx(duration_s)
    assert state.since(EnergyState()) == (state.energy_j, state.measured_s)


def test_counters_are_exact_over_any_gap() -> None:
    total = ("package",)
    readings = (
        Reading(at_s * SECOND_NS, {}, {"package": 7.0 * at_s}, total) for at_s in (1, 2, 90)
    )
    assert run(*readings).since(EnergyState()) == pytest.approx((7.0 * 89, 89.0))


def test_a_source_that_vanishes_makes_the_energy_unknown_not_smaller() -> None:
    before = run(watts(0, a=5.0, b=1.0), watts(1, a=5.0, b=1.0))
    gone = integrate(before, watts(2, a=5.0), 2 * SECOND_NS)
    assert unknown(gone.since(before))
    back = integrate(
        integrate(gone, watts(3, a=5.0, b=1.0), 3 * SECOND_NS), watts(4, a=5.0, b=1.0), 4
    )
    assert unknown(back.since(before))
    assert back.unmeasured_s == pytest.approx(2.0)
    later = integrate(back, watts(5, a=5.0, b=1.0), 5 * SECOND_NS)
    assert later.since(back) == pytest.approx((6.0, 1.0))


def test_power_over_a_long_gap_or_without_a_reading_is_not_known() -> None:
    state = run(watts(0, a=1.0, b=1.0), watts(10, a=1.0, b=1.0))
    assert unknown(state.since(EnergyState()))
    assert state.unmeasured_s == pytest.approx(10.0)
    lost = integrate(state, None, 11 * SECOND_NS)
    assert unknown(lost.since(state))


def test_nothing_is_known_before_two_readings() -> None:
    assert unknown(run(watts(0, a=1.0, b=1.0)).since(EnergyState()))
    assert integrate(EnergyState(), None, 5) == EnergyState()


def test_a_counter_that_goes_back_is_not_known() -> None:
    total = ("gpu0",)
    readings = (Reading(at * SECOND_NS, {}, {"gpu0": 9.0 - at}, total) for at in (1, 2))
    assert unknown(run(*readings).since(EnergyState()))


def test_the_mean_power_of_a_span_is_that_of_its_time() -> None:
    before = run(watts(0, a=9.0, b=1.0), watts(1, a=2.0, b=1.0))
    after = integrate(before, watts(3, a=4.0, b=1.0), 3 * SECOND_NS)
    assert after.since(before).mean_w == pytest.approx(4.0)
    assert unknown(after.since(after))


def test_power_is_what_is_told_or_the_mean_of_a_counter() -> None:
    total = ("gpu0", "gpu1")
    before = Reading(0, {}, {"gpu0": 1.0, "gpu1": 5.0}, total)
    after = Reading(2 * SECOND_NS, {"gpu0": 30.0}, {"gpu0": 2.0, "gpu1": 9.0}, total)
    assert power_w(before, after) == {"gpu0": 30.0, "gpu1": 2.0, "total": 32.0}
    assert power_w(None, after) == {"gpu0": 30.0}
    assert power_w(after, after) == {"gpu0": 30.0}


def test_a_total_of_which_a_source_is_missing_is_not_told() -> None:
    assert power_w(None, watts(0, a=1.0)) == {"a": 1.0}
    went_back = Reading(SECOND_NS, {}, {"package": 1.0}, ("package",))
    assert power_w(Reading(0, {}, {"package": 2.0}, ("package",)), went_back) == {}
