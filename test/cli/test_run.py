"""`neuromorphic run`, against what other frameworks computed."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import nir
import numpy as np
import numpy.typing as npt
import pytest
from lava_installed import needs_lava

from neuromorphic_ros.cli.main import main

ENGINES = ("streaming", "torch")
SAMPLES = {
    "norse_affine_lif_affine_li": "norse",
    "sinabs_conv_iaf_pool_conv_iaf_flatten_affine_lif": "sinabs",
    "snntorch_leaky_zero_nodelay": "snntorch",
    "spikingjelly_lif_cubalif_hardreset": "spikingjelly",
}

Values = npt.NDArray[Any]


def full(value: float, size: int) -> Values:
    return np.full(size, value)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a file of two neurons that fire at 2 (and above) and give 3 times that to an LI."""
    nodes = {
        "input": nir.Input(np.array([2])),
        "if": nir.IF(full(1.0, 2), full(2.0, 2)),
        "weights": nir.Linear(np.array([[3.0, 3.0]])),
        "li": nir.LI(full(0.002, 1), full(2.0, 1), full(0.0, 1)),
        "output": nir.Output(np.array([1])),
        "spikes": nir.Output(np.array([2])),
    }
    edges = [("input", "if"), ("if", "weights"), ("weights", "li"), ("li", "output")]
    file = tmp_path / "model.nir"
    nir.write(str(file), nir.NIRGraph(nodes, [*edges, ("if", "spikes")]))
    return file


CONVENTIONS = ["--set", "strict=false", "--set", "if_input=jump", "--set", "integrator=euler"]


def run(model: Path, values: dict[str, Any], *arguments: str) -> dict[str, Values]:
    given, made = model.with_name("input.npz"), model.with_name("output.npz")
    np.savez(given, **values)
    assert main(["run", str(model), "--input", str(given), "--output", str(made), *arguments]) == 0
    with np.load(made) as arrays:
        return dict(arrays)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "torch":
        pytest.importorskip("torch")
    return str(request.param)


@pytest.mark.data
@pytest.mark.parametrize("name", SAMPLES)
def test_what_a_framework_computed_is_reproduced(
    shared_data: Path, tmp_path: Path, name: str, engine: str
) -> None:
    folder, made = shared_data.parent / "nir_samples", tmp_path / "output.npz"
    arguments = ["--preset", SAMPLES[name], "--engine", engine, "--output", str(made)]
    given = folder / f"{name}.npz"
    assert main(["run", str(folder / f"{name}.nir"), "--input", str(given), *arguments]) == 0
    ours, theirs = np.load(made)["output"], np.load(given)["output"]
    assert ours.dtype == theirs.dtype == np.float32
    if np.all(theirs == np.rint(theirs)):
        assert np.any(theirs)
        assert np.array_equal(ours, theirs)
    else:
        # A membrane: float32 sums in another order.
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


def test_outputs_are_written_by_name(model: Path, engine: str) -> None:
    values = {"input": np.array([[2, 0.5], [0, 0], [1, 2], [1, 0]])}
    made = run(model, values, *CONVENTIONS, "--engine", engine)
    assert made["output"].tolist() == [[3], [1.5], [3.75], [4.875]]
    assert made["spikes"].tolist() == [[1, 0], [0, 0], [0, 1], [1, 0]]
    assert {values.dtype for values in made.values()} == {np.dtype(np.float32)}


def test_a_shipped_model_is_run_by_its_name(tmp_path: Path, engine: str) -> None:
    spikes = np.random.default_rng(0).random((10, 6, 12)) < 0.2
    given, made = tmp_path / "given.npz", tmp_path / "made.npz"
    np.savez(given, input=spikes)
    arguments = ["--input", str(given), "--output", str(made), "--engine", engine]
    assert main(["run", "basic_motions", *arguments]) == 0
    assert np.load(made)["output"].shape == (10, 4)


def test_a_name_that_is_not_shipped_is_told_what_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "letters", "--input", "x", "--output", str(tmp_path / "made.npz")]) == 2
    assert "shipped are" in capsys.readouterr().err


def test_it_says_what_it_assumed(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(model, {"input": np.ones((4, 2))}, "--preset", "norse", "--set", "strict=false")
    said = capsys.readouterr().out
    for line in (
        "assumed: dt_ms = 1.0 (preset norse)",
        "assumed: strict = False (set)",
        "assumed: reset = hard (default)",
        "if: 4 spikes",
        "4 ticks of 1 ms",
    ):
        assert line in said


def test_one_json_object(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(model, {"input": np.ones((4, 2))}, *CONVENTIONS, "--json")
    said = json.loads(capsys.readouterr().out)
    assert said["spikes"] == {"if": 4}
    assert said["ticks"] == 4
    assert said["outputs"] == {"output": [4, 1], "spikes": [4, 2]}
    assert "integrator = euler (set)" in said["assumed"]


def test_a_yaml_network_runs_by_the_names_of_its_inputs(tmp_path: Path, engine: str) -> None:
    file = tmp_path / "network.yaml"
    file.write_text(
        """
name: two
dt_ms: 1.0
inputs: [{name: left, shape: [1]}, {name: right, shape: [1]}]
populations: [{name: sum, shape: [1], neuron: {model: if}}]
projections: [{pre: left, post: sum, weights: 0.5}, {pre: right, post: sum}]
"""
    )
    values = {"left": np.array([[1], [1], [0]]), "right": np.array([[0], [0], [2]])}
    assert run(file, values, "--engine", engine)["output"].tolist() == [[0], [1], [1]]


RELAY = """
name: relay
dt_ms: 1.0
inputs: [{name: seen, shape: [2]}]
populations: [{name: sum, shape: [2], neuron: {model: if, reset: subtract}}]
projections: [{pre: seen, post: sum, pattern: {type: one_to_one}}]
"""
SEEN = np.array([[1, 0], [0, 1], [0, 0], [1, 1]])


def test_other_hardware_runs_a_network_by_any_of_its_engines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "relay.yaml"
    file.write_text(RELAY)
    arguments = ("--backend", "truenorth", "--engine", "simulator", "--json")
    made = run(file, {"seen": SEEN}, *arguments)["sum"]
    said = json.loads(capsys.readouterr().out)
    assert (said["backend"], said["engine"]) == ("truenorth", "simulator")
    assert said["spikes"] == {"sum": 4}
    assert made.tolist() == SEEN.tolist()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--backend", "abacus"), "backend 'abacus' is unknown"),
        (("--backend", "truenorth", "--engine", "torch"), "there are simulator"),
        (("--engine", "abacus"), "backend 'jetson' has no engine 'abacus'"),
    ],
)
def test_hardware_or_an_engine_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], reason: str
) -> None:
    file, given = tmp_path / "relay.yaml", tmp_path / "given.npz"
    file.write_text(RELAY)
    np.savez(given, seen=SEEN)
    paths = ("--input", str(given), "--output", str(tmp_path / "made.npz"))
    assert main(["run", str(file), *paths, *arguments]) == 2
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "made.npz").exists()


def test_a_membrane_is_not_read_from_other_hardware(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, given = tmp_path / "level.yaml", tmp_path / "given.npz"
    file.write_text(RELAY.replace("{model: if, reset: subtract}", "{model: li}"))
    np.savez(given, seen=SEEN)
    paths = ("--input", str(given), "--output", str(tmp_path / "made.npz"))
    assert main(["run", str(file), *paths, "--backend", "truenorth"]) == 2
    assert "'sum'" in capsys.readouterr().err


def test_streaming_needs_no_torch(model: Path) -> None:
    np.savez(model.with_name("input.npz"), input=np.ones((4, 2)))
    program = (
        "import sys; sys.modules['torch'] = None; from neuromorphic_ros.cli.main import main; "
        "sys.exit(main(sys.argv[1:]))"
    )
    arguments = ["run", "model.nir", "--input", "input.npz", "--output", "output.npz"]
    done = subprocess.run([sys.executable, "-c", program, *arguments], cwd=model.parent)
    assert done.returncode == 0


def refused(capsys: pytest.CaptureFixture[str], *arguments: Any) -> str:
    assert main(["run", *map(str, arguments)]) == 2
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert captured.out == ""
    return line


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"input": np.ones((4, 3))}, "has shape (4, 3), the network takes (T, 2)"),
        ({"input": np.float32(1)}, "has shape ()"),
        ({"other": np.ones((4, 2))}, "has no array for input 'input'"),
        ({"input": np.array([[1, np.nan]])}, "holds NaN"),
        ({"input": np.array([[1e300, 1]])}, "holds NaN or infinity"),
        ({"input": np.array([["a", "b"]])}, "holds <U1"),
        ({"input": np.array([[object(), 1]])}, "pickle"),
    ],
)
def test_input_that_does_not_fit_is_refused(
    model: Path, capsys: pytest.CaptureFixture[str], values: dict[str, Any], reason: str
) -> None:
    given = model.with_name("input.npz")
    np.savez(given, **values)
    assert reason in refused(capsys, model, "--input", given, "--output", "nowhere.npz")
    assert not Path("nowhere.npz").exists()


def test_a_header_that_declares_too_much_is_refused(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = model.with_name("input.npz")
    header = {"descr": "<f4", "fortran_order": False, "shape": (2**40, 2)}
    with zipfile.ZipFile(given, "w") as archive, archive.open("input.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, header)
    line = refused(capsys, model, "--input", given, "--output", "nowhere.npz")
    assert "declares 8796093022208 bytes" in line


@pytest.mark.parametrize("content", [b"", b"PK", pickle.dumps([1])])
def test_what_is_no_npz_is_refused(
    model: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    given = model.with_name("input.npz")
    given.write_bytes(content)
    assert "not a readable npz" in refused(capsys, model, "--input", given, "--output", "no.npz")


@needs_lava
def test_lava_runs_what_the_integers_of_loihi_run(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    nodes = {
        "input": nir.Input(np.array([6])),
        "weights": nir.Linear(generator.uniform(-10.0, 40.0, (4, 6))),
        "lif": nir.LIF(full(0.01, 4), full(1.0, 4), full(0.0, 4), full(1.0, 4)),
        "output": nir.Output(np.array([4])),
    }
    edges = [("input", "weights"), ("weights", "lif"), ("lif", "output")]
    file = tmp_path / "model.nir"
    nir.write(str(file), nir.NIRGraph(nodes, edges))
    spikes = (generator.random((60, 6)) < 0.2).astype(np.float32)
    conventions = ("--preset", "spikingjelly", "--set", "dt_ms=1")
    ours, lava = (
        run(file, {"input": spikes}, *conventions, "--backend", "loihi", "--engine", engine)
        for engine in ("integer", "lava")
    )
    assert ours["output"].sum() > 20
    assert np.array_equal(lava["output"], ours["output"])


def test_inputs_of_different_length_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = {name: nir.Input(np.array([1])) for name in ("a", "b")}
    nodes |= {"lif": nir.LIF(*np.ones((4, 1))), "out": nir.Output(np.array([1]))}
    file, given = tmp_path / "model.nir", tmp_path / "input.npz"
    nir.write(str(file), nir.NIRGraph(nodes, [("a", "lif"), ("b", "lif"), ("lif", "out")]))
    np.savez(given, a=np.ones((3, 1)), b=np.ones((2, 1)))
    assert "differ in length" in refused(capsys, file, "--input", given, "--output", "no.npz")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--set", "dt=1"], "dt is not a known field"),
        (["--set", "dt_ms=fast"], "dt_ms"),
        (["--set", "dt_ms=1e9"], "dt_ms"),
        (["--set", "reset=soft"], "reset"),
        (["--set", "strict"], "'strict' is not NAME=VALUE"),
    ],
)
def test_conventions_that_cannot_be_are_refused(
    model: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    given = model.with_name("input.npz")
    np.savez(given, input=np.ones((4, 2)))
    line = refused(capsys, model, "--input", given, "--output", "no.npz", *arguments)
    assert reason in line


def test_a_file_that_is_not_there_is_named(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "nowhere.nir" in refused(capsys, "nowhere.nir", "--input", "a", "--output", "b")
    assert "nowhere.npz" in refused(capsys, model, "--input", "nowhere.npz", "--output", "b")


def test_yaml_takes_no_conventions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = refused(capsys, "a.yaml", "--preset", "norse", "--input", "a", "--output", "b")
    assert "for NIR files" in line
