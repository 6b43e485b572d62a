"""The controlled event rate of scenes whose rate falls with the thresholds in different ways."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.encoding.dvs import LARGEST_THRESHOLD, PRESETS, Dvs, DvsParameters
from neuromorphic_ros.encoding.event_rate import MOST_EXCESS_S, RateControl, controlled

CEILING_HZ = 1e9
MAX_SCALE = 1e5
IDLE = RateControl()


class Course(NamedTuple):
    """Event rates in shares of the ceiling, and the scales under which they came."""

    rates: list[float]
    scales: list[float]


def run(
    rate_of: Callable[[float], float],
    frames: int,
    interval_s: float = 1 / 30,
    state: RateControl = IDLE,
) -> tuple[Course, RateControl]:
    """Let a scene run whose rate, in shares of the ceiling, depends on the scale."""
    course = Course([], [])
    for _ in range(frames):
        course.scales.append(state.threshold_scale)
        course.rates.append(rate_of(state.threshold_scale))
        events = round(course.rates[-1] * CEILING_HZ * interval_s)
        state = controlled(state, events, interval_s, CEILING_HZ, MAX_SCALE)
    return course, state


@given(
    strength=st.floats(0.01, 1e4),
    steepness=st.floats(1.0, 3.0),
    interval_s=st.floats(0.002, 0.2),
)
def test_a_steady_scene_settles_below_the_ceiling_without_oscillation(
    strength: float, steepness: float, interval_s: float
) -> None:
    settled = max(15, math.ceil(0.5 / interval_s))
    course, _ = run(lambda scale: strength / scale**steepness, settled + 200, interval_s)
    assert max(course.rates[settled:]) <= 1.0
    assert np.all(np.diff(np.log(course.scales)) >= -1e-4), "only a rounded event moves it back"
    if strength > 1.0:
        assert course.rates[-1] == pytest.approx(0.8, rel=0.01)
    if strength < 0.8:
        assert set(course.scales) == {1.0}


@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.floats(1e-9, 100.0)), max_size=60),
    st.floats(1.0, 1e9),
    st.floats(1.0, 600.0),
)
def test_the_scale_is_never_below_one_nor_above_its_limit(
    frames: list[tuple[int, float]], ceiling_hz: float, max_scale: float
) -> None:
    state = RateControl()
    for events, interval_s in frames:
        state = controlled(state, events, interval_s, ceiling_hz, max_scale)
        assert 1.0 <= state.threshold_scale <= max_scale * (1 + 1e-12)
        assert 0.0 <= state.excess_s <= MOST_EXCESS_S


@given(strength=st.floats(1.0, 1e4))
def test_the_scale_is_back_at_one_when_the_scene_has_calmed(strength: float) -> None:
    busy, state = run(lambda scale: strength / scale, 60)
    assert busy.scales[-1] >= 1.0
    calm, state = run(lambda scale: 0.0, math.ceil(30 * (MOST_EXCESS_S + 10.0)), state=state)
    assert state == IDLE
    assert np.all(np.diff(calm.scales) <= 0.0)


def test_one_flash_raises_the_thresholds_but_a_little() -> None:
    _, state = run(lambda scale: 1e6, 1)
    assert state.threshold_scale == pytest.approx(math.e)


def test_a_scene_that_falls_silent_all_at_once_stays_below_the_ceiling_on_average() -> None:
    course, _ = run(lambda scale: 50.0 if scale < 20.0 else 0.0, 3000)
    assert np.mean(course.rates[30:]) < 1.0


@pytest.mark.parametrize("steepness", [5.0, 10.0])
def test_steep_scenes_overshoot_once(steepness: float) -> None:
    course, _ = run(lambda scale: 1e3 / scale**steepness, 600)
    assert max(course.rates[5:]) <= 1.0
    assert np.ptp(course.rates[-100:]) < 0.01


def test_no_ceiling_is_no_control() -> None:
    _, state = run(lambda scale: 100.0, 10)
    assert state.threshold_scale > 1.0
    assert controlled(state, 10**9, 0.01, 0.0, MAX_SCALE) == IDLE


@pytest.mark.parametrize(
    "parameters",
    [PRESETS["clean"], PRESETS["fast"], DvsParameters(pos_thres=0.1, leak_rate_hz=5.0)],
)
@pytest.mark.parametrize("contrast_dn", [4, 30, 120])
def test_noise_before_an_emulated_sensor_is_held_below_the_ceiling(
    parameters: DvsParameters, contrast_dn: int
) -> None:
    random = np.random.default_rng(0)
    dvs, state, rates = Dvs(parameters, 48, 64, seed=1), IDLE, []
    max_scale = LARGEST_THRESHOLD / min(parameters.pos_thres, parameters.neg_thres)
    for index in range(150):
        frame = random.integers(128 - contrast_dn, 128 + contrast_dn, (48, 64), np.uint8)
        events = len(dvs.encode(frame, index * 33_333_333))
        if index:
            rates.append(events * 30.0)
            state = controlled(state, events, 1 / 30, 5e3, max_scale)
            dvs.threshold_scale = state.threshold_scale
    assert np.mean(rates[20:]) <= 5e3
    assert max(rates[60:]) <= 1.1 * 5e3, "leaks take a while to follow"
