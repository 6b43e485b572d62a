"""`neuromorphic top`: what the nodes of a robot do at this moment."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from neuromorphic_ros.cli.node_commands import executable, require_ros
from neuromorphic_ros.pipeline.bringup import checked_namespace


def add_parser(subparsers: Any) -> None:
    """Add the `top` subcommand."""
    parser = subparsers.add_parser(
        "top",
        help="watch nodes, rates, latency, energy and power of a running robot",
        description="Show what the nodes of a robot on this ROS_DOMAIN_ID do, as a picture in the "
        "terminal that is drawn anew four times per second, or as lines where there is none.",
    )
    parser.add_argument("--namespace", default="", help="of the nodes (default: all)")
    parser.add_argument("--use-sim-time", action="store_true", help="follow /clock")
    parser.add_argument(
        "--once",
        action="store_true",
        help="print one picture when all is known and end, with 1 if there are no nodes",
    )
    parser.add_argument("--svg", type=Path, help="write that one picture here instead")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Become the monitor node; raises BringupError if there is no ROS 2 or no such namespace."""
    command = monitor_command(arguments)
    require_ros()
    sys.stdout.flush()
    os.execv(command[0], command)


def monitor_command(arguments: argparse.Namespace) -> list[str]:
    """Return the command of the node; raises BringupError if the namespace is wrong."""
    namespace = checked_namespace(arguments.namespace)
    parameters = {
        "use_sim_time": arguments.use_sim_time,
        "once": arguments.once,
        "svg": str(arguments.svg.absolute()) if arguments.svg else "",
    }
    # ROS reads values as YAML, of which JSON is a part.
    values = (f"{name}:={json.dumps(value)}" for name, value in parameters.items())
    return [
        *executable("monitor"),
        "--ros-args",
        *(["-r", f"__ns:={namespace}"] if namespace else []),
        *(word for value in values for word in ("-p", value)),
        "--log-level",
        "warn",
    ]
