"""What is computed beside the executor, and waited for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Robot, robot_domain
from neuromorphic_ros.srv import ListModels

pytestmark = pytest.mark.ros

NODE = Path(__file__).with_name("idle_node.py")


@pytest.fixture
def robot() -> Iterator[Robot]:
    with robot_domain() as robot:
        yield robot


@pytest.mark.parametrize("executor", ["single", "events"])
def test_a_result_wakes_an_idle_node(robot: Robot, executor: str) -> None:
    node = robot.start("listing", {"executor": executor}, command=(sys.executable, NODE))
    request = ListModels.Request()
    # The second is asked once: the first call is repeated until the server knows the client.
    client = robot.listener.node.create_client(ListModels, "list_models")
    assert robot.listener.call(ListModels, "list_models", request).models
    assert client.call(request, timeout_sec=20.0).models
    # A signal would have to wait for the hour, too.
    node.close()
