"""Times to contact that spikes tell, in one process and by a node of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import Robot, eventually

from .driving import Lidar

pytestmark = pytest.mark.ros

NETWORK = """\
name: approach
dt_ms: 1.0
inputs:
  - {name: scan, sensor: scan, encoder: scan_rate, shape: [2], parameters: {sectors: 2}}
populations:
  - {name: expansion, shape: [2], neuron: {model: if}}
projections:
  - {pre: scan, post: expansion, pattern: {type: one_to_one}}
readouts:
  - {name: contact, decoder: time_to_contact, population: expansion, parameters: {gain_s: 3.0}}
"""


@pytest.mark.parametrize(
    "nodes", [("pipeline",), ("scan_encoder", "spiking_core", "contact_decoder")]
)
def test_equal_rates_tell_the_gain(robot: Robot, tmp_path: Path, nodes: tuple[str, ...]) -> None:
    file = tmp_path / "approach.yaml"
    file.write_text(NETWORK)
    for node in nodes:
        robot.start(node, {"network": file, "sleep.after_s": 0.0, "contact.tau_ms": 1000.0})
    heard = robot.listener.collect("time_to_contact", "std_msgs/msg/Float32")
    Lidar(robot.listener, [0.2] * 4, scan_hz=20.0)
    eventually(
        lambda: heard and heard[-1].message.data == pytest.approx(3.0, rel=0.5),
        "a time to contact of about 3 s",
    )
