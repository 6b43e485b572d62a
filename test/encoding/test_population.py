"""Gaussian receptive fields."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.encoding.population import (
    PopulationCode,
    PopulationParameters,
    activations,
    centres,
)
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import build

MS = 1_000_000
START_NS = 1_700_000_000_000_000_000


def test_centres_are_those_of_bohte() -> None:
    low, high, fields = -10.0, 30.0, 7
    expected = [low + (2 * i - 3) / 2 * (high - low) / (fields - 2) for i in range(1, fields + 1)]
    assert centres(fields, low, high) == pytest.approx(expected)
    assert np.diff(centres(fields, low, high)) == pytest.approx(8.0)


def test_a_field_responds_fully_at_its_centre_and_by_a_gaussian_beside_it() -> None:
    centre = centres(8)[3]
    response = activations(np.array([centre]), 8, 0.5)
    assert response.shape == (1, 8)
    assert response[0, 3] == pytest.approx(1.0)
    assert response[0, [2, 4]] == pytest.approx(np.exp(-0.5 / 0.5**2))


def test_no_value_of_the_range_is_overlooked() -> None:
    response = activations(np.linspace(0.0, 1.0, 101), 3, 2.0 / 3.0)
    assert response.max(axis=1).min() > 0.7


def test_fields_spike_at_the_rates_of_their_responses() -> None:
    parameters = PopulationParameters(fields=5, max_rate_hz=1000.0, hold_ms=1000.0)
    value = np.array([0.1, 0.8])
    counts = PopulationCode(2, 5, seed=0).encode(value, START_NS, parameters).counts()
    expected = 1000.0 * activations(value, 5, parameters.width)
    assert counts.shape == (2, 5)
    assert np.all(np.abs(counts - expected) <= 1.0)


def test_reset_repeats_exactly() -> None:
    parameters = PopulationParameters(fields=5, spiking="poisson")
    code = PopulationCode(1, 5, seed=4)
    first = code.encode(np.array([0.3]), START_NS, parameters)
    assert code.complete_ns(START_NS) == START_NS + 100 * MS
    code.reset()
    assert code.encode(np.array([0.3]), START_NS, parameters) == first


@pytest.mark.parametrize("values", [{"fields": 2}, {"width": 0.0}, {"width": float("nan")}])
def test_impossible_fields_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(SensorError, match=next(iter(values))):
        build(PopulationParameters, values, "population", SensorError)
