"""What is started follows from the network; what is wrong is refused before anything is."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.errors import BackendError, BagError, HardwareModelError, NetworkError
from neuromorphic_ros.pipeline.bringup import (
    BringupError,
    NodePlan,
    Playback,
    Request,
    executables,
    parameter_sets,
    plan,
)
from neuromorphic_ros.pipeline.networks import find_network, network_names
from neuromorphic_ros.pipeline.profile import ProfileError
from neuromorphic_ros.pipeline.tuning import ParameterError

RECORDING = Path(__file__).resolve().parents[2] / "recordings" / "wheeled_robot"
DRIVE = "drive.linear_gain_m_s"
WATCHING = ("energy_monitor", "power_manager")


def planned(**request: Any) -> dict[str, NodePlan]:
    return {node.name: node for node in plan(Request(**request))}


def test_one_process_runs_any_network() -> None:
    for name in network_names():
        assert executables(find_network(name), composed=True) == ("pipeline", *WATCHING)


@pytest.mark.parametrize(
    ("network", "nodes"),
    [
        ("obstacle_avoider", ["scan_encoder", "spiking_core", "motor_decoder", *WATCHING]),
        ("motion_detector", ["dvs_encoder", "spiking_core", "detection_decoder", *WATCHING]),
        (
            "environment_monitor",
            ["environment_encoder", "spiking_core", "alert_decoder", *WATCHING],
        ),
    ],
)
def test_separate_nodes_are_those_that_the_network_needs(network: str, nodes: list[str]) -> None:
    assert list(executables(find_network(network), composed=False)) == nodes


@pytest.mark.parametrize("composed", [True, False])
def test_every_node_runs_the_same_network(composed: bool) -> None:
    nodes = planned(composed=composed, network="obstacle_avoider")
    networks = {name: node.parameters.get("network") for name, node in nodes.items()}
    assert [networks.pop(name) for name in WATCHING] == [None, None]
    assert set(networks.values()) == {"obstacle_avoider"}


def test_the_network_of_a_parameter_file_is_run(tmp_path: Path) -> None:
    file = tmp_path / "robot.yaml"
    file.write_text("/**: {ros__parameters: {network: motion_detector}}")
    nodes = planned(params_files=(str(file),), composed=False)
    assert "dvs_encoder" in nodes
    assert "scan_encoder" not in nodes


@pytest.mark.parametrize(
    ("given", "normal"),
    [("", ""), ("/", ""), ("robot", "/robot"), ("/fleet/robot/", "/fleet/robot")],
)
def test_namespaces_may_be_written_with_slashes_or_without(given: str, normal: str) -> None:
    assert planned(namespace=given)["pipeline"].full_name == f"{normal}/pipeline"


def test_a_value_is_given_in_the_type_that_ros_wants() -> None:
    value = planned(parameters={"pipeline": {DRIVE: 1}})["pipeline"].parameters[DRIVE]
    assert value == 1.0
    assert isinstance(value, float)


def test_quality_of_service_can_be_overridden() -> None:
    name = "qos_overrides./scan.subscription.depth"
    assert planned(parameters={"pipeline": {name: 1}})["pipeline"].parameters[name] == 1


def test_a_recording_is_found_by_types_and_waits_for_its_subscribers() -> None:
    nodes = planned(playback=Playback(RECORDING, 2.0, loop=True))
    assert list(nodes) == ["bag_player", "pipeline", *WATCHING]
    player = nodes["bag_player"].parameters
    assert (player["rate"], player["loop"]) == (2.0, True)
    assert player["wait_for"] == ["/camera/image_raw", "/imu", "/scan"]
    assert ("image_raw", "/camera/image_raw") in nodes["pipeline"].remappings
    assert nodes["bag_player"].remappings == ()


@pytest.mark.parametrize("source", [{"playback": Playback(RECORDING)}, {"simulation": True}])
def test_who_makes_the_clock_does_not_follow_it_and_all_others_do(source: dict[str, Any]) -> None:
    maker, *others = plan(Request(**source))
    assert "use_sim_time" not in maker.parameters
    assert all(node.parameters["use_sim_time"] for node in others)


def test_on_a_robot_nobody_follows_a_clock_unless_asked() -> None:
    assert not any("use_sim_time" in node.parameters for node in plan(Request()))
    assert all(node.parameters["use_sim_time"] for node in plan(Request(use_sim_time=True)))


@pytest.mark.parametrize(("network", "camera"), [("obstacle_avoider", False), ("robot", True)])
def test_a_simulated_camera_is_rendered_only_for_networks_that_look(
    network: str, camera: bool
) -> None:
    nodes = planned(simulation=True, network=network)
    assert nodes["simulator"].parameters["camera"] is camera
    given = {"simulator": {"camera": not camera}}
    nodes = planned(simulation=True, network=network, parameters=given)
    assert nodes["simulator"].parameters["camera"] is not camera


def test_a_remapped_camera_is_remapped_with_its_compressed_topic() -> None:
    remappings = planned(topics={"camera": "/front/image"})["pipeline"].remappings
    assert ("image_raw", "/front/image") in remappings
    assert ("image_raw/compressed", "/front/image/compressed") in remappings


def test_every_transport_of_a_remapped_lidar_is_remapped() -> None:
    remappings = planned(topics={"scan": "/front/scan"})["pipeline"].remappings
    assert remappings == (("scan", "/front/scan"), ("points", "/front/scan"))


@pytest.mark.parametrize("composed", [True, False])
def test_the_transport_of_a_recording_is_found_and_told_to_who_needs_it(
    composed: bool, tmp_path: Path
) -> None:
    with RecordingWriter(tmp_path / "bag") as writer:
        writer.write("/lidar/points", "sensor_msgs/msg/PointCloud2", {}, 1)
        writer.write("/camera/compressed", "sensor_msgs/msg/CompressedImage", {}, 2)
        writer.write("/imu", "sensor_msgs/msg/Imu", {}, 3)
    nodes = planned(network="robot", composed=composed, playback=Playback(tmp_path / "bag"))
    wanted = {
        "pipeline": {"scan_transport": "points", "image_transport": "compressed"},
        "scan_encoder": {"scan_transport": "points"},
        "dvs_encoder": {"image_transport": "compressed"},
        "imu_encoder": {},
    }
    for name in wanted.keys() & nodes.keys():
        parameters = nodes[name].parameters
        transports = {key: value for key, value in parameters.items() if "transport" in key}
        assert transports == wanted[name]
        assert set(nodes[name].remappings) == {
            ("points", "/lidar/points"),
            ("image_raw/compressed", "/camera/compressed"),
            ("imu", "/imu"),
        }


def test_of_two_transports_in_a_recording_the_chosen_one_is_played(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "bag") as writer:
        writer.write("/scan", "sensor_msgs/msg/LaserScan", {}, 1)
        writer.write("/scan", "sensor_msgs/msg/LaserScan", {}, 2)
        writer.write("/lidar/points", "sensor_msgs/msg/PointCloud2", {}, 3)
    request = {"network": "obstacle_avoider", "playback": Playback(tmp_path / "bag")}
    assert "scan_transport" not in planned(**request)["pipeline"].parameters
    chosen = planned(**request, transports={"scan": "points"})
    assert chosen["pipeline"].parameters["scan_transport"] == "points"
    assert chosen["pipeline"].remappings == (("points", "/lidar/points"),)
    assert chosen["bag_player"].parameters["wait_for"] == ["/lidar/points"]


@pytest.mark.parametrize(("composed", "node"), [(True, "pipeline"), (False, "scan_encoder")])
def test_a_transport_is_told_to_the_nodes_of_its_sensor(composed: bool, node: str) -> None:
    nodes = planned(network="robot", composed=composed, transports={"scan": "points"})
    told = {name for name, item in nodes.items() if "scan_transport" in item.parameters}
    assert told == {node}
    assert nodes[node].parameters["scan_transport"] == "points"


ENVIRONMENT = """\
name: greenhouse
dt_ms: 1.0
inputs:
  - {name: warmth, sensor: temperature, encoder: environment_rate, shape: [1],
     parameters: {low: 0.0, high: 40.0}}
  - {name: air, sensor: humidity, encoder: environment_population, shape: [1, 12],
     parameters: {low: 0.0, high: 1.0}}
  - {name: motion, sensor: imu, encoder: imu_rate, shape: [2, 9], parameters: {axes: 9}}
populations:
  - {name: any, shape: [1]}
"""


def test_one_node_encodes_the_whole_environment_and_one_the_imu_with_its_magnetometer(
    tmp_path: Path,
) -> None:
    file = tmp_path / "greenhouse.yaml"
    file.write_text(ENVIRONMENT)
    topics = {"magnetometer": "/mag", "temperature": "/air/temperature"}
    nodes = planned(network=str(file), composed=False, topics=topics)
    assert list(nodes) == [
        "imu_encoder",
        "environment_encoder",
        "spiking_core",
        *WATCHING,
    ]
    assert set(nodes["imu_encoder"].remappings) == {
        ("imu/mag", "/mag"),
        ("temperature", "/air/temperature"),
    }


def test_the_pipeline_has_the_parameter_sets_of_all_parts() -> None:
    sets = parameter_sets(find_network("robot"))
    whole = sets.pop("pipeline")
    assert sets.pop("power_manager")
    assert sorted(whole) == sorted(name for part in sets.values() for name in part)


@pytest.mark.parametrize(
    ("request_", "error", "words"),
    [
        ({"profile": "jetsn"}, ProfileError, "shipped are"),
        ({"network": "robt"}, NetworkError, "shipped are"),
        ({"namespace": "my robot"}, BringupError, "my robot"),
        ({"parameters": {"pipelin": {"a": 1}}}, BringupError, "there are pipeline, energy_monitor"),
        ({"parameters": {"dvs_encoder": {"a": 1}}}, BringupError, "'dvs_encoder' is not started"),
        ({"parameters": {"pipeline": {"drive.gain": 1}}}, ParameterError, DRIVE),
        ({"parameters": {"pipeline": {"motor.gain": 1}}}, ParameterError, DRIVE),
        ({"parameters": {"pipeline": {DRIVE: -1}}}, ParameterError, "pipeline: .*linear_gain_m_s"),
        ({"parameters": {"pipeline": {DRIVE: math.nan}}}, ParameterError, "linear_gain_m_s"),
        ({"parameters": {"pipeline": {"backend": "loihi9"}}}, BackendError, "there are jetson"),
        ({"parameters": {"pipeline": {"engine": "steam"}}}, BackendError, "no engine 'steam'"),
        ({"parameters": {"pipeline": {"device": "tpu"}}}, BackendError, "device"),
        ({"parameters": {"energy_monitor": {"hardware": "x"}}}, HardwareModelError, "'x'"),
        (
            {"composed": False, "parameters": {"motor_decoder": {"network": "motion_detector"}}},
            BringupError,
            "others 'robot'",
        ),
        (
            {"parameters": {"power_manager": {"governor.battery_low": 2.0}}},
            ParameterError,
            "power_manager: .*battery_low",
        ),
        ({"transports": {"scan": "cloud"}}, BringupError, "scan_transport is 'cloud'"),
        ({"playback": Playback(RECORDING, rate=0.0)}, BringupError, "rate is 0.0"),
        ({"playback": Playback(RECORDING, rate=math.nan)}, BringupError, "rate is nan"),
        ({"playback": Playback(Path("no.mcap"))}, BagError, "no.mcap"),
        ({"playback": Playback(RECORDING), "simulation": True}, BringupError, "choose one"),
        (
            {"playback": Playback(RECORDING), "topics": {"scan": "/laser"}},
            BagError,
            "/laser .*/scan",
        ),
    ],
)
def test_what_is_wrong_is_refused_by_name(
    request_: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as refused:
        plan(Request(**request_))
    assert "\n" not in str(refused.value)


def test_a_wrong_value_in_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "robot.yaml"
    file.write_text(f"/**/pipeline: {{ros__parameters: {{{DRIVE}: 99.0}}}}")
    with pytest.raises(ParameterError, match=r"pipeline: .*linear_gain_m_s = 99"):
        plan(Request(params_files=(str(file),)))
