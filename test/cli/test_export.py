"""`neuromorphic export`: networks for lava-dl's netx, PyNN and TrueNorth."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import pytest

from neuromorphic_ros.cli.main import main

NETWORK = """\
name: row
dt_ms: 1.0
inputs:
  - {name: x, shape: [4]}
populations:
  - {name: hidden, shape: [3]}
  - {name: out, shape: [2]}
projections:
  - {pre: x, post: hidden, weights: 0.5}
  - {pre: hidden, post: out, weights: 0.5}
"""


@pytest.fixture
def network(tmp_path: Path) -> Path:
    file = tmp_path / "row.yaml"
    file.write_text(NETWORK)
    return file


def test_a_network_in_a_row_is_written(network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = network.with_name("row.net")
    assert main(["export", str(network), str(output), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["output"] == str(output)
    assert [layer["population"] for layer in told["layers"]] == ["hidden", "out"]
    with h5py.File(output) as file:
        units = [int(file[f"layer/{index}/neuron/vThMant"][()]) for index in (1, 2)]
    assert [layer["threshold_units"] for layer in told["layers"]] == units
    assert main(["export", str(network), str(output)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"{output}: written"


def test_a_script_for_brainscales_is_written(
    network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = network.with_name("on_chip")
    assert main(["export", str(network), str(folder), "--format", "pynn", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["script"] == str(folder / "pynn_network.py")
    assert sorted(each.name for each in folder.iterdir()) == ["network.npz", "pynn_network.py"]


def test_a_placement_on_truenorth_is_written(
    network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = network.with_name("placement.json")
    assert main(["export", str(network), str(output), "--format", "truenorth", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    placed = json.loads(output.read_text())
    assert placed["network"] == "row"
    assert told["cores"] == len(placed["cores"]) == placed["model"]["coreCount"]


@pytest.mark.parametrize("format_", ["pynn", "truenorth"])
def test_a_network_that_does_not_fit_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], format_: str
) -> None:
    output = tmp_path / "written"
    assert main(["export", "adaptive_avoider", str(output), "--format", format_]) == 2
    assert "plastic" in capsys.readouterr().err
    assert not output.exists()


def test_a_network_that_netx_cannot_hold_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "robot.net"
    assert main(["export", "robot", str(output)]) == 2
    assert "does not fit Loihi 2" in capsys.readouterr().err
    assert not output.exists()


def test_a_place_that_cannot_be_written_is_told(
    network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(network), str(network / "row.net")]) == 2
    assert "cannot be written" in capsys.readouterr().err
