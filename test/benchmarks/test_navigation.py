"""Trips of both drivers, and what is said of them."""

from __future__ import annotations

import math
from pathlib import Path

import navigation
import numpy as np
import pytest

pytest.importorskip("irsim", reason="needs pip install 'neuromorphic_ros[simulation]'")


@pytest.fixture(scope="module")
def found() -> dict[str, list[navigation.Trip]]:
    return navigation.trips(1, 1005)


def test_both_drivers_arrive(found: dict[str, list[navigation.Trip]]) -> None:
    scores = navigation.score(found)
    assert set(scores) == {"ours", "baseline"}
    for driver, scored in scores.items():
        assert scored["success"] == 1.0
        assert scored["collisions"] == 0
        assert 4.5 < scored["path_m"] < 0.5 * scored["time_s"]
        assert scored["path_m"] == found[driver][0].length_m
    assert scores["ours"]["synaptic_ops"] > 1000
    assert scores["ours"]["pj_per_m"] > 1000
    assert [row["hardware"] for row in navigation.energy_rows(found["ours"])] == list(
        navigation.HARDWARE
    )


def test_a_figure_is_drawn(found: dict[str, list[navigation.Trip]], tmp_path: Path) -> None:
    navigation.draw(found, 1005, tmp_path / "courses.png")
    assert (tmp_path / "courses.png").stat().st_size > 10_000


def trip(*, arrived: bool, time_s: float = 1.0) -> navigation.Trip:
    return navigation.Trip(arrived, not arrived, time_s, np.array(((0.0, 0.0), (3.0, 4.0))))


def test_times_are_compared_on_worlds_that_both_have_done(
    found: dict[str, list[navigation.Trip]],
) -> None:
    counts = found["ours"][0].counts
    ours = [trip(arrived=True, time_s=each)._replace(counts=counts) for each in (2.0, 30.0)]
    baseline = [trip(arrived=True, time_s=4.0), trip(arrived=False)]
    scores = navigation.score({"ours": ours, "baseline": baseline})
    assert scores["ours"] | {"pj_per_m": 0.0, "synaptic_ops": 0.0} == {
        "success": 1.0,
        "collisions": 0,
        "time_s": 2.0,
        "path_m": 5.0,
        "pj_per_m": 0.0,
        "synaptic_ops": 0.0,
    }
    assert scores["baseline"] == {"success": 0.5, "collisions": 1, "time_s": 4.0, "path_m": 5.0}


def test_without_a_world_that_both_have_done_there_is_no_mean(
    found: dict[str, list[navigation.Trip]],
) -> None:
    ours = [trip(arrived=False)._replace(counts=found["ours"][0].counts)]
    scores = navigation.score({"ours": ours, "baseline": [trip(arrived=True)]})
    assert math.isnan(scores["ours"]["time_s"])
