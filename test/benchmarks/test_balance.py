"""What is said of balancing by spikes and by regulators."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("mujoco", reason="needs pip install 'neuromorphic_ros[simulation]'")
pytest.importorskip("gymnasium", reason="needs pip install 'neuromorphic_ros[simulation]'")

import balance
import linear_balance

S = 1_000_000_000


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return balance.measure(2, 2000, duration_ns=6 * S, jobs=1)


def test_both_sides_balance_the_same_episodes(found: dict[str, Any]) -> None:
    assert found["episodes"] == found["robot_episodes"] == 2
    for side in (found, found["baseline"]):
        assert side["cartpole_full_episodes"] == 2
        assert side["cartpole_mean_steps"] == 500
        assert side["robot_upright"] == 2
        assert 0.0 < side["travel_m_median"] <= side["travel_m_max"] < 1.0
        assert 1.0 < side["tilt_deg_max"] < 15.0


def test_spikes_cost_energy(found: dict[str, Any]) -> None:
    assert found["hardware"] == "horowitz_45nm_fp32"
    for network in ("", "cartpole_"):
        operations = found[f"{network}synaptic_ops_per_s"]
        assert operations > 100
        # An addition in 45 nm takes 0.9 pJ, and more is counted than that.
        assert found[f"{network}pj_per_s"] > 0.9 * operations


def test_what_was_found_is_told_as_json_and_rows(found: dict[str, Any]) -> None:
    assert json.loads(json.dumps(found)) == found
    ours, baseline = balance.rows(found)
    assert ours.keys() == baseline.keys()
    assert ours["controller"] == "spikes"


def test_a_robot_that_is_pushed_too_hard_has_fallen() -> None:
    for stand in (balance.stand, balance.regulated_stand):
        fallen = stand(2000, 7 * S, 3.0)
        assert not fallen.upright
        assert fallen.tilt_rad > math.radians(40.0)


@pytest.mark.parametrize("gains", [linear_balance.cart_gains(), linear_balance.robot_gains()])
def test_a_regulator_drives_to_where_it_falls(gains: Any) -> None:
    # Place, speed, tilt and its rate all ask for the same side; tilt weighs most.
    assert np.all(gains < 0)
    assert np.argmin(gains) == 2


def test_a_regulator_without_new_samples_keeps_its_push() -> None:
    assert linear_balance.CartRegulator().speed([]) is None


def test_the_figure_is_drawn_around_the_push(tmp_path: Path) -> None:
    run = balance.course(2000)
    assert run.time_s[0] < -balance.BEFORE_NS * 1e-9
    before = run.time_s < 0.0
    assert np.abs(run.tilt_deg[~before]).max() > np.abs(run.tilt_deg[before]).max()
    assert all(np.any(times > 0.0) for times in run.spikes.values())
    balance.draw(run, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("wrong", [["--episodes", "0"], ["--seed", "-1"]])
def test_too_little_to_measure_is_refused(
    wrong: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["balance.py", *wrong])
    with pytest.raises(SystemExit):
        balance.main()
    assert "it needs an episode at least" in capsys.readouterr().err
