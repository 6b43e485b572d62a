"""Prices are counts times constants; what is missing is never made up."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neuromorphic_ros.energy.hardware_model import Constant, Grade, HardwareModel, Prices
from neuromorphic_ros.energy.price import price
from neuromorphic_ros.snn.counts import Counts

COUNTS = Counts(
    names=("camera", "turn"),
    sizes=np.array([8, 2]),
    spikes=np.array([100, 7]),
    synaptic_events=np.array([300, 14]),
    neuron_updates=np.array([0, 2000]),
    ticks=1000,
    dense_macs=16_000,
)


def cost(value: float, grade: Grade = "measured") -> Constant:
    return Constant(value=value, source="a paper", grade=grade)


COMPLETE = Prices(synaptic_event=cost(2.0), spike=cost(3.0), neuron_update=cost(5.0))
BASELINE = HardwareModel(
    name="dense chip", description="d", prices=Prices(dense_mac=cost(4.0, "measured"))
)


def test_every_count_is_priced_once() -> None:
    model = HardwareModel(name="m", description="d", prices=COMPLETE, static=cost(0.25))
    priced = price(COUNTS, 2.0, model, BASELINE)
    assert priced.dynamic_pj == 314 * 2.0 + 107 * 3.0 + 2000 * 5.0
    assert priced.static_pj == 0.25 * 2.0 * 1e12
    assert priced.total_pj == priced.dynamic_pj + priced.static_pj
    assert priced.lower_bound is False
    assert priced.grade == "measured"
    assert priced.baseline_pj == 16_000 * 4.0
    assert priced.baseline == "dense chip"


@pytest.mark.parametrize("missing", ["synaptic_event", "spike", "neuron_update"])
def test_a_missing_price_makes_a_lower_bound_of_what_is_known(missing: str) -> None:
    known = {"synaptic_event": cost(2.0), "spike": cost(3.0), "neuron_update": cost(5.0)}
    parts = {"synaptic_event": 628.0, "spike": 321.0, "neuron_update": 10_000.0}
    del known[missing], parts[missing]
    model = HardwareModel(name="m", description="d", prices=Prices(**known), static=cost(1.0))
    priced = price(COUNTS, 1.0, model, BASELINE)
    assert priced.lower_bound is True
    assert priced.dynamic_pj == sum(parts.values())


def test_without_static_power_the_total_is_a_lower_bound_and_not_nan() -> None:
    model = HardwareModel(name="m", description="d", prices=COMPLETE)
    priced = price(COUNTS, 1.0, model, BASELINE)
    assert math.isnan(priced.static_pj)
    assert priced.total_pj == priced.dynamic_pj == 10_949.0
    assert priced.lower_bound is True


def test_a_price_of_zero_is_a_price() -> None:
    prices = Prices(synaptic_event=cost(0.0), spike=cost(0.0), neuron_update=cost(0.0))
    model = HardwareModel(name="m", description="d", prices=prices, static=cost(0.0))
    priced = price(COUNTS, 1.0, model, BASELINE)
    assert priced.total_pj == 0.0
    assert priced.lower_bound is False


@pytest.mark.parametrize(
    ("event", "static", "dense", "weakest"),
    [
        ("measured", "measured", "measured", "measured"),
        ("simulated", "measured", "measured", "simulated"),
        ("simulated", "derived", "measured", "derived"),
        ("assumed", "derived", "simulated", "assumed"),
        ("measured", "measured", "assumed", "assumed"),
    ],
)
def test_the_grade_is_the_weakest_of_all_prices_used(
    event: Grade, static: Grade, dense: Grade, weakest: str
) -> None:
    model = HardwareModel(
        name="m",
        description="d",
        prices=Prices(synaptic_event=cost(1, event), dense_mac=cost(1, "assumed")),
        static=cost(1, static),
    )
    baseline = HardwareModel(name="b", description="d", prices=Prices(dense_mac=cost(1, dense)))
    assert price(COUNTS, 1.0, model, baseline).grade == weakest


def test_hardware_without_any_price_is_priced_at_nothing_and_says_so() -> None:
    unknown = HardwareModel(name="unknown", description="d")
    priced = price(COUNTS, 1.0, unknown, unknown)
    assert priced.total_pj == 0.0
    assert priced.lower_bound is True
    assert priced.grade == ""
    assert math.isnan(priced.baseline_pj)
