"""Bring messages of any ROS version into the form that this package's types describe."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rosbags.convert.converter import (
    STATIC_MSGTYPE_RENAMES,
    is_same_wireformat,
    migrate_bytes,
)
from rosbags.interfaces import MessageDefinition, MessageDefinitionFormat
from rosbags.interfaces.typing import Typesdict
from rosbags.typesys import get_types_from_idl, get_types_from_msg
from rosbags.typesys.msg import normalize_msgtype
from rosbags.typesys.store import Typestore

from neuromorphic_ros.bags.typestore import typestore
from neuromorphic_ros.errors import BagError

_IDL_SEPARATOR = "=" * 80 + "\n"
_LITTLE_ENDIAN = b"\x00\x01"
_BIG_ENDIAN = b"\x00\x00"


class Conversion(NamedTuple):
    """Describe how the messages of one connection become ROS 2 messages.

    type: name in ROS 2.
    types: definitions that describe the converted messages.
    convert: recorded bytes to little-endian CDR.
    """

    type: str
    types: Typestore
    convert: Callable[[bytes], bytes]


def ros2_type(type_name: str) -> str:
    """Return the name 'pkg/msg/Name' that ROS 2 uses for a recorded type."""
    name = normalize_msgtype(type_name)
    return STATIC_MSGTYPE_RENAMES.get(name, name)


def from_ros1(type_name: str, definition: MessageDefinition) -> Conversion:
    """Convert from ROS 1, where for instance a header still has a sequence number.

    Raises BagError if the definition in the bag cannot be understood.
    """
    target_type = ros2_type(type_name)
    try:
        recorded = _parse(type_name, definition)
        source = _overlay(typestore(), recorded)
        target = _overlay(typestore(), _unknown(recorded))
        if target_type != type_name or not is_same_wireformat(
            source, target, type_name, target_type
        ):
            return Conversion(
                target_type, target, _migration(source, target, type_name, target_type, False)
            )
    except Exception as error:
        # The parser and the generated code fail in many ways on a damaged definition.
        raise BagError(f"definition of {type_name} cannot be read: {error!r}") from error
    return Conversion(target_type, target, lambda raw: bytes(target.ros1_to_cdr(raw, target_type)))


def from_ros2(type_name: str, definition: MessageDefinition) -> Conversion:
    """Convert from an older ROS 2 whose definition differs, or from big endian.

    Without a usable definition the bytes pass unchanged: they can still be published.
    """
    name = ros2_type(type_name)
    try:
        recorded = _parse(type_name, definition)
        source = _overlay(typestore(), recorded)
        target = _overlay(typestore(), _unknown(recorded))
        same = name not in recorded or is_same_wireformat(source, target, name, name)
    except Exception:
        # Services, actions and wide strings are beyond the parser, yet play back well.
        source = target = typestore()
        same = True
    migrate = _migration(source, target, name, name, True)

    def convert(raw: bytes) -> bytes:
        encapsulation = raw[:2]
        if encapsulation == _LITTLE_ENDIAN and same:
            return raw
        if encapsulation not in (_LITTLE_ENDIAN, _BIG_ENDIAN):
            raise BagError(f"{name} message is not CDR: it starts with {encapsulation.hex()!r}")
        return migrate(raw)

    return Conversion(name, target, convert)


def _migration(
    source: Typestore, target: Typestore, source_type: str, target_type: str, is_ros2: bool
) -> Callable[[bytes], bytes]:
    cache: dict[str, object] = {}

    def migrate(raw: bytes) -> bytes:
        return bytes(
            migrate_bytes(
                source,
                target,
                source_type,
                target_type,
                cache,
                raw,
                src_is2=is_ros2,
                dst_is2=True,
            )
        )

    return migrate


def _parse(type_name: str, definition: MessageDefinition) -> Typesdict:
    if definition.format == MessageDefinitionFormat.MSG:
        return get_types_from_msg(definition.data, type_name)
    types: Typesdict = {}
    if definition.format == MessageDefinitionFormat.IDL:
        for part in definition.data.split(_IDL_SEPARATOR):
            types |= get_types_from_idl(part.partition("\n")[2] if "IDL: " in part[:5] else part)
    return types


def _unknown(types: Typesdict) -> Typesdict:
    return {name: types[name] for name in types.keys() - typestore().fielddefs.keys()}


def _overlay(base: Typestore, types: Typesdict) -> Typestore:
    changed = {
        name: definition
        for name, definition in types.items()
        if name not in base.fielddefs or base.fielddefs[name][1] != definition[1]
    }
    if not changed:
        return base
    store = Typestore()
    store.fielddefs = {k: v for k, v in base.fielddefs.items() if k not in changed}
    store.types = {k: v for k, v in base.types.items() if k not in changed}
    store.register(changed)
    return store
