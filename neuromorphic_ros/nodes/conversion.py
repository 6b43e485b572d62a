"""Fields of messages to rclpy messages."""

from __future__ import annotations

import array
import functools
import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np

NS_PER_S = 1_000_000_000


@functools.cache
def message_class(type_name: str) -> Any:
    """Import the class of a message type `package/msg/Name`."""
    package, kind, name = type_name.split("/")
    return getattr(importlib.import_module(f"{package}.{kind}"), name)


def to_ros(type_name: str, fields: Mapping[str, Any]) -> Any:
    """Build a message; fields that are not given keep their default.

    Numpy arrays are copied in one piece: assigned as they are, rclpy would walk through every
    element of a large one.
    """
    message = message_class(type_name)()
    types = message.get_fields_and_field_types()
    for name, value in fields.items():
        setattr(message, name, _value(types[name], value))
    return message


def stamp_message(time_ns: int) -> Any:
    """Return a builtin_interfaces/Time."""
    return _value("builtin_interfaces/Time", time_ns)


def _value(field_type: str, value: Any) -> Any:
    if isinstance(value, np.ndarray):
        values = array.array(value.dtype.char)
        values.frombytes(np.ascontiguousarray(value).view(np.uint8).data)
        return values
    if field_type in ("builtin_interfaces/Time", "builtin_interfaces/Duration"):
        seconds, nanoseconds = divmod(int(value), NS_PER_S)
        return message_class(_full(field_type))(sec=seconds, nanosec=nanoseconds)
    if isinstance(value, Mapping):
        return to_ros(_full(field_type), value)
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        element = field_type.removeprefix("sequence<").removesuffix(">")
        return [to_ros(_full(element), item) for item in value]
    return value


def _full(field_type: str) -> str:
    package, name = field_type.split("/")
    return f"{package}/msg/{name}"
