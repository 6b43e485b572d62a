"""`neuromorphic up`: start the nodes of a profile where ROS's launch is not installed."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuromorphic_ros.cli.assignments import ArgumentError, assignments
from neuromorphic_ros.cli.node_commands import node_commands, require_ros
from neuromorphic_ros.cli.processes import run_together
from neuromorphic_ros.pipeline.bringup import (
    Playback,
    Request,
    plan,
)

LOG_LEVELS = ("debug", "info", "warn", "error", "fatal")


def add_parser(subparsers: Any) -> None:
    """Add the `up` subcommand."""
    parser = subparsers.add_parser(
        "up",
        help="start the nodes of a profile, as the launch files do",
        description="Start the nodes that run a network, with the same profiles as the launch "
        "files but without ROS's launch, and stop all of them when one ends or on Ctrl-C.",
    )
    parser.add_argument(
        "--profile", default="jetson", help="name or parameter file (default: jetson)"
    )
    parser.add_argument("--network", default="", help="name or file (default: of the profile)")
    parser.add_argument("--namespace", default="", help="of all nodes and topics")
    parser.add_argument(
        "--composed",
        type=_truth,
        default=True,
        metavar="true|false",
        help="one process for the network, or one per encoder and decoder (default: true)",
    )
    parser.add_argument("--use-sim-time", action="store_true", help="follow /clock")
    parser.add_argument("--log-level", choices=LOG_LEVELS, default="info", help="default: info")
    parser.add_argument(
        "--params-file",
        action="append",
        default=[],
        metavar="FILE",
        help="ROS parameter file or shipped preset on top of the profile; may be repeated",
    )
    parser.add_argument(
        "-p",
        "--param",
        action="append",
        default=[],
        metavar="NODE.PARAMETER:=VALUE",
        help="parameter of a node, e.g. pipeline.drive.linear_gain_m_s:=0.3",
    )
    parser.add_argument(
        "-r",
        "--remap",
        action="append",
        default=[],
        metavar="FROM:=TO",
        help="remap a topic in all nodes, e.g. scan:=/front/scan",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--simulation", action="store_true", help="drive the simulated robot")
    source.add_argument("--bag", type=Path, help="play a recording; ends with it")
    parser.add_argument(
        "--rate", type=float, default=1.0, help="of --bag, in times real time (default: 1)"
    )
    parser.add_argument("--loop", action="store_true", help="play --bag again and again")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Start the nodes and wait for their end; return 0 if that was asked for, else 1.

    Raises NeuromorphicError, with nothing started, if what to start is wrong or ROS 2 is missing.
    """
    nodes = plan(_request(arguments))
    remappings = list(map(_remapping, arguments.remap))
    require_ros()
    with tempfile.TemporaryDirectory(prefix="neuromorphic_ros_") as folder:
        commands = node_commands(nodes, Path(folder), remappings, arguments.log_level)
        # Into a pipe, Python would keep what a node prints until there are some kilobytes.
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        return run_together(commands, environment, sys.stdout, may_end={"bag_player"})


def _request(arguments: argparse.Namespace) -> Request:
    return Request(
        profile=arguments.profile,
        network=arguments.network,
        namespace=arguments.namespace,
        composed=arguments.composed,
        use_sim_time=arguments.use_sim_time,
        params_files=tuple(arguments.params_file),
        parameters=_by_node(assignments(arguments.param)),
        playback=Playback(arguments.bag, arguments.rate, arguments.loop) if arguments.bag else None,
        simulation=arguments.simulation,
    )


def _by_node(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Group `node.parameter` values by node; raises ArgumentError naming one that is not."""
    grouped: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        node, _, parameter = name.partition(".")
        if not parameter or value is None:
            raise ArgumentError(f"'{name}' is not NODE.PARAMETER:=VALUE")
        grouped.setdefault(node, {})[parameter] = value
    return grouped


def _remapping(text: str) -> tuple[str, str]:
    source, assigned, target = text.partition(":=")
    if not (assigned and source and target) or source.startswith("__"):
        raise ArgumentError(f"'{text}' is not FROM:=TO; nodes cannot be renamed")
    return source, target


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"'{text}' is neither true nor false")
    return text == "true"
