"""Conventional networks converted by service, while the node works on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness import Robot, robot_domain
from neuromorphic_ros.srv import ConvertAnn, LoadNetwork

from neuromorphic_ros.compression.ann.layers import Architecture, Linear, Relu, ann_of
from neuromorphic_ros.compression.ann.weights_file import write_ann

pytestmark = pytest.mark.ros


@pytest.fixture
def robot() -> Iterator[Robot]:
    with robot_domain() as robot:
        yield robot


def write(folder: Path) -> dict[str, Any]:
    """Write a network with data, and return the request that converts it."""
    generator = np.random.default_rng(0)
    tensors = {"a.weight": generator.normal(0.2, 1, (8, 4)), "b.weight": np.eye(4, 8)}
    ann = ann_of(Architecture((4,), (Linear("a"), Relu(), Linear("b"))), tensors)
    write_ann(ann, folder / "net.safetensors")
    inputs = generator.uniform(0, 1, (80, 4)).astype(np.float32)
    np.savez(folder / "data.npz", inputs=inputs, labels=np.arange(80) % 4)
    return {
        "model": str(folder / "net.safetensors"),
        "target": "truenorth",
        "bits": 4,
        "calibration": str(folder / "data.npz"),
        "output": "made.nir",
    }


def ask(robot: Robot, request: dict[str, Any], **changes: Any) -> Any:
    return robot.listener.call(ConvertAnn, "convert_ann", ConvertAnn.Request(**request | changes))


def test_a_network_is_converted_and_runs_and_what_is_wrong_is_named(
    robot: Robot, tmp_path: Path
) -> None:
    request, out = write(tmp_path), tmp_path / "converted"
    process = robot.start("pipeline", {"network": "obstacle_avoider", "conversion_folder": out})
    answer = ask(robot, request)
    assert answer.success, answer.message
    assert "right after 16 ticks" in answer.message
    assert answer.info.file == str(out / "made.nir")
    assert (answer.info.neurons, answer.info.format) == (12, "nir")
    robot.listener.reports("pipeline: convert_ann", f"wrote {out / 'made.nir'}")
    (tmp_path / "pickle.pt").write_bytes(b"\x80\x04junk")
    (tmp_path / "pickle.yaml").write_text("input: [4]\nlayers: [{type: linear, name: a}]\n")
    for changes, words in (
        ({"output": "../made.nir"}, "is no name of a .nir file"),
        ({"target": "abacus"}, "target 'abacus' is unknown"),
        ({"model": ""}, "networks are read from"),
        ({"model": str(tmp_path / "missing.onnx")}, "there is no such file"),
        ({"model": str(tmp_path / "pickle.pt")}, "pickle.pt"),
        ({"calibration": request["model"]}, "is no readable npz file"),
        ({"bits": 99}, "bits = 99"),
    ):
        refused = ask(robot, request, **changes)
        assert not refused.success
        assert words in refused.message
    assert [each.name for each in out.iterdir()] == ["made.nir"]
    loaded = robot.listener.call(
        LoadNetwork, "load_network", LoadNetwork.Request(network=answer.info.name)
    )
    assert loaded.success, loaded.message
    assert robot.listener.state("pipeline") == "active"
    assert robot.stop(process) == 0


def test_without_a_folder_it_says_what_to_set(robot: Robot, tmp_path: Path) -> None:
    robot.start("spiking_core", {"network": "obstacle_avoider"})
    refused = ask(robot, write(tmp_path))
    assert not refused.success
    assert "set parameter 'conversion_folder'" in refused.message
