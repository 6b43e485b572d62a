from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Robot, robot_domain

pytestmark = pytest.mark.ros

RECORDING = Path(__file__).resolve().parents[2] / "recordings" / "wheeled_robot"

NODES: dict[str, dict[str, object]] = {
    "dvs_encoder": {"network": "robot"},
    "imu_encoder": {"network": "robot"},
    "scan_encoder": {"network": "robot"},
    "spiking_core": {"network": "robot"},
    "motor_decoder": {"network": "robot"},
    "detection_decoder": {"network": "robot"},
    "energy_monitor": {},
    "bag_player": {"path": RECORDING, "loop": True},
    "video_source": {"source": "no_such_video.mp4"},
    "simulator": {"camera": False},
    "pipeline": {"network": "robot"},
}


@pytest.fixture(scope="module")
def shared_robot() -> Iterator[Robot]:
    with robot_domain() as robot:
        yield robot


@pytest.mark.parametrize("name", NODES)
def test_a_node_goes_through_its_life_twice_and_ends_with_0(name: str, shared_robot: Robot) -> None:
    process = shared_robot.start(name, NODES[name])
    ask = shared_robot.listener
    for transition, state in (
        ("deactivate", "inactive"),
        ("cleanup", "unconfigured"),
        ("configure", "inactive"),
        ("activate", "active"),
    ):
        assert ask.transition(f"/{name}", transition), process.output
        assert ask.state(f"/{name}") == state
    process.signal(signal.SIGINT)
    process.signal(signal.SIGINT)
    assert process.wait() == 0, process.output
    assert "Traceback" not in process.output
