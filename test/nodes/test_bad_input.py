"""What cannot be used is named on /diagnostics, with a way out, and the node goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness import Listener, NodeProcess, Robot, eventually, robot_domain

from neuromorphic_ros.pipeline.outputs import SPIKES

from .driving import write_network

pytestmark = pytest.mark.ros

IMAGE = "sensor_msgs/msg/Image"
INPUT = "dvs_encoder: input camera"
NETWORK = """\
name: eye
dt_ms: 1.0
inputs:
  - {name: dvs, sensor: camera, encoder: dvs, shape: [2, 4, 6]}
populations:
  - {name: any, shape: [1]}
projections:
  - {pre: dvs, post: any, weights: 1.0}
"""


@pytest.fixture(scope="module")
def robot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Robot]:
    network = tmp_path_factory.mktemp("network") / "eye.yaml"
    network.write_text(NETWORK)
    with robot_domain() as domain:
        domain.start("dvs_encoder", {"network": network})
        yield domain


@pytest.fixture(scope="module")
def camera(robot: Robot) -> Camera:
    return Camera(robot)


@pytest.fixture(scope="module")
def scan_encoder(robot: Robot) -> NodeProcess:
    return robot.start("scan_encoder", until="unconfigured")


class Camera:
    """Publish 4 x 6 pictures at 20 Hz; assign `changes` to break them."""

    def __init__(self, robot: Robot) -> None:
        """Begin with pictures that can be used."""
        self.changes: dict[str, Any] = {}
        self._robot = robot
        publisher = robot.listener.publisher("image_raw", IMAGE)
        robot.listener.repeat(publisher, self._picture, 20.0)

    def _picture(self) -> Any:
        fields = {
            "header": {"stamp": self._robot.listener.now_ns, "frame_id": "camera"},
            "height": 4,
            "width": 6,
            "encoding": "mono8",
            "step": 6,
            "data": np.full(24, self._robot.listener.now_ns // 10**8 % 2 * 255, np.uint8),
        }
        return self._robot.listener.message(IMAGE, fields | self.changes)


def test_a_topic_that_nobody_publishes_is_named(robot: Robot) -> None:
    said = robot.listener.reports(INPUT, "nobody publishes")
    assert said == "nobody publishes /image_raw; remap /image_raw to the sensor's topic"


def test_a_topic_of_another_type_is_named(robot: Robot) -> None:
    other = Listener(robot.domain, "other")
    other.publisher("image_raw", "sensor_msgs/msg/Imu")
    said = robot.listener.reports(INPUT, "has type")
    assert said == "/image_raw has type sensor_msgs/msg/Imu, not sensor_msgs/msg/Image"
    other.close()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"encoding": "thermal99"}, "thermal99"),
        ({"step": 3}, "step"),
        ({"data": np.zeros(7, np.uint8)}, "7"),
        ({"height": 0, "data": np.zeros(0, np.uint8)}, "0"),
    ],
    ids=["encoding", "step", "short", "empty"],
)
def test_pictures_that_cannot_be_used_are_rejected_and_later_ones_are_not(
    robot: Robot, camera: Camera, changes: dict[str, Any], reason: str
) -> None:
    robot.listener.reports(INPUT, "receiving")
    camera.changes = changes
    said = robot.listener.reports(INPUT, "message on /image_raw rejected")
    assert reason in said
    camera.changes = {}
    robot.listener.reports(INPUT, "receiving")
    spikes = robot.listener.collect("spikes/dvs", SPIKES)
    eventually(lambda: any(len(item.message.address) for item in spikes), "spikes")


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ("", "parameter 'network' is not set"),
        ("no_such_network", "shipped are"),
        ("no_such_folder/network.yaml", "cannot be read"),
        ("BROKEN", "expected a mapping"),
        ("EYE", "has no input for the scan"),
    ],
)
def test_a_network_that_cannot_be_used_is_named_and_can_be_replaced(
    robot: Robot, scan_encoder: NodeProcess, tmp_path: Path, network: str, reason: str
) -> None:
    for name, text in (("BROKEN", "- 1\n"), ("EYE", NETWORK)):
        (tmp_path / f"{name}.yaml").write_text(text)
        network = network.replace(name, str(tmp_path / f"{name}.yaml"))
    ask = robot.listener
    assert ask.set_parameters("scan_encoder", network=network) == [""]
    assert not ask.transition("scan_encoder", "configure")
    assert ask.state("scan_encoder") == "unconfigured"
    said = ask.reports("scan_encoder: lifecycle", reason)
    assert said.startswith("cannot configure")
    assert ask.set_parameters("scan_encoder", network=str(write_network(tmp_path))) == [""]
    for transition in ("configure", "activate"):
        assert ask.transition("scan_encoder", transition), scan_encoder.output
    ask.reports("scan_encoder: lifecycle", "activate done")
    for transition in ("deactivate", "cleanup"):
        assert ask.transition("scan_encoder", transition), scan_encoder.output


def test_spikes_of_another_network_are_named(robot: Robot, tmp_path: Path) -> None:
    robot.start("spiking_core", {"network": write_network(tmp_path)})
    publisher = robot.listener.publisher("spikes/scan", SPIKES)
    fields = {"population": "scan", "shape": np.array([9], np.uint32)}
    robot.listener.repeat(publisher, lambda: robot.listener.message(SPIKES, fields), 10.0)
    said = robot.listener.reports("spiking_core: spikes scan", "message rejected")
    assert "give all nodes the same network" in said
