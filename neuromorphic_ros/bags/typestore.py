"""Message types: ROS 2's own, this package's and event_camera_msgs, without ROS."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rosbags.interfaces import Nodetype
from rosbags.interfaces.typing import FieldDesc
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.base import normalize_fieldname
from rosbags.typesys.store import Typestore

from neuromorphic_ros.errors import BagError
from neuromorphic_ros.resources import share_directory

NS_PER_S = 1_000_000_000

# As in event_camera_msgs, which is not always installed.
EVENT_PACKET = """\
std_msgs/Header header
uint32 height
uint32 width
uint64 seq
uint64 time_base
string encoding
bool is_bigendian
uint8[] events
"""

_INTEGERS = {
    **{f"int{bits}": range(-(2 ** (bits - 1)), 2 ** (bits - 1)) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": range(2**bits) for bits in (8, 16, 32, 64)},
}
_ZEROS: dict[str, str | float | bool] = {
    "string": "",
    "bool": False,
    "float32": 0.0,
    "float64": 0.0,
}
_TIMES = ("builtin_interfaces/msg/Time", "builtin_interfaces/msg/Duration")


@functools.cache
def typestore() -> Typestore:
    """Return the types this package knows; treat it as read-only, it is shared.

    Raises NeuromorphicError if the .msg files of the package are not installed.
    """
    store = get_typestore(Stores.ROS2_KILTED)
    types = get_types_from_msg(EVENT_PACKET, "event_camera_msgs/msg/EventPacket")
    for file in sorted((share_directory() / "msg").glob("*.msg")):
        types |= get_types_from_msg(
            file.read_text(encoding="utf-8"), f"neuromorphic_ros/msg/{file.stem}"
        )
    store.register(types)
    return store


def to_message(type_name: str, fields: Mapping[str, Any], types: Typestore | None = None) -> Any:
    """Build a message from plain values; what is missing is zero, empty or false.

    type_name: 'pkg/msg/Name'.
    fields: nested mappings; array-likes or bytes for numeric arrays; sequences of mappings for
    message arrays; times and durations as a mapping or as an int [ns].
    Raises BagError if the type or a field is unknown or a value does not fit its field.
    """
    store = types or typestore()
    if type_name not in store.fielddefs:
        raise BagError(f"message type '{type_name}' is not known; write it as pkg/msg/Name")
    definition = dict(store.fielddefs[type_name][1])
    if unknown := fields.keys() - definition.keys():
        raise BagError(
            f"{type_name} has no field {sorted(unknown)}; its fields are {list(definition)}"
        )
    values = {
        normalize_fieldname(name): _value(
            store, f"{type_name}.{name}", description, fields.get(name)
        )
        for name, description in definition.items()
    }
    return store.types[type_name](**values)


def serialize(type_name: str, message: object, types: Typestore | None = None) -> bytes:
    """Return the message as little-endian CDR.

    Raises BagError if the message does not fit the type.
    """
    store = types or typestore()
    try:
        return bytes(store.serialize_cdr(message, type_name, little_endian=True))
    except Exception as error:
        # The code that rosbags generates fails with whatever the wrong value leads to.
        raise BagError(f"message does not fit {type_name}: {error!r}") from error


def deserialize(raw: bytes, type_name: str, types: Typestore | None = None) -> Any:
    """Return the rosbags message in `raw`, CDR of either byte order.

    Raises BagError if the type is unknown or the bytes do not hold it.
    """
    store = types or typestore()
    if type_name not in store.fielddefs:
        raise BagError(
            f"message type '{type_name}' is not known and the recording does not define it; "
            "record in MCAP, which carries definitions"
        )
    try:
        return store.deserialize_cdr(raw, type_name)
    except Exception as error:
        # The code that rosbags generates fails with whatever the wrong bytes lead to.
        raise BagError(f"{len(raw)} bytes are not a valid {type_name}: {error!r}") from error


def _value(store: Typestore, where: str, description: FieldDesc, value: Any) -> Any:
    if description[0] == Nodetype.NAME:
        return _nested(store, where, description[1], value)
    if description[0] == Nodetype.BASE:
        return _scalar(where, description[1][0], value)
    element, length = description[1]
    fixed = description[0] == Nodetype.ARRAY
    if element[0] == Nodetype.BASE and element[1][0] != "string":
        values: Any = _array(where, element[1][0], value, length if fixed else 0)
    else:
        if value is None:
            value = [None] * (length if fixed else 0)
        if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
            raise BagError(f"{where}={value!r} must be a list")
        values = [_value(store, f"{where}[{i}]", element, item) for i, item in enumerate(value)]
    if (fixed and len(values) != length) or (length and len(values) > length):
        raise BagError(f"{where} has {len(values)} elements; it takes {length}")
    return values


def _nested(store: Typestore, where: str, type_name: str, value: Any) -> Any:
    if isinstance(value, (int, np.integer)) and type_name in _TIMES:
        second, nanosecond = divmod(int(value), NS_PER_S)
        value = {"sec": second, "nanosec": nanosecond}
    if value is None:
        value = {}
    if isinstance(value, Mapping):
        return to_message(type_name, value, store)
    if getattr(value, "__msgtype__", None) == type_name:
        return value
    raise BagError(f"{where}={value!r} must be a mapping of the fields of {type_name}")


def _scalar(where: str, kind: str, value: Any) -> str | int | float | bool:
    if value is None:
        return _ZEROS.get(kind, 0)
    if kind == "string":
        if not isinstance(value, str):
            raise BagError(f"{where}={value!r} must be a string")
        return value
    # Most numbers fit as they are; to ask numpy would take most of the time of a replay.
    if type(value) is float and kind == "float64":
        return value
    if type(value) is int and value in _INTEGERS.get(kind, ()):
        return value
    array = _array(where, kind, [value], 1)
    if array.shape != (1,):
        raise BagError(f"{where}={value!r} must be one {kind}")
    number: int | float | bool = array[0].item()
    return number


def _array(where: str, kind: str, value: Any, default_length: int) -> np.ndarray[Any, Any]:
    # rosbags keeps ROS's `byte` as numpy's signed byte; on the wire it is an octet.
    dtype = np.dtype({"char": "uint8", "bool": "bool_", "byte": "uint8"}.get(kind, kind))
    if value is None:
        return np.zeros(default_length, dtype)
    if isinstance(value, (bytes, bytearray, memoryview)):
        value = np.frombuffer(value, np.uint8)
    try:
        given = np.asarray(value)
        if given.size == 0:
            return np.zeros(0, dtype)
        if given.ndim != 1:
            raise ValueError("it must be one-dimensional")
        if given.dtype == dtype:
            return np.ascontiguousarray(given)
        _check_kind(given, dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            converted = given.astype(dtype)
        if dtype.kind in "iub" and not np.array_equal(converted, given):
            raise ValueError("a value is out of range")
    except (TypeError, ValueError, OverflowError) as error:
        raise BagError(f"{where} does not fit {kind}: {error}") from None
    return converted


def _check_kind(given: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> None:
    # A float that happens to be whole must not pass where an integer is due.
    allowed = {"f": "fiu", "i": "iu", "u": "iu", "b": "b"}[dtype.kind]
    if given.dtype.kind not in allowed + ("b" if dtype.kind in "iu" else ""):
        raise TypeError(f"got {given.dtype} values")


def stamp_ns(message: Any) -> int | None:
    """Return the header stamp [ns] of a rosbags message; None if it has no header."""
    stamp = getattr(getattr(message, "header", None), "stamp", None)
    return None if stamp is None else int(stamp.sec) * NS_PER_S + int(stamp.nanosec)
