"""What is said of energy over activity."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reporting import markdown, table

from benchmarks.benchmark_script import load
from neuromorphic_ros.pipeline.networks import hardware_names
from neuromorphic_ros.report.style import png

ACTIVITIES = (0.01, 0.2)

energy = load("energy")


@pytest.fixture(scope="module")
def sweep() -> list[Any]:
    return energy.over_activity(["obstacle_avoider"], ACTIVITIES)


def test_every_network_hardware_and_activity_is_priced(sweep: list[Any]) -> None:
    assert len(sweep) == 2 * 2 * len(hardware_names())
    assert {each.network for each in sweep} == {energy.DENSE, "obstacle_avoider"}
    rows = [each.row for each in sweep]
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    for each in sweep:
        assert min(abs(each.activity / wanted - 1) for wanted in ACTIVITIES) < 0.1
        assert each.own.hardware == each.at_rest.hardware
        assert each.at_rest.baseline == energy.AT_REST


def test_a_more_active_network_takes_more_and_a_dense_one_the_same(
    sweep: list[Any],
) -> None:
    for hardware in ("loihi1", "truenorth", "horowitz_45nm_int8"):
        mine = (energy.DENSE, hardware)
        quiet, busy = (e.row for e in sweep if (e.network, e.own.hardware) == mine)
        assert busy["dynamic_nj_per_tick"] > 3 * quiet["dynamic_nj_per_tick"]
        assert busy["dense_nj_per_tick"] == pytest.approx(quiet["dense_nj_per_tick"])
        assert busy["ratio"] < quiet["ratio"]


def test_static_power_is_in_a_ratio_only_where_it_is_known_on_both_sides(
    sweep: list[Any],
) -> None:
    for each in sweep:
        known = not math.isnan(each.own.static_pj)
        assert math.isfinite(each.ratio_with_static) == known, each.own.hardware
        assert "with static power" in each.row["ratio_with_static_is"]
        assert "without static power" in each.row["ratio_is"]


def test_recordings_are_beside_each_other() -> None:
    found = energy.on_recordings(["obstacle_avoider"])
    rows = energy.side_by_side(found)
    assert [row["hardware"] for row in rows] == hardware_names()
    (loihi,) = (row for row in rows if row["hardware"] == "loihi1")
    assert loihi["obstacle_avoider ratio"].startswith("at most")
    (brainscales,) = (row for row in rows if row["hardware"] == "brainscales2")
    assert [value for name, value in brainscales.items() if name.endswith("nJ")] == ["not known"]
    assert brainscales["with static"].startswith("at most")
    assert table(rows).count("\n") == len(rows)
    assert markdown(rows).count("\n| ") == len(rows) + 1
    assert "| nan" not in markdown(rows)


def test_the_figure_is_the_same_every_time(sweep: list[Any]) -> None:
    assert png(lambda: energy.draw(sweep)) == png(lambda: energy.draw(sweep))


@given(st.floats(0.02, 0.4), st.floats(-2.0, -0.2))
def test_the_crossing_of_a_straight_line_is_found(at: float, slope: float) -> None:
    activities = np.geomspace(0.01, 0.5, 9).tolist()
    ratios = [1000 * (each / at) ** slope for each in activities]
    assert energy.crossing(activities, ratios, 1000.0) == f"{100 * at:.2g} %"


@pytest.mark.parametrize(
    ("ratios", "words"),
    [((9.0, 5.0), "above 20 %"), ((0.9, 0.5), "below 1 %"), ((math.nan, 0.5), "not known")],
)
def test_no_crossing_is_told_in_words(ratios: tuple[float, float], words: str) -> None:
    assert energy.crossing(ACTIVITIES, ratios, 1.0) == words


def test_noise_is_as_active_as_asked_and_the_same_every_time() -> None:
    spikes = energy.noise(500, 0.05)
    assert spikes.ticks == energy.TICKS
    assert spikes.address.size / 500 / energy.TICKS == pytest.approx(0.05, rel=0.05)
    assert np.array_equal(spikes.address, energy.noise(500, 0.05).address)
