"""What must hold of every launch file, whoever starts it: ROS's launch or `neuromorphic up`."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from harness import PATIENCE_S, Listener, Received, eventually

from neuromorphic_ros.pipeline.profile import profile_names

ROOT = Path(__file__).resolve().parents[2]
RECORDING = ROOT / "recordings" / "wheeled_robot"

COMMAND = "geometry_msgs/msg/TwistStamped"
ENERGY = "neuromorphic_ros/msg/EnergyReport"
RATES = "neuromorphic_ros/msg/PopulationRates"
DETECTIONS = "neuromorphic_ros/msg/DetectionArray"
SCAN = "sensor_msgs/msg/LaserScan"

OUTPUTS = {"/cmd_vel": COMMAND, "/rates": RATES, "/energy": ENERGY, "/detections": DETECTIONS}


class Scenario(NamedTuple):
    """A launch file with arguments, and the same as arguments of `neuromorphic up`.

    nodes: full names of all that run. topics: types of what is advertised. heard: topics on which
    messages come, of commands and detections at least one that moves or finds something.
    """

    file: str
    arguments: dict[str, str]
    up: list[str]
    nodes: set[str]
    topics: dict[str, str]
    heard: tuple[str, ...] = ()


WATCHING = {"/energy_monitor", "/power_manager"}
COMPOSED = {"/pipeline", *WATCHING}

SCENARIOS = {
    f"profile {name} on a recording": Scenario(
        name,
        {"bag": str(RECORDING), "loop": "true", "use_sim_time": "true"},
        ["--profile", name, "--bag", str(RECORDING), "--loop"],
        {"/bag_player", *COMPOSED},
        OUTPUTS,
        heard=("/cmd_vel", "/energy", "/detections"),
    )
    for name in profile_names()
} | {
    "namespace and remapping": Scenario(
        "bringup",
        {"namespace": "robot1", "scan_topic": "/front/scan"},
        ["--namespace", "robot1", "-r", "scan:=/front/scan"],
        {f"/robot1{node}" for node in COMPOSED},
        {"/robot1/cmd_vel": COMMAND, "/robot1/energy": ENERGY, "/front/scan": SCAN},
    ),
    "the points of a 3D lidar": Scenario(
        "bringup",
        {"network": "obstacle_avoider", "scan_transport": "points", "scan_topic": "/front/points"},
        [
            *("--network", "obstacle_avoider", "-p", "pipeline.scan_transport:=points"),
            *("-r", "points:=/front/points"),
        ],
        COMPOSED,
        {"/cmd_vel": COMMAND, "/front/points": "sensor_msgs/msg/PointCloud2"},
    ),
    "one node per encoder and decoder": Scenario(
        "bringup",
        {"composed": "false"},
        ["--composed", "false"],
        {
            "/dvs_encoder",
            "/imu_encoder",
            "/scan_encoder",
            "/spiking_core",
            "/motor_decoder",
            "/detection_decoder",
            *WATCHING,
        },
        OUTPUTS,
    ),
    "no node without an input or output in the network": Scenario(
        "bringup",
        {"composed": "false", "network": "obstacle_avoider"},
        ["--composed", "false", "--network", "obstacle_avoider"],
        {"/scan_encoder", "/spiking_core", "/motor_decoder", *WATCHING},
        {"/cmd_vel": COMMAND, "/spikes/scan": "neuromorphic_ros/msg/SpikeArray"},
    ),
    "replay": Scenario(
        "replay",
        {"bag": str(RECORDING), "loop": "true"},
        ["--bag", str(RECORDING), "--loop"],
        {"/bag_player", *COMPOSED},
        OUTPUTS,
        heard=("/cmd_vel", "/energy", "/detections"),
    ),
    "simulation": Scenario(
        "simulation",
        {"network": "obstacle_avoider"},
        ["--simulation", "--network", "obstacle_avoider"],
        {"/simulator", *COMPOSED},
        {"/cmd_vel": COMMAND, "/scan": SCAN, "/energy": ENERGY},
        heard=("/scan", "/cmd_vel", "/energy"),
    ),
}


class Observer:
    """Watch a scenario from its domain."""

    def __init__(self, scenario: Scenario, listener: Listener) -> None:
        """Begin to collect, before anything is started."""
        self._scenario = scenario
        self._listener = listener
        self._received = {
            topic: listener.collect(topic, scenario.topics[topic]) for topic in scenario.heard
        }

    def wait_until_running(self) -> None:
        """Wait until all nodes are active, no others there, and every topic as it must be."""
        for node in self._scenario.nodes:
            eventually(lambda node=node: self._is_active(node), f"{node} is active", 3 * PATIENCE_S)
        assert self._nodes() == self._scenario.nodes
        for topic, type_name in self._scenario.topics.items():
            eventually(lambda topic=topic: self._types(topic), f"{topic} is there")
            assert self._types(topic) == [type_name], topic
        for topic, received in self._received.items():
            eventually(lambda received=received: any(map(_says, received)), f"news on {topic}")

    def assert_motors_are_stopped(self) -> None:
        """Check the last of the commands, if any have come."""
        commands = self._received.get("/cmd_vel")
        if commands is not None:
            eventually(lambda: _is_standstill(commands[-1]), "the last command is zero")

    def _is_active(self, node: str) -> bool:
        return node in self._nodes() and self._listener.state(node) == "active"

    def _nodes(self) -> set[str]:
        names = self._listener.node.get_node_names_and_namespaces()
        found = {f"{namespace.rstrip('/')}/{name}" for name, namespace in names}
        found.remove(self._listener.node.get_fully_qualified_name())
        # ROS's launch is a node itself.
        return {name for name in found if not name.startswith("/launch_ros")}

    def _types(self, topic: str) -> list[str]:
        return dict(self._listener.node.get_topic_names_and_types()).get(topic, [])


def _says(received: Received) -> bool:
    """Tell whether a command moves, and detections are some; other messages do by coming."""
    message = received.message
    if hasattr(message, "twist"):
        return not _is_standstill(received)
    return bool(getattr(message, "detections", True))


def _is_standstill(received: Received) -> bool:
    twist = received.message.twist
    return (twist.linear.x, twist.angular.z) == (0.0, 0.0)
