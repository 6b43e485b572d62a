"""`neuromorphic compress`, as people and scripts call it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.cli.main import main
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.resources import share_directory
from neuromorphic_ros.snn.synapses import connect

ROBOT = share_directory() / "recordings" / "wheeled_robot"


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """Write 20 figures of two classes: upright and lying strokes with noise."""
    generator = np.random.default_rng(0)
    images, labels = generator.uniform(0, 3, (20, 8, 8)), np.arange(20) % 2
    images[labels == 0, 1:7, 3:5] += 13
    images[labels == 1, 3:5, 1:7] += 13
    path = tmp_path / "digits.npz"
    np.savez(path, images=images, labels=labels)
    return path


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["nothing", "--bits", "4"], "network 'nothing' is neither"),
        (["obstacle_avoider"], "nothing is asked for"),
        (["obstacle_avoider", "--bits", "1"], "grid.bits = 1"),
        (["obstacle_avoider", "--per-channel"], "--bits is missing beside per_channel"),
        (["obstacle_avoider", "--bits", "4"], "--calibration is missing"),
        (["obstacle_avoider", "--bits", "4", "--step", "median"], "grid.step = 'median'"),
        (["obstacle_avoider", "--prune", "2"], "weights = 2.0"),
        (["obstacle_avoider", "--bits", "4", "--calibration", "/nowhere"], "/nowhere"),
        (["digits", "--bits", "4", "--calibration", "/nowhere"], "/nowhere: the data of recipe"),
        (
            ["obstacle_avoider", "--prune", "0.5", "--epochs", "1", "--calibration", str(ROBOT)],
            "has no labelled samples to be trained again with",
        ),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    options: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compress", *options]) == 2
    told = capsys.readouterr().err
    assert complaint in told
    assert told.count("\n") == 1


def test_a_network_is_calibrated_and_compared_on_a_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "smaller"
    options = ["--calibration", str(ROBOT), "--bits", "8", "--out", str(out)]
    assert main(["compress", "obstacle_avoider", *options]) == 0
    told = capsys.readouterr().out
    assert "79 neurons, 305 synapses, 1,220 bytes -> 79 neurons, 305 synapses, 305 bytes" in told
    assert "motor: " in told
    assert "accuracy" not in told
    spec = find_network(str(out / "network.nir"))
    assert spec.neurons == find_network("obstacle_avoider").neurons


def test_a_model_is_made_smaller_and_can_be_evaluated(
    digits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "smaller"
    options = ["--calibration", str(digits), "--prune-neurons", "0.5", "--prune", "0.5"]
    options += ["--across", "network", "--bits", "4", "--per-channel", "--out", str(out)]
    assert main(["compress", "digits", *options, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["before"]["neurons"] == 168
    assert found["after"]["neurons"] == 104
    assert found["after"]["synapses"] <= found["before"]["synapses"] / 4
    assert found["reduction"] >= 32
    assert found["accuracy"]["samples"] == 4
    model = find_model(str(out))
    assert model.card.command == (
        "neuromorphic compress digits --bits 4 --per-channel --prune 0.5 --across network "
        "--prune-neurons 0.5 --seed 0"
    )
    assert model.card.neurons == 104
    shipped = share_directory() / "models" / "digits" / "network.nir"
    assert model.network.stat().st_size < 0.6 * shipped.stat().st_size
    kept = connect(model.spec(), 0).dense()
    assert max(len(np.unique(np.abs(column))) for column in kept.T) <= 8
    assert main(["evaluate", str(out), "--data", str(digits), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["samples"] == 20


def test_training_again_and_state_in_few_bits_are_told(
    digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    options = ["--calibration", str(digits), "--bits", "3", "--membrane-bits", "12"]
    assert main(["compress", "digits", *options, "--epochs", "1"]) == 0
    told = capsys.readouterr().out
    assert "dvs -> hidden: weights are off by" in told
    assert "accuracy" in told
