"""What is said of the avoider that adapts by reward."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("mujoco", reason="needs pip install 'neuromorphic_ros[simulation]'")

import adaptation
from adaptation import Course

NO_WEIGHTS = np.empty(0)


def course(*per_minute: int, weights: Any = NO_WEIGHTS) -> Course:
    path_m = np.zeros((600 * len(per_minute), 2))
    return Course(np.array(per_minute), path_m, 20.0 * len(per_minute), 0 * weights, weights, 30.0)


@pytest.fixture
def made_up() -> dict[str, list[Course]]:
    """Ten seeds in which learning helps, and a driver that hits nothing."""
    weights = np.linspace(0.0, 0.1, 72).reshape(36, 2)
    return {
        "learning": [course(8, 7 + seed % 2, 0, 0, weights=weights) for seed in range(10)],
        "frozen": [course(8, 6, 7, 7 + seed % 3, weights=0 * weights) for seed in range(10)],
        "tuned by hand": [course(0, 0, 0, 0) for _ in range(10)],
    }


@pytest.fixture(scope="module")
def learning() -> Course:
    return adaptation.drive("learning", 0, 1)


def test_a_drive_is_repeated_by_its_seed(learning: Course) -> None:
    again = adaptation.drive("learning", 0, 1)
    for one, other in zip(learning[:-1], again[:-1], strict=True):
        assert np.array_equal(one, other)


def test_a_minute_of_rewards_changes_weights_within_their_bounds(learning: Course) -> None:
    assert not np.any(learning.before)
    assert np.any(learning.after)
    assert np.all((learning.after >= np.float32(-0.03)) & (learning.after <= np.float32(0.12)))
    assert learning.distance_m > 10


def test_the_frozen_driver_keeps_its_weights_and_goes_on_after_collisions() -> None:
    frozen = adaptation.drive("frozen", 0, 1)
    assert not np.any(frozen.after)
    assert frozen.per_minute[0] >= 2
    assert frozen.distance_m > 10


@pytest.mark.slow
def test_learning_makes_collisions_rare() -> None:
    driven = [adaptation.drive("learning", seed, 12) for seed in range(3)]
    first, last = adaptation.first_and_last(driven)
    assert last.mean() < 0.5 * first.mean()
    for each in driven:
        # Something that is seen asks for a turn.
        assert adaptation.turning(each.after).max() > 0.02


def test_rows_tell_means_spread_and_significance(made_up: dict[str, list[Course]]) -> None:
    rows = {row["driver"]: row for row in adaptation.rows(made_up)}
    assert json.loads(json.dumps(rows)) == rows
    learning, frozen, by_hand = rows.values()
    assert learning["first_per_min"] == pytest.approx(7.75)
    assert learning["last_per_min"] == 0
    assert learning["p_fewer_than_first"] < 0.01
    assert learning["p_fewer_than_frozen"] < 0.01
    assert frozen["p_fewer_than_first"] > 0.05
    assert frozen["p_fewer_than_frozen"] == 1
    assert frozen["last_sd"] == pytest.approx(np.std([7, 7.5, 8, 7, 7.5, 8, 7, 7.5, 8, 7], ddof=1))
    assert by_hand["distance_m_per_min"] == 20


def test_the_first_and_the_last_minutes_never_overlap() -> None:
    first, last = adaptation.first_and_last([course(4, 2)])
    assert (first, last) == (4, 2)
    first, last = adaptation.first_and_last([course(9, 9, 9, 1, 0, 0, 0, 3)])
    assert (first, last) == (9, 1)


def test_cells_are_those_of_the_last_minutes() -> None:
    still = course(0, 0, 0, 0)
    assert adaptation.cells(still) == 1
    line_m = np.zeros((2400, 2))
    line_m[:1200, 0] = np.linspace(-4.0, 4.0, 1200)
    line_m[1200:, 1] = np.linspace(-0.999, 0.999, 1200)
    assert adaptation.cells(still._replace(path_m=line_m)) == 4


def test_a_single_seed_has_no_spread() -> None:
    row = adaptation.rows({"frozen": [course(1, 2)]})[0]
    assert row["first_sd"] == row["last_sd"] == 0


def test_weights_are_told_by_what_is_seen_and_the_turn(made_up: dict[str, list[Course]]) -> None:
    row = adaptation.weight_rows(made_up["learning"])[3]
    weights = 1e3 * np.linspace(0.0, 0.1, 72).reshape(3, 12, 2)
    assert row["seed"] == 3
    assert row["right -> left"] == pytest.approx(weights[0, :, 0].mean())
    assert row["left -> right"] == pytest.approx(weights[2, :, 1].mean())


def test_the_figure_is_drawn(made_up: dict[str, list[Course]], tmp_path: Path) -> None:
    adaptation.draw(made_up, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("wrong", [["--seeds", "0"], ["--minutes", "1"], ["--jobs", "0"]])
def test_too_little_to_compare_is_refused(
    wrong: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["adaptation.py", *wrong])
    with pytest.raises(SystemExit):
        adaptation.main()
    assert "it needs a seed, 2 minutes and a process at least" in capsys.readouterr().err
