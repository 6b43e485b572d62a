"""The made-up run has everything in it that the picture is to show, whatever the parameters."""

from __future__ import annotations

from itertools import pairwise

import pytest

from neuromorphic_ros.power.governor import GovernorParameters, Situation
from neuromorphic_ros.power.power_mode import PowerLevel
from neuromorphic_ros.power.quality import Quality
from neuromorphic_ros.power.sleep import SleepParameters
from neuromorphic_ros.report.power_figure import policy_figure
from neuromorphic_ros.report.power_policy import (
    Policy,
    cases,
    changes,
    decide,
    made_up_run,
)
from neuromorphic_ros.report.style import png

POLICIES = [
    Policy(),
    Policy(
        GovernorParameters(battery_low=0.0, battery_medium=1.0, min_dwell_s=60.0),
        SleepParameters(3.0),
    ),
    Policy(GovernorParameters(throttle_c=45.0, throttle_hysteresis_c=1.0, retry_s=300.0)),
    Policy(GovernorParameters(battery_hysteresis=0.0, load_high=0.01, min_dwell_s=0.0)),
]


@pytest.mark.parametrize("policy", POLICIES)
def test_in_the_made_up_run_everything_happens(policy: Policy) -> None:
    moments = made_up_run(policy)
    decisions = [moment.decision for moment in moments]
    assert {decided.throttled for decided in decisions} == {False, True}
    assert {decided.asleep for decided in decisions} == {False, True}
    assert {decided.quality for decided in decisions} >= {Quality.LOW, Quality.MEDIUM}
    assert {moment.limited for moment in moments} == {False, True}
    assert any(moment.held for moment in moments) == (policy.governor.min_dwell_s > 0)
    assert all(0 <= moment.situation.battery <= 1 for moment in moments)
    assert not any(moment.decision.asleep and moment.situation.pending for moment in moments)


def test_without_sleep_nobody_sleeps() -> None:
    moments = made_up_run(Policy(sleep=SleepParameters(0.0)))
    assert not any(moment.decision.asleep for moment in moments)


def test_jitter_does_not_make_the_made_up_run_flap() -> None:
    moments = made_up_run(Policy())
    throttled = [moment.decision.throttled for moment in moments]
    assert sum(before != after for before, after in pairwise(throttled)) == 2
    assert len(changes(moments)) < 25


def test_changes_hold_all_that_was_decided() -> None:
    moments = made_up_run(Policy())
    shown = {moment.at_s: moment.decision for moment in changes(moments)}
    decided = None
    for moment in moments:
        decided = shown.get(moment.at_s, decided)
        assert moment.decision == decided


def test_the_last_of_several_situations_is_decided_on_after_those_before() -> None:
    between = Situation(battery=0.52)
    assert decide(Policy(), between).level == PowerLevel.HIGH
    assert decide(Policy(), Situation(battery=0.4), between).level == PowerLevel.MEDIUM


def test_cases_follow_the_parameters() -> None:
    words = {case.words: case.decision for case in cases(Policy())}
    assert words["battery at 35%"].level == PowerLevel.MEDIUM
    assert words["75 degC, on a charger"].throttled
    assert words["nothing to do for 1 s"].asleep
    other = [case.words for case in cases(Policy(GovernorParameters(throttle_c=40.0)))]
    assert "45 degC" in other


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_can_be_drawn(policy: Policy) -> None:
    figure = policy_figure(policy)
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert any("throttled" in text for text in texts)
    assert [text for text in texts if text in ("charger", "idle")] == ["charger", *["idle"] * 3]


def test_equal_policies_are_equal_files() -> None:
    first, second = (png(lambda: policy_figure(Policy()), 60) for _ in range(2))
    assert first == second
    warmer = Policy(GovernorParameters(throttle_hysteresis_c=6.0))
    assert png(lambda: policy_figure(warmer), 60) != first
