"""What the loaded network takes of some hardware, by service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from harness import Robot, robot_domain
from neuromorphic_ros.srv import DescribeHardware

pytestmark = pytest.mark.ros


@pytest.fixture
def robot() -> Iterator[Robot]:
    with robot_domain() as robot:
        yield robot


def ask(robot: Robot, hardware: str) -> Any:
    request = DescribeHardware.Request(hardware=hardware)
    return robot.listener.call(DescribeHardware, "describe_hardware", request)


@pytest.mark.parametrize("node", ["pipeline", "spiking_core"])
def test_hardware_is_described_with_the_network_on_it(robot: Robot, node: str) -> None:
    robot.start(node, {"network": "obstacle_avoider", "hardware": "truenorth"})
    selected = ask(robot, "")
    assert (selected.success, selected.message) == (True, "")
    told = yaml.safe_load(selected.description)
    assert told["hardware"] == "truenorth"
    assert told["network"]["name"] == "obstacle_avoider"
    other = ask(robot, "digital_1pj")
    assert yaml.safe_load(other.description)["backend"] is None
    unknown = ask(robot, "abacus")
    assert (unknown.success, unknown.description) == (False, "")
    assert "hardware 'abacus' is unknown" in unknown.message
    robot.listener.transition(node, "deactivate")
    robot.listener.transition(node, "cleanup")
    assert "network" not in yaml.safe_load(ask(robot, "").description)
