"""Read bags of ROS 2 (MCAP, sqlite3) and ROS 1."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rosbags import rosbag1, rosbag2
from rosbags.interfaces import Connection, ConnectionExtRosbag2
from rosbags.rosbag2.reader import DirectoryReader

from neuromorphic_ros.bags.conversion import Conversion, from_ros1, from_ros2, ros2_type
from neuromorphic_ros.bags.recording import RecordedMessage, Recording, TopicInfo, bag_errors
from neuromorphic_ros.errors import BagError

METADATA = "metadata.yaml"

_MCAP_MAGIC = b"\x89MCAP0\r\n"
_MAGIC = {".mcap": _MCAP_MAGIC, ".db3": b"SQLite format 3\0", ".bag": b"#ROSBAG V2.0\n"}
_REPAIR = {
    ".mcap": "repair it with `mcap recover`",
    ".db3": "repair it with `sqlite3 BROKEN.db3 .recover | sqlite3 GOOD.db3`",
    ".bag": "repair it with `rosbag reindex`",
    "": "repair its files, then write metadata.yaml with `ros2 bag reindex`",
}
SUFFIXES = frozenset(_MAGIC)

_Reader = rosbag1.Reader | rosbag2.Reader
_LAST_NS = 2**63 - 1


def open_rosbag(path: Path) -> Recording:
    """Open a rosbag2 folder with metadata.yaml, or one .mcap, .db3 or ROS 1 .bag file.

    Raises BagError if it is empty, truncated, no bag, without messages or of unknown storage.
    """
    files = [path] if path.is_file() else sorted(path.iterdir())
    with bag_errors(path, _REPAIR.get(path.suffix, _REPAIR[""])), ExitStack() as stack:
        for file in files:
            if file.suffix in SUFFIXES:
                _check_file(file)
        readers = _open_readers(path, stack)
        connections = [connection for reader in readers for connection in reader.connections]
        topics = _topics(path, connections)
        start_ns = min(reader.start_time for reader in readers)
        end_ns = max(reader.end_time for reader in readers) - 1
        if not any(info.count for info in topics.values()):
            raise BagError(f"{path}: holds no messages; check that the topics were published")
        if not 0 <= start_ns <= end_ns <= _LAST_NS:
            raise BagError(f"{path}: times {start_ns} to {end_ns} ns make no sense; reindex it")

        def read(wanted: frozenset[str]) -> Iterator[RecordedMessage]:
            with bag_errors(path, _REPAIR.get(path.suffix, _REPAIR[""])):
                streams = [_messages(reader, wanted) for reader in readers]
                yield from heapq.merge(*streams, key=lambda message: message.log_ns)

        return Recording(path, topics, start_ns, end_ns, read, stack.pop_all().close)


def _open_readers(path: Path, stack: ExitStack) -> Sequence[_Reader]:
    if path.suffix == ".bag" and path.is_file():
        return [stack.enter_context(rosbag1.Reader(path))]
    reader = stack.enter_context(rosbag2.Reader(path))
    storage = reader.storage
    # rosbags reads split files one after the other, but their times may overlap.
    if (
        isinstance(storage, DirectoryReader)
        and len(storage.storages) > 1
        and not storage.metadata.compression_mode
    ):
        parts: Sequence[Any] = storage.storages
        return [stack.enter_context(rosbag2.Reader(part.path)) for part in parts]
    return [reader]


def _messages(reader: _Reader, wanted: Collection[str]) -> Iterator[RecordedMessage]:
    connections = [c for c in reader.connections if c.topic in wanted and c.msgcount]
    if not connections:
        # rosbags takes an empty list for all connections.
        return
    conversions = {c.id: _conversion(c) for c in connections}
    for connection, log_ns, raw in reader.messages(connections=connections):
        conversion = conversions[connection.id]
        if not isinstance(raw, bytes) or not isinstance(log_ns, int):
            raise BagError(f"topic {connection.topic} at {log_ns!r} holds {raw!r}, not a message")
        yield RecordedMessage(
            connection.topic, conversion.type, log_ns, conversion.convert(raw), conversion.types
        )


def _conversion(connection: Connection) -> Conversion:
    convert = from_ros2 if isinstance(connection.ext, ConnectionExtRosbag2) else from_ros1
    return convert(connection.msgtype, connection.msgdef)


def _topics(path: Path, connections: Sequence[Connection]) -> dict[str, TopicInfo]:
    topics: dict[str, TopicInfo] = {}
    for connection in connections:
        name, count = connection.topic, connection.msgcount
        if not isinstance(name, str) or not isinstance(count, int) or count < 0:
            raise BagError(f"{path}: topic {name!r} has {count!r} messages; reindex the bag")
        serialization = getattr(connection.ext, "serialization_format", "cdr")
        if serialization != "cdr":
            raise BagError(
                f"{path}: topic {name} is serialized as '{serialization}'; record it as 'cdr'"
            )
        known = topics.get(name, TopicInfo(ros2_type(connection.msgtype), 0))
        topics[name] = TopicInfo(known.type, known.count + count)
    return dict(sorted(topics.items()))


def _check_file(path: Path) -> None:
    # rosbags puts the path into an sqlite URI without quoting it.
    if path.suffix == ".db3" and (special := set("?#%") & set(str(path))):
        raise BagError(f"{path}: sqlite bags cannot be opened below names with {special}; move it")
    magic = _MAGIC[path.suffix]
    with path.open("rb") as file:
        head = file.read(len(magic))
        if not head:
            raise BagError(f"{path}: is empty; the recorder wrote nothing, record again")
        if head != magic:
            raise BagError(f"{path}: is not a {path.suffix} file: it starts with {head!r}")
        if path.suffix == ".mcap":
            file.seek(0, 2)
            file.seek(max(0, file.tell() - len(magic)))
            if file.read() != magic:
                raise BagError(f"{path}: is truncated, its end is missing; {_REPAIR['.mcap']}")
