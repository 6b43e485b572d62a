"""NAME=VALUE arguments of the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from neuromorphic_ros.errors import NeuromorphicError


class ArgumentError(NeuromorphicError, ValueError):
    """A command line argument that cannot be understood."""


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
