"""The bearing of a goal as spikes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.encoding.goal import Goal, GoalBearingEncoder, GoalParameters, Located
from neuromorphic_ros.errors import SensorError

START_NS = 1_700_000_000_000_000_000
AHEAD = Goal(5.0, 0.0, "odom")


def encoder(**parameters: float) -> GoalBearingEncoder:
    return GoalBearingEncoder(GoalParameters(**parameters))


def place(sample: Located, headings: int = 36) -> int:
    (address,) = encoder(headings=headings).encode(sample, START_NS).address
    return int(address)


@given(
    st.floats(-math.pi, math.pi),
    st.floats(-math.pi, math.pi),
    st.floats(-100.0, 100.0),
    st.integers(3, 72),
)
def test_the_sector_of_the_goal_spikes(
    heading_rad: float, bearing_rad: float, x_m: float, headings: int
) -> None:
    around_rad = heading_rad + bearing_rad
    goal = Goal(x_m + 2.0 * math.cos(around_rad), 2.0 * math.sin(around_rad), "odom")
    middle_rad = (
        2.0
        * math.pi
        * ((place(Located(x_m, 0.0, heading_rad, "odom", goal), headings) + 0.5) / headings - 0.5)
    )
    off_rad = math.remainder(middle_rad - bearing_rad, 2.0 * math.pi)
    assert abs(off_rad) <= math.pi / headings + 1e-9


def test_left_comes_after_right_and_behind_is_at_both_ends() -> None:
    def of(bearing_deg: float) -> int:
        return place(Located(0.0, 0.0, math.radians(-bearing_deg), "odom", AHEAD))

    assert [of(bearing) for bearing in (-179, -91, -1, 1, 91, 179)] == [0, 8, 17, 18, 27, 35]


def test_a_goal_that_is_reached_has_a_neuron_of_its_own() -> None:
    at = [Located(5.0 - away_m, 0.0, 1.0, "odom", AHEAD) for away_m in (0.31, 0.3, 0.0)]
    assert [place(sample) < 36 for sample in at] == [True, False, False]
    assert place(at[1]) == 36
    assert encoder().shape == (37,)


@pytest.mark.parametrize(
    ("sample", "says"),
    [
        (Located(0.0, 0.0, 0.0, "odom"), "no goal"),
        (Located(0.0, 0.0, 0.0, "odom", Goal(1.0, 0.0, "map")), "'map' and odometry in 'odom'"),
        (Located(math.nan, 0.0, 0.0, "odom", AHEAD), "finite"),
        (Located(0.0, 0.0, math.inf, "odom", AHEAD), "finite"),
        (Located(0.0, 0.0, 0.0, "odom", Goal(1.0, math.nan, "odom")), "finite"),
    ],
)
def test_what_leads_nowhere_is_refused(sample: Located, says: str) -> None:
    coded = encoder()
    with pytest.raises(SensorError, match=says):
        coded.encode(sample, START_NS)
    assert len(coded.encode(Located(0.0, 0.0, 0.0, "odom", AHEAD), START_NS)) == 1


def test_the_number_of_headings_shapes_the_network() -> None:
    coded = encoder()
    coded.parameters = GoalParameters(reach_m=1.0)
    with pytest.raises(SensorError, match="headings cannot change"):
        coded.parameters = GoalParameters(headings=8)


def test_time_must_advance_until_reset() -> None:
    coded, sample = encoder(), Located(0.0, 0.0, 0.0, "odom", AHEAD)
    coded.encode(sample, START_NS)
    with pytest.raises(SensorError, match="not after"):
        coded.encode(sample, START_NS)
    coded.reset()
    assert coded.encode(sample, START_NS).time_ns.tolist() == [START_NS]
