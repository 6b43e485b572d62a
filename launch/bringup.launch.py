"""Start the nodes that run a network on a robot, a recording or a simulation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction, Shutdown
from launch_ros.actions import LifecycleNode

if TYPE_CHECKING:
    from neuromorphic_ros.pipeline.bringup import Request

BOOLEAN = ["true", "false"]


class Topic(NamedTuple):
    """The argument that remaps a sensor; of: what it is called. name: of the topic without it."""

    argument: str
    of: str
    name: str


TOPICS = {
    "scan": Topic("scan_topic", "the lidar", "scan, or points"),
    "camera": Topic("image_topic", "the camera", "image_raw, or events"),
    "imu": Topic("imu_topic", "the IMU", "imu"),
    "magnetometer": Topic("magnetometer_topic", "the magnetometer", "imu/mag"),
    "odom": Topic("odom_topic", "the odometry", "odom"),
    "goal": Topic("goal_topic", "the goal", "goal_pose"),
    "temperature": Topic("temperature_topic", "the thermometer", "temperature"),
    "humidity": Topic("humidity_topic", "the hygrometer", "humidity"),
    "pressure": Topic("pressure_topic", "the barometer", "pressure"),
    "illuminance": Topic("illuminance_topic", "the light sensor", "illuminance"),
    "range": Topic("range_topic", "the distance sensor", "range"),
    "array": Topic("array_topic", "plain numbers", "array"),
    "joints": Topic("joints_topic", "the joints", "joint_states"),
}
TRANSPORTS = {"camera": "image_transport", "scan": "scan_transport"}

ARGUMENTS = (
    DeclareLaunchArgument(
        "profile", default_value="jetson", description="Name of a profile, or a parameter file"
    ),
    DeclareLaunchArgument(
        "network",
        default_value="",
        description="Name or file of a network; empty: that of the profile",
    ),
    DeclareLaunchArgument(
        "params_file", default_value="", description="Parameter file on top of the profile"
    ),
    DeclareLaunchArgument(
        "namespace", default_value="", description="Namespace of all nodes and topics"
    ),
    DeclareLaunchArgument(
        "composed",
        default_value="true",
        choices=BOOLEAN,
        description="One process for the network, or one per encoder and decoder",
    ),
    DeclareLaunchArgument(
        "autostart",
        default_value="true",
        choices=BOOLEAN,
        description="Configure and activate the nodes at start",
    ),
    DeclareLaunchArgument(
        "use_sim_time",
        default_value="false",
        choices=BOOLEAN,
        description="Follow /clock; always so with a recording or a simulation",
    ),
    DeclareLaunchArgument(
        "log_level",
        default_value="info",
        choices=["debug", "info", "warn", "error", "fatal"],
        description="Least severity that is logged",
    ),
    *(
        DeclareLaunchArgument(
            topic.argument,
            default_value="",
            description=f"Topic of {topic.of}; empty: {topic.name}, or the one in the recording",
        )
        for topic in TOPICS.values()
    ),
    DeclareLaunchArgument(
        "image_transport",
        default_value="",
        choices=["", "raw", "compressed", "events"],
        description="Messages of the camera; empty: raw, or as in the recording",
    ),
    DeclareLaunchArgument(
        "scan_transport",
        default_value="",
        choices=["", "scan", "points"],
        description="Messages of the lidar; empty: scan, or as in the recording",
    ),
    DeclareLaunchArgument(
        "bag", default_value="", description="Recording to play in place of sensors; empty: none"
    ),
    DeclareLaunchArgument(
        "rate", default_value="1.0", description="Speed of the recording, in times real time"
    ),
    DeclareLaunchArgument(
        "loop",
        default_value="false",
        choices=BOOLEAN,
        description="Play the recording again and again; otherwise all ends with it",
    ),
    DeclareLaunchArgument(
        "simulation",
        default_value="false",
        choices=BOOLEAN,
        description="Drive the simulated robot",
    ),
    DeclareLaunchArgument(
        "camera",
        default_value="auto",
        choices=["auto", *BOOLEAN],
        description="Give the simulated robot a camera, which needs OpenGL; auto: if it is used",
    ),
)


def start_nodes(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Return the nodes; raises NeuromorphicError, which ends launch, if anything is wrong."""
    # Reading a launch file, as `ros2 launch --show-args` does, must not load the libraries.
    from neuromorphic_ros.pipeline.bringup import plan

    given = context.launch_configurations
    return [
        LifecycleNode(
            package="neuromorphic_ros",
            executable=node.name,
            name=node.name,
            namespace=node.namespace,
            parameters=[
                *map(str, node.files),
                {"autostart": is_true(given["autostart"]), **node.parameters},
            ],
            remappings=list(node.remappings),
            ros_arguments=["--log-level", given["log_level"]],
            output="screen",
            on_exit=OpaqueFunction(function=stop_all, args=[node.name]),
        )
        for node in plan(request_of(given))
    ]


def request_of(given: Mapping[str, str]) -> Request:
    """Read the arguments of launch."""
    from neuromorphic_ros.pipeline.bringup import Playback, Request

    playback, parameters = None, {}
    if given["bag"]:
        playback = Playback(Path(given["bag"]), number(given, "rate"), is_true(given["loop"]))
    simulation = is_true(given["simulation"])
    if simulation and given["camera"] != "auto":
        parameters["simulator"] = {"camera": is_true(given["camera"])}
    return Request(
        profile=given["profile"],
        network=given["network"],
        namespace=given["namespace"],
        composed=is_true(given["composed"]),
        use_sim_time=is_true(given["use_sim_time"]),
        params_files=(given["params_file"],) if given["params_file"] else (),
        parameters=parameters,
        topics={
            sensor: given[topic.argument]
            for sensor, topic in TOPICS.items()
            if given[topic.argument]
        },
        transports={sensor: given[name] for sensor, name in TRANSPORTS.items() if given[name]},
        playback=playback,
        simulation=simulation,
    )


def is_true(text: str) -> bool:
    """Read one of the two texts that launch lets through."""
    return text == "true"


def number(given: Mapping[str, str], name: str) -> float:
    """Read a number; raises ValueError naming the argument."""
    try:
        return float(given[name])
    except ValueError:
        raise ValueError(f"{name} is '{given[name]}', not a number") from None


def stop_all(context: LaunchContext, name: str) -> list[LaunchDescriptionEntity]:
    """Stop the others when a node has ended.

    Raises RuntimeError, which makes launch exit with 1, unless that was the end of the recording.
    """
    code = context.locals.event.returncode
    if context.is_shutdown:
        return []
    if code != 0 or name != "bag_player":
        raise RuntimeError(f"{name} has ended with exit code {code}; stopping the others")
    return [Shutdown(reason="the recording has ended")]


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments and start the nodes."""
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=start_nodes)])
