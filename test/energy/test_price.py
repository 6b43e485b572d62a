"""Prices are counts times constants; what is missing is never made up."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.energy.hardware_model import Energy, Grade, HardwareModel, Power, Prices
from neuromorphic_ros.energy.price import price, ratio_words
from neuromorphic_ros.snn.counts import Counts

COUNTS = Counts(
    names=("camera", "turn"),
    sizes=np.array([8, 2]),
    spikes=np.array([100, 7]),
    synaptic_events=np.array([300, 14]),
    neuron_updates=np.array([0, 2000]),
    active_updates=np.array([0, 500]),
    projections=("camera -> turn", "turn -> turn"),
    projection_events=np.array([300, 14]),
    plasticity_updates=np.array([0, 0]),
    memory_bytes=np.array([1200, 56]),
    dense_macs=np.array([16_000, 4_000]),
    dense_bytes=np.array([64_000, 16_000]),
    ticks=1000,
)


def cost(value: float, grade: Grade = "measured") -> Energy:
    return Energy(value=value, unit="pJ", source="a paper", grade=grade)


def watts(value: float, grade: Grade = "measured") -> Power:
    return Power(value=value, unit="W", source="a paper", grade=grade)


def model(prices: Prices, static: Power | None = None, **others: Any) -> HardwareModel:
    return HardwareModel("chip", "d", "dense chip", prices, static, **others)


KNOWN = {
    "synaptic_event": (cost(2.0), 628.0),
    "spike": (cost(3.0), 321.0),
    "neuron_update": (cost(5.0), 2500.0),
    "idle_update": (cost(4.0), 6000.0),
    "memory_byte": (cost(0.5), 628.0),
}
COMPLETE = Prices(**{name: each for name, (each, _) in KNOWN.items()})
BASELINE = HardwareModel("dense chip", "d", "dense chip", Prices(dense_mac=cost(4.0)))


def test_every_count_is_priced_once() -> None:
    priced = price(COUNTS, 2.0, model(COMPLETE, watts(0.25)), BASELINE)
    assert priced.dynamic_pj == sum(part for _, part in KNOWN.values())
    assert priced.static_pj == 0.25 * 2.0 * 1e12
    assert priced.total_pj == priced.dynamic_pj + priced.static_pj
    assert (priced.lower_bound, priced.missing) == (False, ())
    assert priced.grade == "measured"
    assert priced.baseline_pj == 20_000 * 4.0
    assert priced.baseline == "dense chip"


@pytest.mark.parametrize("missing", KNOWN)
def test_a_missing_price_makes_a_lower_bound_of_what_is_known(missing: str) -> None:
    known = {name: each for name, (each, _) in KNOWN.items() if name != missing}
    priced = price(COUNTS, 1.0, model(Prices(**known), watts(1.0)), BASELINE)
    assert (priced.lower_bound, priced.missing) == (True, (missing,))
    assert priced.dynamic_pj == sum(part for name, (_, part) in KNOWN.items() if name != missing)
    assert ratio_words(priced).endswith(f"without static power: about {priced.ratio:.3g}")


def test_the_price_of_what_did_not_happen_is_not_missed() -> None:
    assert COMPLETE.plasticity_update is None
    learning = COUNTS._replace(plasticity_updates=np.array([0, 9]))
    assert price(learning, 1.0, model(COMPLETE, watts(1.0)), BASELINE).missing == (
        "plasticity_update",
    )


def test_without_static_power_the_total_is_a_lower_bound_and_not_nan() -> None:
    priced = price(COUNTS, 1.0, model(COMPLETE), BASELINE)
    assert math.isnan(priced.static_pj)
    assert priced.total_pj == priced.dynamic_pj == 10_077.0
    assert priced.missing == ("static",)
    assert math.isnan(priced.ratio_with_static)


def test_a_price_of_zero_is_a_price() -> None:
    free = Prices(**dict.fromkeys(KNOWN, cost(0.0)))
    priced = price(COUNTS, 1.0, model(free, watts(0.0)), BASELINE)
    assert priced.total_pj == 0.0
    assert priced.lower_bound is False
    assert math.isnan(priced.ratio)


def test_the_baseline_reads_its_weights_once_a_tick_in_its_own_width() -> None:
    dense = Prices(dense_mac=cost(4.0), memory_byte=cost(1.0))
    wide = HardwareModel("dense chip", "d", "dense chip", dense)
    assert price(COUNTS, 1.0, model(COMPLETE), wide).baseline_pj == 20_000 * 4.0 + 80_000
    narrow = HardwareModel("dense chip", "d", "dense chip", dense, weight_bytes=1)
    assert price(COUNTS, 1.0, model(COMPLETE), narrow).baseline_pj == 20_000 * 4.0 + 20_000


def test_a_ratio_names_both_sides_and_whether_static_power_is_in_it() -> None:
    baseline = HardwareModel(
        "gpu", "d", "gpu", Prices(dense_mac=cost(4.0), memory_byte=cost(0.0)), watts(2.0)
    )
    priced = price(COUNTS, 1.0, model(COMPLETE, watts(0.5)), baseline)
    assert priced.ratio == 80_000 / 10_077
    assert priced.ratio_with_static == pytest.approx(4.0)
    assert ratio_words(priced) == "dense on gpu / spiking on chip, without static power: 7.94"
    assert ratio_words(priced, with_static=True).endswith("with static power: 4")


def test_a_ratio_that_is_not_known_says_so() -> None:
    priced = price(COUNTS, 1.0, model(Prices(), watts(0.2)), BASELINE)
    assert "not known" in ratio_words(priced)


@pytest.mark.parametrize(
    ("event", "static", "weakest"),
    [
        ("measured", "measured", "measured"),
        ("simulated", "measured", "simulated"),
        ("simulated", "derived", "derived"),
        ("assumed", "derived", "assumed"),
    ],
)
def test_the_grade_is_the_weakest_of_all_prices_used(
    event: Grade, static: Grade, weakest: str
) -> None:
    prices = Prices(synaptic_event=cost(1, event), dense_mac=cost(1, "assumed"))
    dense = HardwareModel("b", "d", "b", Prices(dense_mac=cost(1, "derived")))
    priced = price(COUNTS, 1.0, model(prices, watts(1, static)), dense)
    assert (priced.grade, priced.baseline_grade) == (weakest, "derived")


def test_hardware_without_any_price_is_priced_at_nothing_and_says_so() -> None:
    unknown = model(Prices())
    priced = price(COUNTS, 1.0, unknown, unknown)
    assert priced.total_pj == 0.0
    assert priced.lower_bound is True
    assert priced.grade == ""
    assert math.isnan(priced.baseline_pj)
