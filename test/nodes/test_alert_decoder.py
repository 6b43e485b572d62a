"""Alerts that spikes raise, in one process and by a node of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from harness import Robot, eventually

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
SCAN = "sensor_msgs/msg/LaserScan"
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
    scans = robot.listener.publisher("scan", SCAN)
    distance_m = [29.9]

    def scan() -> object:
        return robot.listener.message(
            SCAN,
            {
                "header": {"stamp": robot.listener.now_ns, "frame_id": "laser"},
                "angle_min": -3.0,
                "angle_increment": 2.0,
                "range_min": 0.1,
                "range_max": 30.0,
                "ranges": np.full(4, distance_m[0], np.float32),
            },
        )

    robot.listener.repeat(scans, scan, 20.0)
    eventually(lambda: len(heard) > 1, "alerts once per second")
    assert {each.message.level for each in heard} == {0}
    distance_m[0] = 0.2
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
    distance_m[0] = 29.9
    eventually(lambda: heard[-1].message.level == 0, "the end of the alert")
