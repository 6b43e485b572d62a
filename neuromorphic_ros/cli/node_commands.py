"""Planned nodes as commands: what `ros2 run` would execute, without ROS's tools."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from neuromorphic_ros.cli.processes import Command
from neuromorphic_ros.pipeline.bringup import BringupError, NodePlan

PACKAGE = "neuromorphic_ros"
# Where the package is not installed by colcon, there are no executables.
MAIN = "import sys; from neuromorphic_ros.nodes.{name} import main; sys.exit(main())"


def require_ros() -> None:
    """Raise BringupError unless ROS 2 and the built messages can be imported."""
    for module, remedy in (
        ("rclpy", "install ROS 2 and source it, or run `make`"),
        (f"{PACKAGE}.msg", "build the package with colcon and source it, or run `make`"),
    ):
        if importlib.util.find_spec(module) is None:
            raise BringupError(f"the nodes need ROS 2, and there is no {module}: {remedy}")


def node_commands(
    nodes: Sequence[NodePlan],
    folder: Path,
    remappings: Sequence[tuple[str, str]] = (),
    log_level: str = "info",
) -> list[Command]:
    """Return the command of each node.

    folder: for a parameter file, which must last as long as the nodes. remappings: of topics in all
    nodes, stronger than those of the plan.
    """
    overrides = folder / "parameters.yaml"
    text = yaml.dump(_overrides(nodes), Dumper=_WithoutAliases)
    overrides.write_text(text, encoding="utf-8")
    return [
        Command(node.name, _arguments(node, overrides, remappings, log_level)) for node in nodes
    ]


class _WithoutAliases(yaml.SafeDumper):
    """Write a value that occurs twice twice: ROS reads no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _overrides(nodes: Iterable[NodePlan]) -> dict[str, Any]:
    """Return a parameter file: `-p` would be weaker than a section of the profile for the node."""
    return {
        node.full_name: {"ros__parameters": dict(node.parameters)}
        for node in nodes
        if node.parameters
    }


def _arguments(
    node: NodePlan, overrides: Path, remappings: Sequence[tuple[str, str]], log_level: str
) -> list[str]:
    # The first rule that fits wins.
    rules = [*remappings, *node.remappings]
    return [
        *executable(node.name),
        "--ros-args",
        *(["-r", f"__ns:={node.namespace}"] if node.namespace else []),
        *(word for file in (*node.files, overrides) for word in ("--params-file", str(file))),
        *(word for source, target in rules for word in ("-r", f"{source}:={target}")),
        "--log-level",
        log_level,
    ]


def executable(name: str) -> list[str]:
    """Return the command that runs a node: the installed executable, or Python on its module."""
    for prefix in filter(None, os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)):
        path = Path(prefix, "lib", PACKAGE, name)
        if os.access(path, os.X_OK):
            return [str(path)]
    return [sys.executable, "-c", MAIN.format(name=name)]
