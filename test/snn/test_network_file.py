"""Network files that include others; what is in them is tested with the spec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
import yaml

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.snn.network_file import load_network
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.streaming import StreamingNetwork

BASE: dict[str, Any] = {
    "name": "base",
    "dt_ms": 1.0,
    "inputs": [{"name": "scan", "shape": [8], "sensor": "scan", "encoder": "scan_latency"}],
    "populations": [{"name": "hidden", "shape": [4]}],
    "projections": [{"pre": "scan", "post": "hidden", "weights": 0.5}],
}
TOP: dict[str, Any] = {
    "name": "top",
    "include": ["base"],
    "populations": [{"name": "alarm", "shape": [1]}],
    "projections": [{"pre": "hidden", "post": "alarm", "weights": 1}],
}
CAMERA: dict[str, Any] = {
    "name": "eye",
    "dt_ms": 1.0,
    "include": [{"nir": "trained.nir", "preset": "snntorch", "set": {"dt_ms": 1.0}}],
    "inputs": [
        {
            "name": "pixels",
            "shape": [2, 6, 8],
            "sensor": "camera",
            "encoder": "dvs",
            "parameters": {},
        }
    ],
    "readouts": [{"name": "detections", "decoder": "blob_detection", "population": "edges"}],
}


def write(folder: Path, content: object, name: str = "net.yaml") -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump(content))
    return path


def write_trained(folder: Path) -> Path:
    path = folder / "trained.nir"
    shape = np.ones((1, 6, 8), np.float32)
    nodes = {
        "pixels": nir.Input({"input": np.array([2, 6, 8])}),
        "filter": nir.Conv2d(
            input_shape=(6, 8),
            weight=np.full((1, 2, 3, 3), 0.25, np.float32),
            stride=1,
            padding=1,
            dilation=1,
            groups=1,
            bias=np.zeros(1, np.float32),
        ),
        "edges": nir.LIF(
            tau=0.01 * shape,
            r=10 * shape,
            v_leak=0 * shape,
            v_threshold=shape,
            v_reset=0 * shape,
        ),
        "output": nir.Output({"output": np.array([1, 6, 8])}),
    }
    edges = [("pixels", "filter"), ("filter", "edges"), ("edges", "output")]
    nir.write(path, nir.NIRGraph(nodes, edges))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(NetworkError) as caught:
        load_network(path)
    message = str(caught.value)
    assert str(path.parent) in message
    assert "\n" not in message
    return message


def test_an_include_puts_another_file_in_front(tmp_path: Path) -> None:
    write(tmp_path, BASE, "base.yaml")
    spec = load_network(write(tmp_path, TOP))
    assert (spec.name, spec.dt_ms) == ("top", 1.0)
    assert [population.name for population in spec.populations] == ["hidden", "alarm"]
    assert [projection.post for projection in spec.projections] == ["hidden", "alarm"]
    assert spec.sources_of("alarm") == {"scan"}


@pytest.mark.parametrize(
    ("base", "complaint"),
    [
        ({"dt_ms": 1.0, "poplations": []}, "included 'base': poplations is not a known field"),
        ({"dt_ms": 1.0, "populations": {"a": 1}}, "populations must be a list"),
        ({**BASE, "populations": TOP["populations"]}, "'alarm' is used twice"),
    ],
)
def test_an_include_that_does_not_fit_is_refused(
    tmp_path: Path, base: dict[str, Any], complaint: str
) -> None:
    write(tmp_path, base, "base.yaml")
    assert complaint in refusal(write(tmp_path, TOP))


def test_an_include_of_another_tick_is_refused(tmp_path: Path) -> None:
    write(tmp_path, BASE, "base.yaml")
    complaint = refusal(write(tmp_path, {**TOP, "dt_ms": 2.0}))
    assert "dt_ms differs from that of included 'base'" in complaint


@pytest.mark.parametrize(
    ("include", "complaint"),
    [
        ("base", "include must be a list"),
        ([1], "include must be a list"),
        (["../base"], "include '../base' is not a name in its folder"),
        ([""], "include '' is not a name in its folder"),
        ([{"nir": "/etc/passwd"}], "is not a name in its folder"),
        ([{"file": "a.nir"}], "nir is missing"),
        ([{"nir": "trained.nir", "preset": "mine"}], "preset 'mine' is unknown"),
        ([{"nir": "missing.nir"}], "missing.nir"),
    ],
)
def test_a_wrong_include_is_named(tmp_path: Path, include: object, complaint: str) -> None:
    write_trained(tmp_path)
    assert complaint in refusal(write(tmp_path, {**TOP, "include": include}))


def test_a_missing_include_is_named(tmp_path: Path) -> None:
    assert "base.yaml cannot be read" in refusal(write(tmp_path, TOP))


def test_includes_in_a_circle_are_refused(tmp_path: Path) -> None:
    write(tmp_path, {**BASE, "include": ["net"]}, "base.yaml")
    assert "includes itself" in refusal(write(tmp_path, TOP))


def test_a_trained_network_gets_sensors_and_readouts_from_the_file_that_includes_it(
    tmp_path: Path,
) -> None:
    write_trained(tmp_path)
    spec = load_network(write(tmp_path, CAMERA))
    (source,) = spec.inputs
    assert (source.name, source.encoder) == ("pixels", "dvs")
    neuron = spec.population("edges").neuron
    assert isinstance(neuron, Lif)
    assert neuron.strict, "as snntorch compares"
    pipeline = Pipeline(StreamingNetwork(spec))
    assert pipeline.sensors == ["camera"]
    assert pipeline.detection is not None


def test_a_nir_file_is_a_network_file(tmp_path: Path) -> None:
    spec = load_network(write_trained(tmp_path))
    assert [population.name for population in spec.populations] == ["edges"]
    assert spec.inputs[0].encoder is None
    with pytest.raises(NetworkError, match="input 'pixels' has no encoder"):
        Pipeline(StreamingNetwork(spec))
