"""Alerts that spikes raise, in one process and by a node of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import Robot, eventually

from .driving import Lidar

pytestmark = pytest.mark.ros

NETWORK = """\
name: watch
dt_ms: 1.0
inputs:
  - {name: scan, sensor: scan, encoder: scan_rate, shape: [4], parameters: {sectors: 4}}
populations:
  - {name: near, shape: [4], neuron: {model: if}}
projections:
  - {pre: scan, post: near, pattern: {type: one_to_one}}
readouts:
  - name: watch
    decoder: alert
    population: near
    parameters: {warning_hz: 20.0, critical_hz: 60.0, conditions: something is near}
"""
ALERT = "neuromorphic_ros/msg/Alert"


@pytest.mark.parametrize(
    "nodes", [("pipeline",), ("scan_encoder", "spiking_core", "alert_decoder")]
)
def test_what_comes_near_is_critical_until_it_leaves(
    robot: Robot, tmp_path: Path, nodes: tuple[str, ...]
) -> None:
    file = tmp_path / "watch.yaml"
    file.write_text(NETWORK)
    for node in nodes:
        robot.start(node, {"network": file, "sleep.after_s": 0.0})
    heard = robot.listener.collect("alert", ALERT)
    lidar = Lidar(robot.listener, [29.9] * 4, scan_hz=20.0)
    eventually(lambda: len(heard) > 1, "alerts once per second")
    assert {each.message.level for each in heard} == {0}
    lidar.ranges = [0.2] * 4
    eventually(lambda: heard[-1].message.level == 2, "a critical alert")
    last = heard[-1].message
    assert (last.source, last.message, last.header.frame_id) == (
        "watch",
        "something is near",
        "laser",
    )
    assert last.score >= 60.0
    eventually(
        lambda: robot.listener.status(f"{nodes[-1]}: alert") == (2, "something is near"),
        "a diagnostic",
    )
    lidar.ranges = [29.9] * 4
    eventually(lambda: heard[-1].message.level == 0, "the end of the alert")
