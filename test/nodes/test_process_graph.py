"""Graphs processed by service, while the node works on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness import Robot, robot_domain
from neuromorphic_ros.srv import ProcessGraph

from neuromorphic_ros.pipeline.energy_account import priced_on
from neuromorphic_ros.pipeline.graph_processing import process, request_of
from neuromorphic_ros.snn.graph.spiking_graph_file import save_spiking_graph
from neuromorphic_ros.snn.graph.spiking_graph_spec import random_graph_spec

pytestmark = pytest.mark.ros

NETWORK = """\
name: small
dt_ms: 1.0
inputs:
  - {name: scan, sensor: scan, encoder: scan_rate, shape: [4], parameters: {sectors: 4}}
populations:
  - {name: motor, shape: [3]}
projections:
  - {pre: scan, post: motor, weights: 0.4}
readouts:
  - {name: cmd_vel, decoder: differential_drive, population: motor}
"""
SPEC = random_graph_spec(inputs=2, features=(3, 3), outputs=4, seed=1)
GRAPH: dict[str, Any] = {
    "node_features": [0.9, 0.1, 0.5, 0.8, 0.0, 1.0],
    "nodes": 3,
    "edge_index": [0, 1, 2, 1, 2, 0],
    "edge_attributes": [1.0, 0.0, 2.0, 3.0, 0.5, 1.0],
    "ticks": 200,
}


@pytest.fixture
def robot() -> Iterator[Robot]:
    with robot_domain() as robot:
        yield robot


def ask(robot: Robot, **changes: Any) -> Any:
    request = ProcessGraph.Request(**(GRAPH | changes))
    return robot.listener.call(ProcessGraph, "process_graph", request)


def write(tmp_path: Path) -> dict[str, Path]:
    network, graph = tmp_path / "small.yaml", tmp_path / "graph.safetensors"
    network.write_text(NETWORK)
    save_spiking_graph(graph, SPEC)
    return {"network": network, "graph": graph}


@pytest.mark.parametrize("node", ["pipeline", "spiking_core"])
def test_a_graph_is_answered_and_what_is_wrong_is_named(
    robot: Robot, tmp_path: Path, node: str
) -> None:
    files = write(tmp_path)
    process_ = robot.start(node, files)
    answer = ask(robot)
    given = [GRAPH[name] for name in ("node_features", "nodes", "edge_index", "edge_attributes")]
    # The message has float32.
    given[0] = np.array(given[0], np.float32)
    expected = process(SPEC, request_of(SPEC, *given, 200), priced_on("loihi2"))
    assert (answer.success, answer.message, answer.outputs) == (True, "", 4)
    assert np.array_equal(answer.output, expected.output.ravel())
    assert np.unique(answer.output).size > 4
    assert answer.energy_pj == expected.energy_pj > 0
    assert answer.latency_us > 0
    for changes, words in (
        ({"edge_index": [0, 1, 2, 1, 2, 3]}, "target 3 of an edge is none of the 3 nodes"),
        ({"edge_index": [0, 1, 2]}, "3 entries of edge_index and 6 edge_attributes"),
        ({"node_features": [0.5]}, "1 node features are not those of 3 nodes"),
        ({"node_features": [float("nan")] * 6}, "node feature nan is outside of 0..1"),
        ({"edge_attributes": [float("nan")] * 3}, "weight nan of an edge is outside"),
        ({"ticks": 2**32 - 1}, "4294967295 ticks: at most"),
        ({"nodes": 2**32 - 1}, "6 node features are not those of 4294967295 nodes"),
    ):
        refused = ask(robot, **changes)
        assert not refused.success
        assert words in refused.message
    assert ask(robot).success
    assert robot.listener.transition(node, "deactivate")
    assert robot.listener.transition(node, "cleanup")
    assert "set parameter 'graph'" in ask(robot).message
    assert robot.stop(process_) == 0


def test_without_a_graph_network_it_says_what_to_set(robot: Robot, tmp_path: Path) -> None:
    process_ = robot.start("spiking_core", {"network": write(tmp_path)["network"]})
    answer = ask(robot)
    assert not answer.success
    assert "set parameter 'graph' to the path of its file" in answer.message
    assert robot.stop(process_) == 0


def test_a_file_that_is_no_graph_network_is_named(robot: Robot, tmp_path: Path) -> None:
    files = write(tmp_path) | {"graph": tmp_path / "small.yaml"}
    robot.start("spiking_core", files, until="unconfigured")
    robot.listener.reports("spiking_core: lifecycle", f"spiking graph {files['graph']} cannot be")
