"""Scalars of the surroundings within declared ranges."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from neuromorphic_ros.encoding.environment import (
    EnvironmentDeltaEncoder,
    EnvironmentDeltaParameters,
    EnvironmentPopulationEncoder,
    EnvironmentPopulationParameters,
    EnvironmentRateEncoder,
    EnvironmentRateParameters,
    distance,
    finite,
)
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import build

MS = 1_000_000
SECOND_NS = 1000 * MS
START_NS = 1_700_000_000_000_000_000
RANGE = {"low": -20.0, "high": 60.0}


def rate(channels: int = 1) -> EnvironmentRateEncoder:
    return EnvironmentRateEncoder(EnvironmentRateParameters(**RANGE), channels)


def population(channels: int = 1) -> EnvironmentPopulationEncoder:
    return EnvironmentPopulationEncoder(EnvironmentPopulationParameters(**RANGE), channels)


def delta(channels: int = 1) -> EnvironmentDeltaEncoder:
    return EnvironmentDeltaEncoder(EnvironmentDeltaParameters(**RANGE), channels)


ENCODERS = (rate, population, delta)


def test_the_rate_is_silent_at_low_and_full_at_high() -> None:
    encoder = rate(3)
    counts = encoder.encode(np.array([-20.0, 20.0, 60.0]), START_NS).counts()
    assert counts.tolist() == [0, 100, 200]


def test_the_field_of_the_value_spikes_most() -> None:
    encoder = population(2)
    counts = encoder.encode(np.array([-20.0, 60.0]), START_NS).counts()
    assert counts.shape == (2, 12)
    assert set(counts.argmax(axis=1).tolist()) <= {0, 1, 10, 11}


def test_steps_are_shares_of_the_range() -> None:
    encoder = delta()
    encoder.encode(np.array([20.0]), START_NS)
    batch = encoder.encode(np.array([24.1]), START_NS + SECOND_NS)
    assert batch.address.tolist() == [1] * 5
    # A step that was passed between two samples of a slow sensor comes too late for its own tick.
    assert set(batch.time_ns.tolist()) == {START_NS + SECOND_NS}


@pytest.mark.parametrize("make", ENCODERS)
def test_values_outside_are_clipped_and_counted(make: type[EnvironmentRateEncoder]) -> None:
    encoder, inside = make(2), make(2)  # type: ignore[call-arg, arg-type]
    for at, (values, ends) in enumerate(
        [((-99.0, 20.0), (-20.0, 20.0)), ((99.0, math.inf), (60.0, 60.0))]
    ):
        stamp_ns = START_NS + at * SECOND_NS
        batch = encoder.encode(np.array(values), stamp_ns)
        assert batch == inside.encode(np.array(ends), stamp_ns)
    assert (encoder.counters, inside.counters) == ({"clipped": 2}, {"clipped": 0})
    encoder.reset()
    assert encoder.counters == {"clipped": 0}


@pytest.mark.parametrize("make", ENCODERS)
def test_another_number_of_values_is_refused_and_changes_nothing(
    make: type[EnvironmentRateEncoder],
) -> None:
    encoder, other = make(2), make(2)  # type: ignore[call-arg, arg-type]
    for values in ([1.0], [1.0, 2.0, 3.0], []):
        with pytest.raises(SensorError, match=f"has {len(values)} values; the input takes 2"):
            encoder.encode(np.array(values), START_NS + MS)
    value = np.array([1.0, 2.0])
    assert encoder.encode(value, START_NS) == other.encode(value, START_NS)


@pytest.mark.parametrize("make", ENCODERS)
def test_time_going_backwards_is_refused_until_reset(make: type[EnvironmentRateEncoder]) -> None:
    encoder = make()  # type: ignore[call-arg]
    encoder.encode(np.array([1.0]), START_NS)
    with pytest.raises(SensorError, match=r"not after the previous .*reset\(\)"):
        encoder.encode(np.array([1.0]), START_NS)
    encoder.reset()
    encoder.encode(np.array([1.0]), START_NS)


def test_the_range_may_change_but_not_the_number_of_fields() -> None:
    encoder = population()
    encoder.parameters = dataclasses.replace(encoder.parameters, high=100.0)
    with pytest.raises(SensorError, match="fields cannot change from 12 to 13"):
        encoder.parameters = dataclasses.replace(encoder.parameters, fields=13)
    assert (encoder.parameters.high, encoder.parameters.fields) == (100.0, 12)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "low is missing; high is missing"),
        ({"low": 1.0, "high": 1.0}, r"high 1\.0 must be above low 1\.0"),
        ({"low": 0.0, "high": math.nan}, "high = nan"),
        ({"low": 0.0, "high": 1.0, "steps": 0}, "steps = 0"),
    ],
)
def test_impossible_ranges_are_refused(values: dict[str, float], reason: str) -> None:
    with pytest.raises(SensorError, match=reason):
        build(EnvironmentDeltaParameters, values, "input", SensorError)


def test_values_of_a_message_become_a_vector() -> None:
    assert finite("temperature", 21.5).tolist() == [21.5]
    assert finite("array", np.array([1, 2], np.float32)).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(SensorError, match=f"array value 1 is {value}"):
        finite("array", [0.0, value])


def test_distances_beyond_the_sensor_are_told_from_invalid_ones_by_rep_117() -> None:
    assert distance(0.5, 0.1, 4.0).tolist() == [0.5]
    assert distance(math.inf, 0.1, 4.0).tolist() == [math.inf]
    assert distance(-math.inf, 2.0, 2.0).tolist() == [-math.inf], "a sensor of fixed range"


@pytest.mark.parametrize("range_m", [math.nan, 0.05, 4.1, -1.0])
def test_distances_outside_the_sensors_limits_are_refused(range_m: float) -> None:
    with pytest.raises(SensorError, match=r"outside min_range 0\.1 m and max_range 4 m"):
        distance(range_m, 0.1, 4.0)
