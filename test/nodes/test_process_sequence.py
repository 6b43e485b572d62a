"""Sequences run through a liquid by service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from harness import Robot, robot_domain
from neuromorphic_ros.srv import ProcessSequence

from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.sequence_processing import liquid_of

pytestmark = pytest.mark.ros

SEQUENCE = np.random.default_rng(0).random((5, 6)).astype(np.float32)


@pytest.fixture
def robot() -> Iterator[Robot]:
    with robot_domain() as robot:
        yield robot


def ask(robot: Robot, **changes: Any) -> Any:
    values = {"sequence": SEQUENCE.ravel().tolist(), "steps": 5, "reset": True}
    request = ProcessSequence.Request(**(values | changes))
    return robot.listener.call(ProcessSequence, "process_sequence", request)


@pytest.mark.parametrize("node", ["pipeline", "spiking_core"])
def test_a_sequence_is_answered_and_what_is_wrong_is_named(robot: Robot, node: str) -> None:
    parameters = {"network": "obstacle_avoider", "liquid": "basic_motions", "liquid_step_ticks": 20}
    robot.start(node, parameters)
    answer = ask(robot)
    liquid = liquid_of(find_network("basic_motions"), 20)
    expected = [liquid.step(values.astype(np.float64)).ravel() for values in SEQUENCE]
    assert (answer.success, answer.message, answer.outputs) == (True, "", 4)
    assert np.array_equal(np.reshape(answer.output, (5, 4)), expected)
    assert answer.energy_pj > 0
    assert answer.latency_us > 0
    wrong = ask(robot, steps=4)
    assert not wrong.success
    assert "are not 4 steps of 6 values" in wrong.message
    assert ask(robot).success


def test_without_a_liquid_it_says_how_to_set_one(robot: Robot) -> None:
    robot.start("spiking_core", {"network": "obstacle_avoider"})
    answer = ask(robot)
    assert not answer.success
    assert "set parameter 'liquid'" in answer.message
