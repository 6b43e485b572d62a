"""NAME=VALUE arguments of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

import yaml

from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.pipeline.sensing import STREAMS


class ArgumentError(NeuromorphicError, ValueError):
    """A command line argument that cannot be understood."""


def add_topic_argument(parser: argparse.ArgumentParser) -> None:
    """Add --topic, which chooses the topics of sensors in a recording."""
    parser.add_argument(
        "--topic",
        action="append",
        default=[],
        metavar="SENSOR=TOPIC",
        help=f"topic of a sensor ({', '.join(STREAMS)}) where several fit",
    )


def assignments(texts: Iterable[str]) -> dict[str, Any]:
    """Read `NAME=VALUE` (or ROS's `NAME:=VALUE`) texts; values are YAML scalars.

    Raises ArgumentError naming the text that is not of this form.
    """
    values = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.removesuffix(":")
        if not equals or not name:
            raise ArgumentError(f"'{text}' is not NAME=VALUE")
        try:
            values[name] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ArgumentError(f"value of '{text}' is not a number, text or true/false") from None
    return values
