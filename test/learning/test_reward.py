"""The reward of driving: obstacles that come and go, collisions, and what is usual."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.learning.reward import DrivingReward, Observation, RewardState, step

PARAMETERS = DrivingReward()
PERIOD_NS = 100_000_000
SPEED_M_S = 0.4


def rewards(
    *seen: tuple[float, bool], parameters: DrivingReward = PARAMETERS, period_ns: int = PERIOD_NS
) -> list[float]:
    """Return the rewards of nearest returns and contacts at a speed, one per period."""
    found, state = [], RewardState()
    for index, (nearest_m, contact) in enumerate(seen):
        observed = Observation(index * period_ns, nearest_m, SPEED_M_S, contact)
        state, reward = step(parameters, state, observed)
        found.append(reward)
    return found


def free(*nearest_m: float) -> list[tuple[float, bool]]:
    return [(each_m, False) for each_m in nearest_m]


def test_what_recedes_is_good_and_what_comes_near_is_bad() -> None:
    receding, approaching = rewards(*free(0.8, 0.82)), rewards(*free(0.82, 0.8))
    assert receding[-1] == pytest.approx(0.02 * PARAMETERS.recede_per_m)
    assert approaching[-1] == pytest.approx(-receding[-1])


@pytest.mark.parametrize("jump_m", [0.05, 0.3, 10.0, math.inf])
def test_what_goes_out_of_sight_counts_no_more_than_the_robot_can_drive(jump_m: float) -> None:
    most = PARAMETERS.recede_per_m * PARAMETERS.max_speed_m_s * 0.1
    assert rewards(*free(0.5, 0.5 + jump_m))[-1] == pytest.approx(most)
    assert rewards(*free(0.5 + jump_m, 0.5))[-1] == pytest.approx(-most)


def test_a_collision_is_punished_also_at_once() -> None:
    assert rewards((0.2, True)) == [-1.0]
    assert rewards(*free(0.3), (0.2, True))[-1] == -1.0
    by_distance = replace(PARAMETERS, touch_m=0.25)
    assert rewards(*free(0.3, 0.2), parameters=by_distance)[-1] == -1.0


def test_after_a_collision_the_next_return_is_compared_with_nothing() -> None:
    assert rewards(*free(0.3), (0.2, True), *free(1.0)) == [0.0, -1.0, 0.0]


def test_driving_is_rewarded_where_nothing_is_near() -> None:
    expected = PARAMETERS.drive_per_m * SPEED_M_S * 0.1
    assert rewards(*free(5.0, math.inf))[-1] == pytest.approx(expected)
    seen = Observation(PERIOD_NS, 5.0, -0.4)
    assert step(PARAMETERS, RewardState(0.0, PARAMETERS.far_m, 0), seen)[1] == 0.0


@pytest.mark.parametrize(
    ("gap_ns", "nearest_m"),
    [(0, 0.9), (-PERIOD_NS, 0.9), (1_000_000_001, 0.9), (PERIOD_NS, math.nan)],
)
def test_what_cannot_be_compared_is_neither_good_nor_bad(gap_ns: int, nearest_m: float) -> None:
    before = RewardState(-0.3, 0.5, 10 * PERIOD_NS)
    seen = Observation(10 * PERIOD_NS + gap_ns, nearest_m, SPEED_M_S)
    after, reward = step(PARAMETERS, before, seen)
    assert reward == 0.0
    assert after.usual_per_s == before.usual_per_s
    assert after.nearest_m == (None if math.isnan(nearest_m) else nearest_m)


@pytest.mark.parametrize("period_ns", [25_000_000, PERIOD_NS])
def test_what_is_usual_is_neither_good_nor_bad_at_any_rate_of_scans(period_ns: int) -> None:
    # It comes near at 2 cm/s for a minute, from 1.2 m on.
    count = 60_000_000_000 // period_ns
    seen = free(*(1.2 - 0.02e-9 * period_ns * index for index in range(count)))
    found = rewards(*seen, period_ns=period_ns)
    usual = -0.02e-9 * period_ns * PARAMETERS.recede_per_m
    assert found[1] == pytest.approx(usual)
    assert abs(found[-1]) < 0.01 * abs(usual)
    # Within a time constant, 1/e of it is left.
    assert found[10_000_000_000 // period_ns] == pytest.approx(usual / math.e, rel=0.05)


@given(
    st.lists(
        st.tuples(st.floats(0, 100) | st.just(math.inf) | st.just(math.nan), st.booleans()),
        max_size=50,
    ),
    st.integers(1, 2_000_000_000),
)
def test_rewards_are_what_a_network_takes(seen: list[tuple[float, bool]], period_ns: int) -> None:
    assert all(-1.0 <= reward <= 1.0 for reward in rewards(*seen, period_ns=period_ns))


@given(st.lists(st.floats(-0.04, 0.04), min_size=1, max_size=30))
def test_rewards_of_a_way_there_and_back_cancel_before_anything_is_usual(
    steps_m: list[float],
) -> None:
    slow = replace(PARAMETERS, tau_usual_s=1e4, far_m=10.0)
    there_m = list(accumulate(steps_m, initial=5.0))
    found = rewards(*free(*there_m, *reversed(there_m)), parameters=slow)
    assert sum(found) == pytest.approx(0.0, abs=0.01)
