"""The commands of `ros2` that the tutorials use, where ROS comes as wheels and without its tools.

They print what those of ROS print. What is not here is refused: a tutorial must not need more.
Executables of the package are on PATH.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from harness import PACKAGE, Listener, eventually
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import qos_profile_sensor_data

# Of rcl_interfaces/ParameterType.
TYPES = ("not set", "boolean", "integer", "double", "string", "byte array", "boolean array")
STATES = {"unconfigured": 1, "inactive": 2, "active": 3, "finalized": 4}
# `launch` itself is not there; test/launch holds that `up` starts what the launch files do.
LAUNCHED: dict[str, Callable[[str], list[str]]] = {
    "network": lambda name: ["--network", name],
    "params_file": lambda file: ["--params-file", file],
    "scan_topic": lambda topic: ["-r", f"scan:={topic}"],
    "use_sim_time": lambda value: ["--use-sim-time"] if value == "true" else [],
}
DISCOVERY_S = 0.5


def main() -> int:
    """Run one command."""
    words = sys.argv[1:]
    if words[:2] == ["run", PACKAGE]:
        os.execvp(words[2], words[2:])
    if words[:2] == ["launch", PACKAGE]:
        return launch(*words[2:])
    verb = VERBS.get(" ".join(words[:2]))
    if verb is None:
        raise SystemExit(f"ros2 {' '.join(words)}: not among those of test/tutorials/ros2.py")
    listener = Listener(int(os.environ["ROS_DOMAIN_ID"]), "ros2")
    try:
        time.sleep(DISCOVERY_S)
        return verb(listener, *words[2:]) or 0
    finally:
        listener.close()


def launch(file: str, *arguments: str) -> int:
    """Start by `neuromorphic up` what a launch file of the package would start."""
    command = ["neuromorphic", "up", "--profile", file.removesuffix(".launch.py")]
    for argument in arguments:
        name, _, value = argument.partition(":=")
        command += LAUNCHED[name](value)
    os.execvp(command[0], command)


def lifecycle_get(listener: Listener, node: str) -> None:
    """Print the state of a node."""
    state = listener.state(node)
    print(f"{state} [{STATES[state]}]")


def lifecycle_set(listener: Listener, node: str, transition: str) -> int:
    """Ask a node for a transition."""
    if listener.transition(node, transition):
        print("Transitioning successful")
        return 0
    print("Transitioning failed", file=sys.stderr)
    return 1


def topic_info(listener: Listener, topic: str) -> None:
    """Print type and ends of a topic."""
    print(f"Type: {_type(listener, topic)}")
    print(f"Publisher count: {listener.node.count_publishers(topic)}")
    print(f"Subscription count: {listener.node.count_subscribers(topic)}")


def topic_hz(listener: Listener, topic: str) -> None:
    """Print the rate of a topic every second until the process is ended."""
    received = listener.collect(topic, _type(listener, topic), qos_profile_sensor_data)
    while True:
        time.sleep(1.0)
        if len(received) > 1:
            span_s = received[-1].at_s - received[0].at_s
            print(f"average rate: {(len(received) - 1) / span_s:.3f}", flush=True)


def topic_echo(listener: Listener, *words: str) -> None:
    """Print one message, or a field of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--once", action="store_true", required=True)
    parser.add_argument("topic")
    parser.add_argument("--field")
    given = parser.parse_args(words)
    received = listener.collect(given.topic, _type(listener, given.topic), qos_profile_sensor_data)
    message = eventually(lambda: received, f"message on {given.topic}")[0].message
    for name in given.field.split(".") if given.field else ():
        message = getattr(message, name)
    shown = _plain(message)
    print(_yaml(shown) if isinstance(shown, (dict, list)) else shown)
    print("---")


def param_list(listener: Listener, node: str) -> None:
    """Print the names of all parameters."""
    print(*(f"  {name}" for name in _names(listener, node)), sep="\n")


def param_get(listener: Listener, node: str, name: str) -> None:
    """Print the value of a parameter with its type."""
    request = GetParameters.Request(names=[name])
    (value,) = listener.call(GetParameters, f"{node}/get_parameters", request).values
    kind = TYPES[value.type].capitalize()
    print(f"{kind} value is: {parameter_value_to_python(value)}")


def param_describe(listener: Listener, node: str, name: str) -> None:
    """Print type, meaning and range of a parameter."""
    request = DescribeParameters.Request(names=[name])
    (told,) = listener.call(DescribeParameters, f"{node}/describe_parameters", request).descriptors
    print(f"Parameter name: {told.name}\n  Type: {TYPES[told.type]}")
    print(f"  Description: {told.description}\n  Constraints:")
    for range_ in (*told.floating_point_range, *told.integer_range):
        print(f"    Min value: {range_.from_value}\n    Max value: {range_.to_value}")


def param_set(listener: Listener, node: str, name: str, value: str) -> None:
    """Set a parameter to a value that is read as YAML."""
    (refused,) = listener.set_parameters(node, **{name: yaml.safe_load(value)})
    if refused:
        print(f"Setting parameter failed: {refused}", file=sys.stderr)
    else:
        print("Set parameter successful")


def param_load(listener: Listener, node: str, file: str) -> None:
    """Set the parameters of a file for all nodes one by one."""
    content = yaml.safe_load(Path(file).read_text())["/**"]["ros__parameters"]
    for name, value in _flat(content, "").items():
        (refused,) = listener.set_parameters(node, **{name: value})
        if refused:
            print(f"Set parameter {name} failed: {refused}", file=sys.stderr)
        else:
            print(f"Set parameter {name} successful")


VERBS: dict[str, Callable[..., int | None]] = {
    "lifecycle get": lifecycle_get,
    "lifecycle set": lifecycle_set,
    "topic info": topic_info,
    "topic hz": topic_hz,
    "topic echo": topic_echo,
    "param list": param_list,
    "param get": param_get,
    "param set": param_set,
    "param describe": param_describe,
    "param load": param_load,
}


def _type(listener: Listener, topic: str) -> str:
    types = dict(listener.node.get_topic_names_and_types())
    if topic not in types:
        raise SystemExit(f"WARNING: topic [{topic}] does not appear to be published yet")
    return str(types[topic][0])


def _names(listener: Listener, node: str) -> list[str]:
    listed = listener.call(ListParameters, f"{node}/list_parameters", ListParameters.Request())
    return sorted(listed.result.names)


def _flat(tree: dict[str, Any], prefix: str) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        flat |= (
            _flat(value, f"{prefix}{name}.")
            if isinstance(value, dict)
            else {f"{prefix}{name}": value}
        )
    return flat


def _plain(value: Any) -> Any:
    if hasattr(value, "get_fields_and_field_types"):
        fields = value.get_fields_and_field_types()
        return {name: _plain(getattr(value, name)) for name in fields}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value.tolist() if hasattr(value, "tolist") else value


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=sys.maxsize).rstrip()
