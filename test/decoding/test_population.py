from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.decoding.population import decode_population
from neuromorphic_ros.encoding.population import (
    PopulationCode,
    PopulationParameters,
    activations,
    centres,
)

START_NS = 1_700_000_000_000_000_000


@settings(deadline=None)
@given(st.floats(0.0, 1.0), st.integers(3, 40))
def test_responses_give_the_value_within_a_twelfth_of_the_distance_of_centres(
    value: float, fields: int
) -> None:
    low, high = -4.0, 16.0
    response = activations(np.array([value]), fields, 2.0 / 3.0)
    (found,) = decode_population(response, centres(fields, low, high))
    distance = (high - low) / (fields - 2)
    assert abs(found - (low + value * (high - low))) <= 0.08 * distance


@settings(deadline=None)
@given(st.floats(0.0, 1.0), st.integers(3, 20))
def test_spikes_add_no_more_than_one_per_field_can(value: float, fields: int) -> None:
    parameters = PopulationParameters(fields=fields, max_rate_hz=1000.0, hold_ms=100.0)
    position = np.array([value])
    counts = PopulationCode(1, fields, 0).encode(position, START_NS, parameters).counts()
    (found,) = decode_population(counts, centres(fields))
    (exact,) = decode_population(activations(position, fields, parameters.width), centres(fields))
    # Each count is off by less than one, which moves the mean by that field's distance from it.
    bound = np.abs(centres(fields) - exact).sum() / counts.sum()
    assert abs(found - exact) <= bound


def test_channels_may_have_ranges_of_their_own() -> None:
    own = np.stack([centres(4, 0.0, 1.0), centres(4, -10.0, 10.0)])
    found = decode_population(np.array([[0.0, 2.0, 2.0, 0.0]] * 2), own)
    assert found == pytest.approx([0.5, 0.0])


def test_silence_has_no_value() -> None:
    found = decode_population(np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), centres(3))
    assert np.array_equal(found, [np.nan, 0.5], equal_nan=True)
