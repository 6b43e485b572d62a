from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.encoding.time_of_day import TimeOfDayEncoder, TimeOfDayParameters, responses
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import build

HOUR_NS = 3_600_000_000_000
# Midnight of 5 January 2026.
MIDNIGHT_NS = 1_767_571_200 * 1_000_000_000
ANY = np.zeros(1)


def field(hour: float, **parameters: float) -> int:
    """Return the field that spikes most at an hour."""
    encoder = TimeOfDayEncoder(TimeOfDayParameters(**parameters))
    return int(encoder.encode(ANY, MIDNIGHT_NS + round(hour * HOUR_NS)).counts().argmax())


@pytest.mark.parametrize(("hour", "expected"), [(0, 0), (6, 3), (13.2, 7), (23.5, 0), (30, 3)])
def test_fields_stand_for_hours_and_midnight_is_between_neighbours(
    hour: float, expected: int
) -> None:
    assert field(hour) == expected


def test_local_time_is_ahead_of_stamps_by_the_offset() -> None:
    assert field(6, offset_h=2.0) == 4
    assert field(1, offset_h=-3.0) == 11


def test_another_period_is_divided_alike() -> None:
    # The epoch began on a Thursday: Monday is the fifth of seven days.
    assert field(0, period_h=168.0, fields=7) == 4


@given(st.floats(0, 1, exclude_max=True), st.integers(8, 40))
def test_every_time_has_the_same_sum_of_responses(phase: float, fields: int) -> None:
    response = responses(phase, fields, 1.0)
    assert response.sum() == pytest.approx(responses(0.0, fields, 1.0).sum(), rel=0.02)
    turned = responses((phase + 1 / fields) % 1.0, fields, 1.0)
    assert turned == pytest.approx(np.roll(response, 1), abs=1e-6)


def test_the_value_makes_no_difference_and_the_rate_is_that_of_the_response() -> None:
    one, other = (TimeOfDayEncoder(TimeOfDayParameters(max_rate_hz=100.0)) for _ in range(2))
    spikes = one.encode(np.array([21.0]), MIDNIGHT_NS)
    assert np.array_equal(spikes.time_ns, other.encode(np.array([-5.0]), MIDNIGHT_NS).time_ns)
    assert spikes.counts()[0] == 100
    assert one.complete_ns(MIDNIGHT_NS) == MIDNIGHT_NS + 1_000_000_000


def test_fields_are_fixed_and_values_are_checked() -> None:
    encoder = TimeOfDayEncoder(TimeOfDayParameters())
    with pytest.raises(SensorError, match="fields cannot change from 12 to 6"):
        encoder.parameters = TimeOfDayParameters(fields=6)
    with pytest.raises(SensorError, match="offset_h = 25"):
        build(TimeOfDayParameters, {"offset_h": 25}, "input", SensorError)
