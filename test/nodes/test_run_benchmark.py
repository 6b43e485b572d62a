"""A network measured by service."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from harness import Robot, robot_domain
from neuromorphic_ros.srv import RunBenchmark

from neuromorphic_ros.pipeline.models import find_model

pytestmark = pytest.mark.ros

WORKLOAD = {"batch": 2, "ticks": 10, "iterations": 20, "activity": 0.1}


@pytest.fixture
def robot() -> Iterator[Robot]:
    with robot_domain() as robot:
        yield robot


def ask(robot: Robot, **changes: Any) -> Any:
    request = RunBenchmark.Request(**(WORKLOAD | changes))
    return robot.listener.call(RunBenchmark, "run_benchmark", request)


@pytest.mark.parametrize("node", ["pipeline", "spiking_core"])
def test_the_loaded_network_or_a_named_one_is_measured(robot: Robot, node: str) -> None:
    robot.start(node, {"network": "obstacle_avoider"})
    loaded = ask(robot)
    assert (loaded.success, loaded.message) == (True, "")
    assert 0 < loaded.latency_us_p50 <= loaded.latency_us_p99
    assert loaded.inferences_per_s > 0
    assert loaded.energy_per_inference_pj > loaded.energy_per_operation_pj > 0
    sides = loaded.baseline_per_inference_pj / loaded.energy_per_inference_pj
    assert loaded.ratio == pytest.approx(sides)
    assert loaded.hardware == "loihi2"
    assert loaded.baseline
    assert math.isnan(loaded.accuracy)
    model = ask(robot, model="basic_motions")
    assert model.accuracy == pytest.approx(find_model("basic_motions").card.value)
    for changes, words in (
        ({"batch": 0}, "must be at least 1"),
        ({"activity": 2.0}, "activity 2.0 is outside of 0..1"),
        ({"model": "abacus"}, "network 'abacus' is neither"),
    ):
        refused = ask(robot, **changes)
        assert not refused.success
        assert words in refused.message
    assert ask(robot).success
