"""The engine that is asked for runs, on the device that is asked for, or says why not."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from neuromorphic_ros.backends.jetson import jetson as module
from neuromorphic_ros.backends.jetson.jetson import compile_jetson
from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.backends.registry import backend
from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.snn.streaming import StreamingNetwork


@pytest.mark.parametrize("device", ["auto", "cpu"])
@pytest.mark.parametrize("engine", ["", "streaming"])
def test_the_streaming_engine_runs_unless_torch_is_asked_for(engine: str, device: Any) -> None:
    network = compile_jetson(find_network("robot"), Options(engine, device))
    assert isinstance(network, StreamingNetwork)


def test_torch_runs_on_the_device_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    asked = []

    def torch_device(device: str) -> str:
        asked.append(device)
        return "cpu"

    monkeypatch.setattr(module, "torch_device", torch_device)
    spec = find_network("obstacle_avoider")
    network = backend("jetson").compiled(spec, Options("torch"))
    assert type(network).__name__ == "TorchRunner"
    assert network.spec == spec
    assert asked == ["auto"]


def test_the_streaming_engine_is_refused_on_cuda_with_the_one_that_runs_there() -> None:
    with pytest.raises(BackendError, match="choose engine: torch for device: cuda"):
        compile_jetson(find_network("robot"), Options("streaming", "cuda"))


@pytest.mark.parametrize("engine", ["", "torch"])
def test_cuda_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr("neuromorphic_ros.backends.jetson.device.sees_cuda", lambda: False)
    with pytest.raises(BackendError, match="device: cuda needs a CUDA device"):
        compile_jetson(find_network("robot"), Options(engine, "cuda"))


def test_without_torch_its_engine_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*sys.modules]:
        if name.startswith("neuromorphic_ros.backends.jetson.runner"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(BackendError, match=r"pip install neuromorphic_ros\[torch\]"):
        compile_jetson(find_network("robot"), Options("torch"))


def test_the_default_engine_never_imports_torch() -> None:
    code = (
        "import sys\n"
        "from neuromorphic_ros.backends.registry import backend\n"
        "from neuromorphic_ros.pipeline.networks import find_network\n"
        "spec = find_network('robot')\n"
        "backend('jetson').compiled(spec)\n"
        "assert backend('jetson').examine(spec).fits\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
