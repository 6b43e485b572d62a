from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from neuromorphic_ros.decoding.joints import JointPositions, JointState, start, step
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.spikes import SpikeBatch

MS = 1_000_000
VALUES: dict[str, Any] = {
    "names": ("shoulder", "elbow"),
    "low_rad": (-1.0, 0.0),
    "high_rad": (1.0, 2.0),
    "max_velocity_rad_s": 1.0,
}
ARM = JointPositions(**VALUES)
FIELDS = 3


def batch(*events: tuple[int, int], start_ms: int = 0) -> SpikeBatch:
    """Return spikes given as (address, ms)."""
    address, time_ms = zip(*events, strict=True) if events else ((), ())
    times = (np.array(time_ms, np.int64) + start_ms) * MS
    return SpikeBatch((2, FIELDS), np.array(address, np.uint32), times)


def run(state: JointState, spikes: SpikeBatch, start_ms: int, stop_ms: int) -> JointState:
    return step(ARM, state, spikes, start_ms * MS, stop_ms * MS, MS)


def test_a_field_stands_for_its_position_and_silence_for_none() -> None:
    found = run(start(ARM, FIELDS), batch((2, 5)), 0, 20)
    assert found.position_rad[0] == pytest.approx(1.0)
    assert np.isnan(found.position_rad[1])
    both = run(start(ARM, FIELDS), batch((0, 5), (2, 5), (3, 9)), 0, 20)
    assert both.position_rad == pytest.approx([0.0, 0.0], abs=1e-12)


def test_a_joint_without_spikes_keeps_its_position() -> None:
    state = run(start(ARM, FIELDS), batch((1, 5), (5, 5)), 0, 20)
    later = run(state, batch(), 5000, 5020)
    assert later.position_rad == pytest.approx([0.0, 2.0])


def test_a_joint_moves_no_faster_than_it_may() -> None:
    state = run(start(ARM, FIELDS), batch((0, 5)), 0, 20)
    state = run(state, batch(*[(2, ms) for ms in range(100)], start_ms=1000), 1000, 1100)
    assert state.position_rad[0] == pytest.approx(-1.0 + 0.1)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 19)), max_size=40))
def test_positions_stay_in_the_range_of_the_joint(events: list[tuple[int, int]]) -> None:
    state = start(ARM, FIELDS)
    for first in range(0, 100, 20):
        spikes = batch(*sorted(events, key=lambda each: each[1]), start_ms=first)
        state = run(state, spikes, first, first + 20)
    for position, low, high in zip(state.position_rad, ARM.low_rad, ARM.high_rad, strict=True):
        assert np.isnan(position) or low - 1e-9 <= position <= high + 1e-9


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"low_rad": (0.0,)}, "2 names, 1 low_rad and 2 high_rad"),
        ({"names": ("a", "a")}, "must differ"),
        ({"high_rad": (-1.0, 2.0)}, "joint 'shoulder': low_rad -1.0 must be below"),
        ({"max_velocity_rad_s": 0.0}, "max_velocity_rad_s"),
    ],
)
def test_joints_that_cannot_be_are_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        JointPositions(**(VALUES | changes))


def test_one_field_is_no_code() -> None:
    with pytest.raises(NetworkError, match="at least 2 fields each, not 1"):
        start(ARM, 1)
