"""The governor never flaps, never gets stuck, and never sleeps while input waits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.power.governor import (
    Decision,
    GovernorParameters,
    GovernorState,
    Situation,
    step,
)
from neuromorphic_ros.power.power_mode import PowerLevel
from neuromorphic_ros.power.quality import Quality
from neuromorphic_ros.power.sleep import SleepParameters

SECOND_NS = 1_000_000_000
PARAMETERS = GovernorParameters()
GOOD = Situation(battery=1.0, temperature_c=40.0, load=0.1)

UNKNOWN = st.just(math.nan)
SITUATIONS = st.builds(
    Situation,
    battery=UNKNOWN | st.floats(0, 1),
    charging=st.booleans(),
    temperature_c=UNKNOWN | st.floats(-40, 120),
    load=UNKNOWN | st.floats(0, 5),
    idle_s=st.floats(0, 100),
    pending=st.booleans(),
)
# Also times that are set back.
MOMENTS = st.lists(st.tuples(st.floats(-5, 100), SITUATIONS), min_size=1, max_size=40)


@st.composite
def policies(draw: st.DrawFn) -> GovernorParameters:
    low, medium = sorted((draw(st.floats(0, 1)), draw(st.floats(0, 1))))
    return GovernorParameters(
        battery_low=low,
        battery_medium=medium,
        battery_hysteresis=draw(st.floats(0.01, 0.2)),
        throttle_c=draw(st.floats(30, 90)),
        throttle_hysteresis_c=draw(st.floats(0.5, 20)),
        load_high=draw(st.floats(0.1, 1)),
        retry_s=draw(st.floats(1, 600)),
        min_dwell_s=draw(st.floats(0, 60)),
        memory_s=draw(st.floats(0, 100)),
    )


def run(
    moments: Sequence[tuple[float, Situation]],
    state: GovernorState | None = None,
    parameters: GovernorParameters = PARAMETERS,
) -> tuple[GovernorState, list[tuple[int, Situation, Decision]]]:
    """Step through situations; each with the time since the one before [s]."""
    state, now_ns, found = state or GovernorState(), 0, []
    for after_s, situation in moments:
        now_ns += round(after_s * SECOND_NS)
        state, decision = step(parameters, state, situation, now_ns)
        found.append((now_ns, situation, decision))
    return state, found


def settled(situation: Situation, seconds: int = 20) -> Decision:
    return run([(1.0, situation)] * seconds)[1][-1][2]


@given(MOMENTS, st.floats(0, 10))
def test_it_never_sleeps_while_input_waits(
    moments: list[tuple[float, Situation]], after_s: float
) -> None:
    state, now_ns = GovernorState(), 0
    for passed_s, situation in moments:
        now_ns += round(passed_s * SECOND_NS)
        state, decision = step(PARAMETERS, state, situation, now_ns, SleepParameters(after_s))
        assert not (decision.asleep and situation.pending)
        idle = 0 < after_s <= situation.idle_s
        assert decision.asleep == (idle and not situation.pending)


def test_it_sleeps_after_a_second_and_wakes_at_once() -> None:
    waits = [Situation(idle_s=idle_s, pending=False) for idle_s in (0.9, 1.0, 50.0)]
    found = run([(0.1, each) for each in (*waits, Situation(idle_s=50.0, pending=True))])[1]
    assert [decision.asleep for _, _, decision in found] == [False, True, True, False]


@given(policies(), MOMENTS)
def test_what_gets_worse_acts_at_once(
    parameters: GovernorParameters, moments: list[tuple[float, Situation]]
) -> None:
    for _, situation, decision in run(moments, parameters=parameters)[1]:
        if situation.temperature_c > parameters.throttle_c:
            assert decision[:4] == (PowerLevel.LOW, Quality.LOW, decision.asleep, True)
        if not situation.charging and situation.battery < parameters.battery_medium:
            allowed = 0 if situation.battery < parameters.battery_low else 1
            assert max(decision.level, decision.quality) <= allowed


@given(policies(), st.lists(st.tuples(st.floats(0, 20), SITUATIONS), min_size=2, max_size=60))
def test_nothing_gets_better_twice_within_the_dwell(
    parameters: GovernorParameters, moments: list[tuple[float, Situation]]
) -> None:
    found = run(moments, parameters=parameters)[1]
    changed_ns = -math.inf
    for (_, _, before), (now_ns, _, after) in pairwise(found):
        if before[:2] == after[:2] and before.throttled == after.throttled:
            continue
        better = after.level > before.level or after.quality > before.quality
        if better or before.throttled > after.throttled:
            assert now_ns - changed_ns >= parameters.min_dwell_s * SECOND_NS
        changed_ns = now_ns


SHARES = st.lists(st.floats(0, 0.98), min_size=2, max_size=60)


@given(policies(), SHARES, st.floats(-0.15, 0.15), st.floats(1, 100))
def test_a_battery_that_jitters_within_the_hysteresis_never_flaps(
    parameters: GovernorParameters, shares: list[float], off: float, period_s: float
) -> None:
    base = min(max(0.0, parameters.battery_medium + off), 0.8)
    width = parameters.battery_hysteresis
    moments = [(period_s, Situation(battery=base + share * width)) for share in shares]
    found = [decision for _, _, decision in run(moments, parameters=parameters)[1]]
    assert all(after.level <= before.level for before, after in pairwise(found))
    assert all(after.quality <= before.quality for before, after in pairwise(found))


@given(policies(), SHARES, st.floats(-15, 15), st.floats(1, 100))
def test_a_temperature_that_jitters_within_the_hysteresis_never_flaps(
    parameters: GovernorParameters, shares: list[float], off_c: float, period_s: float
) -> None:
    width_c, base_c = parameters.throttle_hysteresis_c, parameters.throttle_c + off_c
    moments = [(period_s, Situation(temperature_c=base_c + share * width_c)) for share in shares]
    found = [decision for _, _, decision in run(moments, parameters=parameters)[1]]
    assert all(after.throttled >= before.throttled for before, after in pairwise(found))


@given(SITUATIONS, st.integers(1, 20))
def test_a_constant_situation_settles(situation: Situation, period_s: int) -> None:
    situation = situation._replace(load=math.nan)
    found = run([(float(period_s), situation)] * 60)[1]
    assert len({(decision.level, decision.quality) for _, _, decision in found[40:]}) == 1


@given(policies(), MOMENTS, st.floats(-1e6, 1e6))
def test_good_conditions_always_lead_back_to_the_highest(
    parameters: GovernorParameters, moments: list[tuple[float, Situation]], jump_s: float
) -> None:
    cool = parameters.throttle_c - parameters.throttle_hysteresis_c - 1
    good = Situation(battery=1.0, temperature_c=cool, load=0.05)
    state, found = run(moments, parameters=parameters)
    # The clock may have been set.
    begun_ns = found[-1][0] + round(jump_s * SECOND_NS)
    for minute in range(2 * 60 + 5):
        now_ns = begun_ns + minute * 60 * SECOND_NS
        state, decision = step(parameters, state, good, now_ns)
    assert decision[:4] == (PowerLevel.HIGH, Quality.HIGH, False, False)


@given(st.floats(0, 1), st.floats(0, 1))
def test_less_battery_never_allows_more(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert settled(Situation(battery=low)).level <= settled(Situation(battery=high)).level


@given(MOMENTS)
def test_every_change_has_a_reason(moments: list[tuple[float, Situation]]) -> None:
    assert all(decision.reason for _, _, decision in run(moments)[1])


@pytest.mark.parametrize(
    ("battery", "level"),
    [
        (0.1, PowerLevel.LOW),
        (0.3, PowerLevel.MEDIUM),
        (0.6, PowerLevel.HIGH),
        (math.nan, PowerLevel.HIGH),
    ],
)
def test_the_battery_limits_mode_and_quality(battery: float, level: PowerLevel) -> None:
    decision = settled(Situation(battery=battery))
    assert (decision.level, int(decision.quality)) == (level, int(level))
    assert settled(Situation(battery=battery, charging=True)).level == PowerLevel.HIGH


def test_heat_acts_at_once_and_ends_beyond_the_hysteresis() -> None:
    hot, cooler, cool = (GOOD._replace(temperature_c=value) for value in (71.0, 66.0, 64.0))
    moments = [(1.0, GOOD), (1.0, hot), *[(1.0, cooler)] * 60, *[(1.0, cool)] * 10]
    found = [decision for _, _, decision in run(moments)[1]]
    assert found[1].throttled
    assert found[1][:2] == (PowerLevel.LOW, Quality.LOW)
    assert found[1].reason == "71.0 degC, throttled above 70 degC"
    assert found[61].throttled
    assert not found[-1].throttled
    assert found[-1].level == PowerLevel.HIGH


def test_a_thermometer_that_vanishes_while_hot_counts_for_a_while() -> None:
    moments = [(1.0, GOOD._replace(temperature_c=80.0)), *[(1.0, Situation(battery=1.0))] * 120]
    found = [decision for _, _, decision in run(moments)[1]]
    assert found[50].throttled
    assert not found[-1].throttled


@pytest.mark.parametrize(
    ("bad", "words"),
    [(Situation(battery=0.1), "battery"), (Situation(temperature_c=80.0), "degC")],
)
def test_what_vanishes_is_forgotten_also_if_the_clock_was_set_back(
    bad: Situation, words: str
) -> None:
    moments = [(1e6, bad), (-9e5, Situation()), *[(1.0, Situation())] * 70]
    found = [decision for _, _, decision in run(moments)[1]]
    assert words in found[50].reason
    assert found[-1][:2] == (PowerLevel.HIGH, Quality.HIGH)


@pytest.mark.parametrize("least", [0.3, 0.6])
def test_a_load_that_only_fits_at_lower_quality_is_tried_ever_more_rarely(least: float) -> None:
    state, now_ns, changes = GovernorState(), 0, []
    share = {Quality.HIGH: 1.0, Quality.MEDIUM: least, Quality.LOW: 0.3}
    quality = Quality.HIGH
    for _ in range(24 * 3600):
        now_ns += SECOND_NS
        state, decision = step(PARAMETERS, state, GOOD._replace(load=share[quality]), now_ns)
        if decision.quality != quality:
            changes.append(now_ns)
        quality = decision.quality
    assert changes
    assert len(changes) < 2 * (math.log2(3600 / 30) + 26)


def test_a_load_that_was_measured_before_the_last_step_down_is_no_reason_for_another() -> None:
    busy = GOOD._replace(load=1.0)
    found = [decision.quality for _, _, decision in run([(1.0, busy)] * 7)[1]]
    assert found == [Quality.MEDIUM] * 5 + [Quality.LOW] * 2


def test_after_days_of_too_much_work_it_recovers_within_two_pauses_of_an_hour() -> None:
    busy = [(10.0, GOOD._replace(load=2.0))] * (3 * 24 * 360)
    state, found = run(busy)
    assert found[-1][2].quality < Quality.HIGH
    now_ns = found[-1][0]
    for _ in range(2 * 60 + 2):
        now_ns += 60 * SECOND_NS
        state, decision = step(PARAMETERS, state, GOOD, now_ns)
    assert decision.quality == Quality.HIGH


def test_thresholds_in_the_wrong_order_are_refused() -> None:
    values = {"battery_low": 0.6}
    with pytest.raises(NeuromorphicError, match=r"battery_medium 0\.5 must not be below"):
        build(GovernorParameters, values, "governor", NeuromorphicError)
