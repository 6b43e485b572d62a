"""`neuromorphic convert`, as people and scripts call it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.cli.main import main
from neuromorphic_ros.compression.ann.layers import Architecture, Linear, Relu, ann_of
from neuromorphic_ros.compression.ann.weights_file import write_ann


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """Write a network with data, and return a command without its target."""
    generator = np.random.default_rng(0)
    tensors = {"a.weight": generator.normal(0.2, 1, (8, 4)), "b.weight": np.eye(4, 8)}
    ann = ann_of(Architecture((4,), (Linear("a"), Relu(), Linear("b"))), tensors)
    write_ann(ann, tmp_path / "net.safetensors")
    inputs = generator.uniform(0, 1, (80, 4)).astype(np.float32)
    np.savez(tmp_path / "data.npz", inputs=inputs, labels=np.arange(80) % 4)
    model, data = str(tmp_path / "net.safetensors"), str(tmp_path / "data.npz")
    return ["convert", model, "--calibration", data, "--quiet"]


def test_the_contract_for_scripts_holds(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["--target", "loihi2", "--bits", "8", "--on-target", "--out", str(out), "--json"]
    assert main([*words, *arguments]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["network"] == str(out / "network.nir")
    assert (found["target"], found["bits"], found["samples"]) == ("loihi2", 8, 16)
    assert [layer["population"] for layer in found["layers"]] == ["layer1", "output"]
    assert len(found["accuracy_by_ticks"]) == len(found["float_accuracy_by_ticks"]) == 64
    assert all(0 <= share <= 1 for share in found["accuracy_by_ticks"])
    assert len(found["target_accuracy_by_ticks"]) == 64
    assert set(found) >= {"fits", "cores", "reasons", "weight_error", "ann_accuracy"}
    # What was written is taken by the other commands.
    assert main(["inspect", found["network"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "net"
    spikes = tmp_path / "spikes.npz"
    np.savez(spikes, input=np.ones((5, 4)))
    ran = ["run", found["network"], "--input", str(spikes), "--output", str(tmp_path / "o.npz")]
    assert main([*ran, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ticks"] == 5


def test_people_are_told_and_shown(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for figure in ("accuracy.png", "accuracy.svg"):
        assert main([*words, "--target", "jetson", "--figure", figure]) == 0
        assert (tmp_path / figure).stat().st_size > 5000
    shown = capsys.readouterr().out
    assert "weights: float32" in shown
    assert "layer1: a spike in every tick is" in shown
    assert "of 16 held-out samples right" in shown
    assert "written: net_jetson/network.nir" in shown
    again = (tmp_path / "accuracy.png").read_bytes()
    assert main([*words, "--target", "jetson", "--figure", "accuracy.png"]) == 0
    assert (tmp_path / "accuracy.png").read_bytes() == again


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--target", "abacus"], "target 'abacus' is unknown; there are loihi2"),
        (["--target", "loihi2", "--bits", "1"], "a weight of 1 bit"),
        (["--target", "loihi2", "--samples", "0"], "--samples 0: give one at least"),
        (["--target", "loihi2", "--figure", "a.gif"], "must end in .png or .svg"),
        (["--target", "loihi2", "--calibration", "/nowhere.npz"], "/nowhere.npz: is no readable"),
        (["--target", "loihi2", "--out", "/dev/null/here"], "cannot be written"),
    ],
)
def test_mistakes_are_told_in_one_line(
    words: list[str], arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, *arguments]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1


def test_a_figure_needs_labels(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "data.npz", inputs=np.ones((5, 4)))
    out = ["--out", str(tmp_path / "out"), "--figure", str(tmp_path / "a.png")]
    assert main([*words, "--target", "jetson", *out]) == 2
    assert "accuracy needs labels" in capsys.readouterr().err
