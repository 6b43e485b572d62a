"""Joints that spikes move, in one process and by a node of their own."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from harness import Robot, eventually

from .driving import Lidar

pytestmark = pytest.mark.ros

NETWORK = """\
name: reach
dt_ms: 1.0
inputs:
  - {name: scan, sensor: scan, encoder: scan_rate, shape: [4], parameters: {sectors: 4}}
populations:
  - {name: arm, shape: [2, 2], neuron: {model: if}}
projections:
  - {pre: scan, post: arm, pattern: {type: one_to_one}}
readouts:
  - name: joint_trajectory
    decoder: joint_positions
    population: arm
    parameters: {names: [shoulder, elbow], low_rad: [-1.0, 0.0], high_rad: [1.0, 2.0]}
"""
TRAJECTORY = "trajectory_msgs/msg/JointTrajectory"


@pytest.mark.parametrize(
    "nodes", [("pipeline",), ("scan_encoder", "spiking_core", "joint_decoder")]
)
def test_a_scan_moves_the_joints_and_silence_moves_nothing(
    robot: Robot, tmp_path: Path, nodes: tuple[str, ...]
) -> None:
    file = tmp_path / "reach.yaml"
    file.write_text(NETWORK)
    for node in nodes:
        robot.start(node, {"network": file})
    heard = robot.listener.collect("joint_trajectory", TRAJECTORY)
    lidar = Lidar(robot.listener, [0.3, 29.0, 0.3, 29.0], scan_hz=20.0)
    eventually(lambda: len(heard) > 5, "trajectories")
    (point,) = heard[-1].message.points
    assert heard[-1].message.joint_names == ["shoulder", "elbow"]
    assert -1.0 <= point.positions[0] <= 1.0
    assert 0.0 <= point.positions[1] <= 2.0
    assert not any(np.isnan(point.positions))
    lidar.stop()
    # After the input has timed out, another second brings nothing.
    time.sleep(1.0)
    before = len(heard)
    time.sleep(1.0)
    assert len(heard) == before
