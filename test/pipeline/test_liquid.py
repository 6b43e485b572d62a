"""A liquid driven by values: samples in, traces out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.errors import NetworkError, SensorError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.pipeline.liquid import Drive, Liquid, LiquidParameters, made_liquid
from neuromorphic_ros.snn.reservoir import ReservoirParameters, reservoir_network
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population


def parameters(**values: Any) -> LiquidParameters:
    content = {
        "reservoir": {
            "shape": (3, 3, 6),
            "reach": 5.0,
            "input_weights": "graded",
            "input_probability": 1.0,
            "delay_ticks": (10, 20),
            "tau_mem_ms": (100.0, 500.0),
        },
        "low": (-1.0, 0.0),
        "high": (1.0, 10.0),
        "ticks": 20,
        **values,
    }
    return build(LiquidParameters, content, "liquid", NetworkError)


def test_traces_are_rates_and_follow_the_values() -> None:
    liquid = made_liquid(parameters())
    low, high = liquid.run([[-1.0, 0.0]] * 10)[-1], liquid.run([[1.0, 10.0]] * 10)[-1]
    assert low.shape == (54,)
    for trace in (low, high):
        assert np.all((trace >= 0.0) & (trace <= 1.0))
    assert np.abs(high - low).max() > 0.1


def test_it_begins_again_exactly() -> None:
    liquid = made_liquid(parameters())
    series = np.random.default_rng(0).uniform(-1, 1, (8, 2))
    first = liquid.run(series)
    assert not np.array_equal(liquid.run(series), first)
    liquid.reset()
    np.testing.assert_array_equal(liquid.run(series), first)
    np.testing.assert_array_equal(made_liquid(parameters()).run(series), first)


def test_poisson_spikes_come_from_the_seed() -> None:
    series = np.full((5, 2), 0.5)
    one, same, other = (
        made_liquid(parameters(spiking="poisson", seed=seed)).run(series) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_what_is_outside_is_as_the_end_of_the_range() -> None:
    beyond, end = (made_liquid(parameters()).run([[value, 5.0]] * 3) for value in (70.0, 1.0))
    np.testing.assert_array_equal(beyond, end)


def test_it_forgets_where_it_came_from() -> None:
    liquid = made_liquid(parameters())
    shared = np.random.default_rng(0).uniform(0, 1, (60, 2))
    apart = []
    for start in (-1.0, 1.0):
        liquid.reset()
        liquid.run([[start, 5.0]] * 5)
        apart.append(liquid.run(shared))
    distance = np.abs(apart[0] - apart[1]).mean(1)
    assert distance[-10:].mean() < 0.2 * distance[0]


def test_a_field_at_its_centre_spikes_in_every_tick() -> None:
    liquid = made_liquid(parameters(dt_ms=0.5))
    liquid.run([[0.0, 5.0]] * 10)
    counts = liquid.counts()
    assert counts.ticks == 200
    # Two values, each by fields of about 1.67 spikes a tick together.
    assert counts.spikes[0] == pytest.approx(2 * 200 * 1.67, rel=0.05)


@pytest.mark.parametrize("shape", [(3, 12), (2,), (24,)])
def test_a_network_for_other_values_is_refused(shape: tuple[int, ...]) -> None:
    reservoir = ReservoirParameters(shape=(3, 3, 6), reach=5.0)
    with pytest.raises(NetworkError, match="a liquid of 2 values needs one of"):
        Liquid(reservoir_network(reservoir, shape), Drive(low=(0.0, 0.0), high=(1.0, 1.0)))


def test_a_network_without_traces_is_refused() -> None:
    network = NetworkSpec("other", 1.0, (Input("value", (2, 12)),), (Population("a", (1,)),))
    with pytest.raises(NetworkError, match="trace"):
        Liquid(network, parameters())


@pytest.mark.parametrize("sample", [[0.0], [0.0, 1.0, 2.0], [0.0, math.nan], [math.inf, 0.0], 1.0])
def test_a_bad_sample_is_refused_and_forgotten(sample: Any) -> None:
    liquid, untouched = made_liquid(parameters()), made_liquid(parameters())
    with pytest.raises(SensorError, match="not of 2 finite values"):
        liquid.step(sample)
    np.testing.assert_array_equal(liquid.step([0.0, 5.0]), untouched.step([0.0, 5.0]))


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"low": (0.0,)}, "low has 1 channels, high 2"),
        ({"low": (1.0, 0.0)}, "must be below"),
        ({"low": (), "high": ()}, "low"),
        ({"ticks": 0}, "ticks"),
        ({"fields": 2}, "fields"),
    ],
)
def test_impossible_parameters_are_refused(values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(NetworkError, match=complaint):
        parameters(**values)
