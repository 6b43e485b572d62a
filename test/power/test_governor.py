"""The governor never flaps, never gets stuck, and never sleeps while input waits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
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


def run(
    moments: Sequence[tuple[float, Situation]], state: GovernorState | None = None
) -> tuple[GovernorState, list[tuple[int, Situation, Decision]]]:
    """Step through situations; each with the time since the one before [s]."""
    state, now_ns, found = state or GovernorState(), 0, []
    for after_s, situation in moments:
        now_ns += round(after_s * SECOND_NS)
        state, decision = step(PARAMETERS, state, situation, now_ns)
        found.append((now_ns, situation, decision))
    return state, found


def settled(situation: Situation, seconds: int = 20) -> Decision:
    return run([(1.0, situation)] * seconds)[1][-1][2]


@given(MOMENTS)
def test_it_never_sleeps_while_input_waits(moments: list[tuple[float, Situation]]) -> None:
    for _, situation, decision in run(moments)[1]:
        assert not (decision.asleep and situation.pending)
        assert decision.asleep == (not situation.pending and situation.idle_s >= 1.0)


@given(st.lists(st.tuples(st.floats(0, 20), SITUATIONS), min_size=2, max_size=60))
def test_nothing_gets_better_twice_within_the_dwell(
    moments: list[tuple[float, Situation]],
) -> None:
    found = run(moments)[1]
    changed_ns = -math.inf
    for (_, _, before), (now_ns, _, after) in pairwise(found):
        if before[:2] == after[:2]:
            continue
        better = after.level > before.level or after.quality > before.quality
        if better:
            assert now_ns - changed_ns >= PARAMETERS.min_dwell_s * SECOND_NS
        changed_ns = now_ns


@given(SITUATIONS, st.integers(1, 20))
def test_a_constant_situation_settles(situation: Situation, period_s: int) -> None:
    situation = situation._replace(load=math.nan)
    found = run([(float(period_s), situation)] * 60)[1]
    assert len({(decision.level, decision.quality) for _, _, decision in found[40:]}) == 1


@settings(deadline=None, max_examples=15)
@given(MOMENTS)
def test_good_conditions_always_lead_back_to_the_highest(
    moments: list[tuple[float, Situation]],
) -> None:
    state, found = run(moments)
    begun_ns = max(0, found[-1][0])
    for second in range(1, 2 * 3600 + 100):
        state, decision = step(PARAMETERS, state, GOOD, begun_ns + second * SECOND_NS)
    assert decision == Decision(PowerLevel.HIGH, Quality.HIGH, False, False, decision.reason)


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


def test_thresholds_in_the_wrong_order_are_refused() -> None:
    values = {"battery_low": 0.6}
    with pytest.raises(NeuromorphicError, match=r"battery_medium 0\.5 must not be below"):
        build(GovernorParameters, values, "governor", NeuromorphicError)
