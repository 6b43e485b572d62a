"""Positions and velocities of joints by rates."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.encoding.joints import JointRateEncoder, JointRateParameters, JointSample
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import build

PERIOD_NS = 20_000_000
START_NS = 1_700_000_000_000_000_000
PARAMETERS = JointRateParameters(
    joint="hinge", range_position=2.0, range_velocity=10.0, max_rate_hz=1000.0
)
NEGATIVE, POSITIVE = range(2)
POSITION, VELOCITY = range(2)


def sample(position: float, velocity: float) -> JointSample:
    """Return the state of the joint beside that of another one."""
    return JointSample(("slider", "hinge"), (7.0, position), (-7.0, velocity))


@settings(deadline=None)
@given(st.floats(-2.0, 2.0), st.floats(-10.0, 10.0))
def test_rates_tell_the_values_of_the_joint(position: float, velocity: float) -> None:
    encoder = JointRateEncoder(PARAMETERS)
    counts = np.zeros((2, 2))
    for index in range(50):
        spikes = encoder.encode(sample(position, velocity), START_NS + index * PERIOD_NS)
        counts += spikes.counts()
    negative, positive = counts
    assert not np.any((negative > 0) & (positive > 0))
    told = (positive - negative) / 1000.0 * (2.0, 10.0)
    assert told == pytest.approx((position, velocity), abs=0.011)


def test_a_sample_drives_spikes_until_the_next_one() -> None:
    encoder = JointRateEncoder(PARAMETERS)
    spikes = encoder.encode(sample(2.0, 0.0), START_NS)
    assert len(spikes) == 20
    assert spikes.time_ns.min() >= START_NS
    assert spikes.time_ns.max() <= START_NS + PERIOD_NS
    assert encoder.complete_ns(START_NS) == START_NS + PERIOD_NS


def test_values_beyond_a_range_are_clipped_and_counted() -> None:
    encoder = JointRateEncoder(PARAMETERS)
    counts = encoder.encode(sample(3.0, -30.0), START_NS).counts()
    assert counts[POSITIVE, POSITION] == counts[NEGATIVE, VELOCITY] == 20
    assert encoder.counters == {"clipped": 2}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (JointSample(("slider",), (0.0,), (0.0,)), "joint 'hinge' is not in .* has slider"),
        (JointSample((), (), ()), "which has none"),
        (JointSample(("hinge",), (0.0,), ()), "velocity of joints has shape .*each of 1 names"),
        (JointSample(("hinge",), (), (0.0,)), "position of joints has shape"),
        (JointSample(("hinge",), (np.nan,), (0.0,)), "position of joint 'hinge' is nan"),
        (JointSample(("hinge",), (0.0,), (np.inf,)), "velocity of joint 'hinge' is inf"),
    ],
)
def test_a_message_without_the_joint_changes_nothing(wrong: JointSample, words: str) -> None:
    one, other = JointRateEncoder(PARAMETERS), JointRateEncoder(PARAMETERS)
    with pytest.raises(SensorError, match=words):
        one.encode(wrong, START_NS)
    spikes = (each.encode(sample(0.3, 0.7), START_NS) for each in (one, other))
    assert next(spikes).address.tolist() == next(spikes).address.tolist()


def test_ranges_change_while_it_runs_but_not_the_joint() -> None:
    encoder = JointRateEncoder(PARAMETERS)
    encoder.parameters = dataclasses.replace(PARAMETERS, range_position=4.0)
    assert len(encoder.encode(sample(2.0, 0.0), START_NS)) == 10
    with pytest.raises(SensorError, match="joint cannot change from hinge to slider"):
        encoder.parameters = dataclasses.replace(PARAMETERS, joint="slider")


@pytest.mark.parametrize(
    "wrong",
    [
        {"joint": "hinge", "range_position": 1.0},
        {"joint": "", "range_position": 1.0, "range_velocity": 1.0},
        {"joint": "hinge", "range_position": 0.0, "range_velocity": 1.0},
    ],
)
def test_parameters_that_say_too_little_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="the input"):
        build(JointRateParameters, wrong, "the input", ValueError)
