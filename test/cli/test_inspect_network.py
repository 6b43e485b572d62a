"""`neuromorphic inspect`."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import matplotlib.image
import nir
import numpy as np
import pytest

from neuromorphic_ros.cli.main import main
from neuromorphic_ros.pipeline.networks import find_network, network_names
from neuromorphic_ros.snn.streaming import StreamingNetwork

NETWORK = """\
name: small
dt_ms: 0.5
inputs:
  - {name: x, shape: [2, 3]}
populations:
  - {name: a, shape: [4], neuron: {model: lif, tau_mem_ms: [5, 6, 7, 8], reset: subtract}}
  - {name: b, shape: [1], neuron: {model: dendritic_lif, dendrites: 1}}
projections:
  - {pre: x, post: a, weights: {type: uniform, low: 0.5, high: 0.5}, precision: float16}
  - {pre: a, post: a, pattern: {type: one_to_one}, weights: [-1, 1, 2, 3], delay_ticks: 3}
  - {pre: "a[1:3]", post: b, weights: 0.0, compartment: 1}
readouts:
  - {name: out, decoder: blob_detection, population: b}
"""


@pytest.fixture
def small(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_text(NETWORK, encoding="utf-8")
    return str(path)


def test_a_network_is_printed(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", small]) == 0
    words = capsys.readouterr().out
    assert words.splitlines()[0] == ("small: ticks of 0.5 ms, 6 channels, 5 neurons, 28 synapses")
    rows = {" ".join(line.split()) for line in words.splitlines()}
    assert rows >= {
        "x 2 x 3 driven by a program",
        "a 4 lif threshold 1, reset subtract, tau_mem_ms 5 to 8",
        "x -> a all_to_all delay 0 24 synapses dense float16, 48 B weight 0.5",
        "a -> a one_to_one delay 3 4 synapses csr float32, 64 B weights -1 to 3",
        "out blob_detection of b",
        "largest fan-in 7 of a",
        "largest fan-out 4 of x",
        "recurrent a",
    }
    assert any(row.startswith("a[1:3] -> b, compartment 1 all_to_all") for row in rows)
    assert all(line == line.rstrip() for line in words.splitlines())


def test_json_says_the_same(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", small, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["populations"][0]["parameters"]["tau_mem_ms"] == [5.0, 8.0]
    assert told["projections"][1]["delay_ticks"] == 3
    assert (told["projections"][1]["low"], told["projections"][1]["high"]) == (-1.0, 3.0)
    assert told["projections"][2]["low"] is None
    assert told["totals"]["fan_in"] == {"name": "a", "synapses": 7}
    assert told["totals"]["recurrent"] == [["a"]]
    assert told["assumed"] == []


@pytest.mark.parametrize("name", [*network_names(), "basic_motions"])
def test_shipped_networks_are_told_as_they_run(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", name, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    engine = StreamingNetwork(find_network(name))
    assert [each["bytes"] for each in told["projections"]] == [
        connection.bytes for connection in engine.connections
    ]
    assert [each["synapses"] for each in told["projections"]] == [
        connection.synapses_per_row.sum() for connection in engine.connections
    ]
    populations = [each["name"] for each in told["populations"]]
    assert populations == [each.name for each in engine.spec.execution_order()]


@pytest.mark.parametrize("name", ["network.png", "deeper/network.png", "network.svg"])
def test_a_picture_is_written(small: str, tmp_path: Path, name: str) -> None:
    assert main(["inspect", small, "--figure", str(tmp_path / name)]) == 0
    written = tmp_path / name
    if written.suffix == ".png":
        height, width, _ = matplotlib.image.imread(written).shape
        assert 100 < height < width
    else:
        assert b"<svg" in written.read_bytes()


@pytest.fixture
def nir_file(tmp_path: Path) -> Path:
    path = tmp_path / "model.nir"
    nodes = {
        "input": nir.Input(np.array([3])),
        "fc": nir.Affine(np.ones((2, 3), np.float32), np.zeros(2, np.float32)),
        "lif": nir.LIF(*(np.full(2, value) for value in (0.01, 1.0, 0.0, 1.0, 0.0))),
        "output": nir.Output(np.array([2])),
    }
    nir.write(path, nir.NIRGraph(nodes, [("input", "fc"), ("fc", "lif"), ("lif", "output")]))
    return path


def test_a_nir_file_is_told_with_what_it_does_not_say(
    nir_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["inspect", str(nir_file), "--preset", "norse", "--set", "dt_ms=2.0"]
    assert main(arguments) == 0
    words = capsys.readouterr().out
    assert "ticks of 2 ms, 3 channels, 2 neurons, 6 synapses" in words
    assert "  integrator = euler (preset norse)\n" in words
    assert main([*arguments, "--json"]) == 0
    assert "dt_ms = 2.0 (set)" in json.loads(capsys.readouterr().out)["assumed"]


def assert_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["inspect", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.isprintable()
    return line


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere"], "network 'nowhere' is neither"),
        (["nowhere.yaml"], "nowhere.yaml"),
        (["nowhere.nir"], "nowhere.nir"),
        (["robot", "--figure", "robot.jpeg"], "--figure robot.jpeg must end in .png or .svg"),
        (["robot", "--preset", "norse"], "are for NIR files"),
        (["robot", "--set", "dt_ms=1"], "are for NIR files"),
        (["no\nwhere\x1b[31m"], r"'no\nwhere\x1b[31m'"),
    ],
)
def test_what_cannot_be_told_is_refused_with_one_line(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert complaint in assert_refused(arguments, capsys)


@pytest.mark.parametrize(
    "quoted",
    [
        '{pre: "x\\e[31m\\r\\n", post: a}',
        '{pre: x, post: "\\u202e"}',
        '{pre: x, post: a, pattern: {type: "\\x07\\x1b]0;title\\x07"}}',
        '{pre: x, post: a, "\\x1b[2J": 1}',
    ],
)
def test_control_characters_of_a_file_do_not_reach_the_terminal(
    quoted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hostile.yaml"
    path.write_text(NETWORK.replace("projections:", f"projections:\n  - {quoted}"))
    assert "hostile.yaml" in assert_refused([str(path)], capsys)


@pytest.mark.parametrize("content", [b"", b"cos\nsystem\n(S'echo'\ntR.", b"\x89HDF\r\n\x1a\n junk"])
def test_what_is_no_nir_file_is_refused(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.nir"
    path.write_bytes(content)
    assert "model.nir" in assert_refused([str(path)], capsys)


def test_a_hostile_node_name_is_printed_without_control_characters(
    nir_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with h5py.File(nir_file, "r+") as file:
        file["node/nodes/evil\x1b[31m\n"] = 1
    assert_refused([str(nir_file)], capsys)


def test_a_network_beyond_memory_is_told_by_its_bounds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "huge.yaml"
    path.write_text(
        "name: huge\ndt_ms: 1\nmax_neurons: 2000000000\nmax_synapses: 4000000000000000000\n"
        "inputs: []\npopulations: [{name: a, shape: [1000000000]}]\n"
        "projections: [{pre: a, post: a, delay_ticks: 1, precision: int8}]\n"
    )
    assert main(["inspect", str(path)]) == 0
    words = capsys.readouterr().out
    assert "up to 1,000,000,000,000,000,000 synapses" in words
    assert "weights          up to 1e+03 PB" in words
    assert "largest fan-in   not counted" in words


def test_variants_are_told_by_what_is_different(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "robot"]) == 0
    text = capsys.readouterr().out
    low = next(line for line in text.splitlines() if line.strip().startswith("low "))
    assert "ticks of 4 ms; int8; without dvs, cell, whole, retinotopic; other seen[0]" in low
    assert main(["inspect", "robot@low", "--json"]) == 0
    varied = json.loads(capsys.readouterr().out)
    assert (varied["dt_ms"], varied["variants"]) == (4.0, [])
