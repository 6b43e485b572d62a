"""Spikes processed by service, while the node works on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import Robot, robot_domain
from neuromorphic_ros.srv import ListModels, ProcessSpikes

pytestmark = pytest.mark.ros

NETWORK = """\
name: small
dt_ms: 1.0
inputs:
  - {name: scan, sensor: scan, encoder: scan_rate, shape: [4], parameters: {sectors: 4}}
populations:
  - {name: motor, shape: [3]}
projections:
  - {pre: scan, post: motor, weights: 0.4, plasticity: {type: pair_stdp}}
readouts:
  - {name: cmd_vel, decoder: differential_drive, population: motor}
"""


@pytest.fixture
def robot() -> Iterator[Robot]:
    with robot_domain() as robot:
        yield robot


def process(robot: Robot, spikes: list[float], **fields: Any) -> Any:
    request = ProcessSpikes.Request(spikes=spikes, **fields)
    return robot.listener.call(ProcessSpikes, "process_spikes", request)


@pytest.mark.parametrize("node", ["pipeline", "spiking_core"])
def test_a_batch_is_answered_and_what_is_wrong_is_named(
    robot: Robot, tmp_path: Path, node: str
) -> None:
    network = tmp_path / "small.yaml"
    network.write_text(NETWORK)
    process_ = robot.start(node, {"network": network, "hardware": "loihi2"})
    answer = process(robot, [1.0, 1.0, 0.0, 0.0] + [0.0] * 4, batch=2, ticks=100)
    assert (answer.success, answer.message, answer.outputs) == (True, "", 3)
    first, second = list(answer.spike_count[:3]), list(answer.spike_count[3:])
    assert min(first) > 10
    assert second == [0, 0, 0]
    assert answer.energy_pj > 0
    assert answer.energy_per_spike_pj > 0
    assert answer.latency_us > 0
    assert math.isnan(process(robot, [0.0] * 4, batch=1, ticks=5).energy_per_spike_pj)
    refused = process(robot, [1.0], batch=1, ticks=1)
    assert not refused.success
    assert "1 spikes are not 1 rows of the 4 channels" in refused.message
    assert process(robot, [1.0] * 4, batch=1, ticks=100, reward=0.5).success
    after = process(robot, [1.0, 1.0, 0.0, 0.0], batch=1, ticks=100)
    assert list(after.spike_count) != first
    names = robot.listener.call(ListModels, "list_models", ListModels.Request()).models
    assert "robot" in {each.name for each in names}
    assert robot.listener.transition(node, "deactivate")
    assert robot.listener.transition(node, "cleanup")
    refused = process(robot, [1.0] * 4, batch=1, ticks=1)
    assert refused.message == "the node has no network: configure it"
    assert robot.stop(process_) == 0
