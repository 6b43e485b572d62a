from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import NodeProcess, Robot, robot_domain
from rcl_interfaces.msg import ParameterType

pytestmark = pytest.mark.ros

RECORDING = Path(__file__).resolve().parents[2] / "recordings" / "wheeled_robot"

NODES: dict[str, dict[str, object]] = {
    "dvs_encoder": {"network": "robot"},
    "imu_encoder": {"network": "robot"},
    "joint_encoder": {"network": "balancer"},
    "scan_encoder": {"network": "robot"},
    "spiking_core": {"network": "robot"},
    "motor_decoder": {"network": "robot"},
    "detection_decoder": {"network": "robot"},
    "energy_monitor": {},
    "power_manager": {},
    "mpu6050_driver": {"i2c_bus": 255},
    "bag_player": {"path": RECORDING, "loop": True},
    "video_source": {"source": "no_such_video.mp4"},
    "simulator": {"camera": False},
    "pipeline": {"network": "robot"},
    "monitor": {},
    "visualizer": {},
}
# Those of rclpy itself.
FOREIGN = ("use_sim_time", "start_type_description_service", "qos_overrides.")


@pytest.fixture(scope="module")
def robot() -> Iterator[Robot]:
    with robot_domain() as domain:
        yield domain


@pytest.fixture(scope="module")
def processes(robot: Robot) -> dict[str, NodeProcess]:
    started = {name: robot.start(name, values, until="") for name, values in NODES.items()}
    for process in started.values():
        robot.reach(process)
    return started


@pytest.mark.parametrize("name", NODES)
def test_parameters_are_described_and_numbers_have_limits(
    name: str, robot: Robot, processes: dict[str, NodeProcess]
) -> None:
    own = {
        parameter: described
        for parameter, described in robot.listener.descriptors(f"/{name}").items()
        if not parameter.startswith(FOREIGN)
    }
    assert "autostart" in own
    for parameter, described in own.items():
        assert described.description, parameter
        if described.type == ParameterType.PARAMETER_DOUBLE:
            assert described.floating_point_range, parameter
        if described.type == ParameterType.PARAMETER_INTEGER:
            assert described.integer_range, parameter


@pytest.mark.parametrize("name", NODES)
def test_a_node_goes_through_its_life_twice_and_ends_with_0(
    name: str, robot: Robot, processes: dict[str, NodeProcess]
) -> None:
    process = processes[name]
    for transition, state in (
        ("deactivate", "inactive"),
        ("cleanup", "unconfigured"),
        ("configure", "inactive"),
        ("activate", "active"),
    ):
        assert robot.listener.transition(f"/{name}", transition), process.output
        assert robot.listener.state(f"/{name}") == state
    process.signal(signal.SIGINT)
    process.signal(signal.SIGINT)
    assert process.wait() == 0, process.output
    assert "Traceback" not in process.output


def test_a_node_shut_down_by_service_still_ends_with_0(robot: Robot) -> None:
    process = robot.start("energy_monitor")
    assert robot.listener.transition("/energy_monitor", "shutdown")
    assert robot.listener.state("/energy_monitor") == "finalized"
    assert robot.stop(process) == 0, process.output
