"""`neuromorphic up`: start the nodes of a profile without ROS's launch."""

from __future__ import annotations

import argparse
from typing import Any

from neuromorphic_ros.errors import NeuromorphicError


def add_parser(subparsers: Any) -> None:
    """Add the `up` subcommand."""
    parser = subparsers.add_parser("up", help="start the nodes of a profile")
    parser.add_argument("--profile", default="jetson", help="hardware profile (default: jetson)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Start the nodes and wait for them."""
    raise NeuromorphicError("'up' is not implemented yet")
