"""Sleep by the time without spikes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.power.sleep import SleepParameters, is_asleep

SECONDS = st.floats(0, 1e6)


@given(after_s=st.floats(0, 3600), idle_s=SECONDS)
def test_pending_input_keeps_it_awake(after_s: float, idle_s: float) -> None:
    assert not is_asleep(SleepParameters(after_s), idle_s, pending=True)


def test_it_sleeps_from_the_given_time_on() -> None:
    assert not is_asleep(SleepParameters(), 0.999, pending=False)
    assert is_asleep(SleepParameters(), 1.0, pending=False)


@given(idle_s=SECONDS)
def test_zero_means_never(idle_s: float) -> None:
    assert not is_asleep(SleepParameters(0.0), idle_s, pending=False)


def test_a_negative_time_is_refused() -> None:
    with pytest.raises(NeuromorphicError, match=r"after_s = -1\.0"):
        build(SleepParameters, {"after_s": -1.0}, "sleep", NeuromorphicError)
