"""The network of a node replaced by service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import Robot, robot_domain
from neuromorphic_ros.srv import DescribeHardware, LoadNetwork

pytestmark = pytest.mark.ros


@pytest.fixture
def robot() -> Iterator[Robot]:
    with robot_domain() as robot:
        yield robot


def load(robot: Robot, network: str) -> Any:
    return robot.listener.call(LoadNetwork, "load_network", LoadNetwork.Request(network=network))


def running(robot: Robot) -> str:
    """Return the name of the network that a node has."""
    request = DescribeHardware.Request(hardware="jetson_nano")
    answer = robot.listener.call(DescribeHardware, "describe_hardware", request)
    (name,) = (
        line.split()[-1] for line in answer.description.splitlines() if line.startswith("  name: ")
    )
    return str(name)


@pytest.mark.parametrize("node", ["pipeline", "spiking_core"])
def test_a_network_that_would_run_takes_over_and_another_does_not(
    robot: Robot, tmp_path: Path, node: str
) -> None:
    robot.start(node, {"network": "obstacle_avoider"})
    loaded = load(robot, "motion_detector")
    assert (loaded.success, loaded.message, loaded.info.name) == (True, "", "motion_detector")
    assert robot.listener.state(node) == "active"
    assert running(robot) == "motion_detector"
    assert robot.listener.parameter(node, "network") == "motion_detector"
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("name: wrong\n")
    for name, reason in (("abacus", "neither a .yaml"), (str(wrong), "wrong.yaml")):
        refused = load(robot, name)
        assert not refused.success
        assert reason in refused.message
    assert running(robot) == "motion_detector"
    assert robot.listener.state(node) == "active"


def test_an_inactive_node_stays_so(robot: Robot) -> None:
    robot.start("pipeline", {"network": "obstacle_avoider"})
    robot.listener.transition("pipeline", "deactivate")
    assert load(robot, "motion_detector").success
    assert robot.listener.state("pipeline") == "inactive"
    assert running(robot) == "motion_detector"
