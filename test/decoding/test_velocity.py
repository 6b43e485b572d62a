"""Velocity limits hold for every previous, wanted and elapsed time."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.decoding.velocity import STANDSTILL, Velocity, VelocityLimits, limit

LIMITS = VelocityLimits(
    max_linear_m_s=0.5, max_angular_rad_s=2.5, max_linear_m_s2=2.0, max_angular_rad_s2=40.0
)
anything = st.floats(allow_nan=True, allow_infinity=True)
reachable = st.builds(Velocity, st.floats(-0.5, 0.5), st.floats(-2.5, 2.5))


@settings(deadline=None)
@given(
    previous=reachable,
    wanted=st.builds(Velocity, anything, anything),
    elapsed_s=st.floats(-10.0, 10.0),
)
def test_no_command_exceeds_velocity_or_acceleration(
    previous: Velocity, wanted: Velocity, elapsed_s: float
) -> None:
    limited = limit(LIMITS, previous, wanted, elapsed_s)
    assert abs(limited.linear_m_s) <= 0.5
    assert abs(limited.angular_rad_s) <= 2.5
    step_s = max(0.0, elapsed_s)
    assert abs(limited.linear_m_s - previous.linear_m_s) <= 2.0 * step_s + 1e-12
    assert abs(limited.angular_rad_s - previous.angular_rad_s) <= 40.0 * step_s + 1e-12


@settings(deadline=None)
@given(previous=reachable, wanted=reachable)
def test_given_time_what_is_allowed_is_reached_exactly(
    previous: Velocity, wanted: Velocity
) -> None:
    assert limit(LIMITS, previous, wanted, 1.0) == wanted


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Velocity(0.5, 2.5), Velocity(0.02, 0.4)),
        (Velocity(-9.0, -9.0), Velocity(-0.02, -0.4)),
        (Velocity(0.01, -0.1), Velocity(0.01, -0.1)),
    ],
)
def test_from_standstill_ten_milliseconds_allow_one_step(
    wanted: Velocity, expected: Velocity
) -> None:
    assert limit(LIMITS, STANDSTILL, wanted, 0.01) == pytest.approx(expected)


@pytest.mark.parametrize(
    "wanted",
    [Velocity(math.nan, 0.0), Velocity(0.5, math.nan), Velocity(math.inf, 1.0)],
)
def test_what_is_not_finite_brakes(wanted: Velocity) -> None:
    assert limit(LIMITS, Velocity(0.4, 2.0), wanted, 10.0) == STANDSTILL


@pytest.mark.parametrize("wanted", [-1.0, 0.0, 1.0])
def test_a_bound_of_zero_gives_a_zero_without_sign(wanted: float) -> None:
    limits = VelocityLimits(max_linear_m_s=0.0)
    assert str(limit(limits, STANDSTILL, Velocity(wanted, 0.0), 1.0).linear_m_s) == "0.0"


def test_time_that_runs_backwards_changes_nothing() -> None:
    moving = Velocity(0.2, 1.0)
    assert limit(LIMITS, moving, Velocity(0.5, -2.0), -3.0) == moving


@pytest.mark.parametrize(
    ("velocity", "finite"),
    [
        (STANDSTILL, True),
        (Velocity(math.nan, 0.0), False),
        (Velocity(0.0, -math.inf), False),
    ],
)
def test_finite_means_both_parts(velocity: Velocity, finite: bool) -> None:
    assert velocity.is_finite is finite
