"""Write rosbag2 recordings that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from rosbags.interfaces import (
    Connection,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys.store import Typestore

from neuromorphic_ros.bags.recording import bag_errors
from neuromorphic_ros.bags.typestore import serialize, to_message, typestore
from neuromorphic_ros.errors import BagError

_FOREVER = QosTime(9223372036, 854775807)
_LAST_NS = 2**63 - 1


def _profile(reliability: QosReliability, durability: QosDurability, depth: int) -> Qos:
    return Qos(
        QosHistory.KEEP_LAST,
        depth,
        reliability,
        durability,
        _FOREVER,
        _FOREVER,
        QosLiveliness.AUTOMATIC,
        _FOREVER,
        False,
    )


# What players offer; a reliable publisher satisfies every subscriber, a latched one late ones.
RELIABLE = _profile(QosReliability.RELIABLE, QosDurability.VOLATILE, 10)
SENSOR_DATA = _profile(QosReliability.BEST_EFFORT, QosDurability.VOLATILE, 5)
LATCHED = _profile(QosReliability.RELIABLE, QosDurability.TRANSIENT_LOCAL, 1)


class RecordingWriter:
    """Write a rosbag2 folder (MCAP, version 9); equal messages give equal files.

    Messages go to a hidden folder beside `path`, which takes its place when the writer is
    closed. Leaving the `with` block by an exception discards them; a recording that `overwrite`
    replaces stays until then.
    """

    def __init__(
        self, path: Path | str, overwrite: bool = False, *, compressed: bool = False
    ) -> None:
        """Create the hidden folder.

        compressed: compress chunks with zstd.
        Raises BagError if `path` exists without `overwrite`, is not a recording, or cannot be
        created.
        """
        self.path = Path(path)
        self._overwrite = overwrite
        self._connections: dict[str, Connection] = {}
        self._types: dict[str, Typestore] = {}
        self._closed = False
        if not self.path.name:
            raise BagError(f"'{path}' does not name a folder; give the recording a name")
        self._check_target()
        with bag_errors(self.path, "choose a folder that can be written"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._scratch = Path(
                tempfile.mkdtemp(prefix=f".{self.path.name}.", dir=self.path.parent)
            )
            # rosbags names the files inside after the folder, hence the same name one level down.
            self._writer = Writer(
                self._scratch / self.path.name, version=9, storage_plugin=StoragePlugin.MCAP
            )
            if compressed:
                self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
            self._writer.open()

    def add_topic(
        self, name: str, type_name: str, *, types: Typestore | None = None, qos: Qos = RELIABLE
    ) -> None:
        """Announce a topic; needed only for a QoS or definitions of its own, or if it is empty.

        types: where `type_name` is defined, e.g. `RecordedMessage.types`; ours if None.
        Raises BagError if the topic is known with another type or the type is not defined.
        """
        self._check_open()
        known = self._connections.get(name)
        if known is not None:
            if known.msgtype != type_name:
                raise BagError(
                    f"{self.path}: topic {name} has type {known.msgtype}, not {type_name}; "
                    "use another topic"
                )
            return
        store = types or typestore()
        if type_name not in store.fielddefs:
            raise BagError(
                f"{self.path}: type '{type_name}' of topic {name} is not known; pass `types`"
            )
        with bag_errors(self.path):
            self._connections[name] = self._writer.add_connection(
                name, type_name, typestore=store, offered_qos_profiles=(qos,)
            )
            self._types[name] = store

    def write(
        self,
        topic: str,
        type_name: str,
        message: bytes | Mapping[str, Any] | object,
        log_ns: int,
    ) -> None:
        """Append a message.

        message: CDR bytes, a rosbags message, or its fields as `to_message` takes them.
        log_ns: time of recording, absolute [ns].
        Raises BagError if the message does not fit the topic or the disk is full.
        """
        self.add_topic(topic, type_name)
        if not 0 <= log_ns <= _LAST_NS:
            raise BagError(f"{self.path}: log time {log_ns} ns of {topic} is out of range")
        store = self._types[topic]
        if isinstance(message, Mapping):
            message = to_message(type_name, message, store)
        if not isinstance(message, bytes):
            message = serialize(type_name, message, store)
        elif message[:2] not in (b"\x00\x00", b"\x00\x01"):
            raise BagError(f"{self.path}: message of {topic} is not CDR: {message[:4].hex()!r}")
        with bag_errors(self.path, "check the space on the disk"):
            self._writer.write(self._connections[topic], int(log_ns), message)

    def close(self) -> None:
        """Finish the recording and put it in its place.

        Raises BagError if that fails; an existing recording is then still there.
        """
        if self._closed:
            return
        self._closed = True
        try:
            with bag_errors(self.path, "check the space on the disk"):
                self._writer.close()
                finished = self._scratch / self.path.name
                for file in [*finished.iterdir(), finished]:
                    _sync(file)
                self._check_target()
                self._publish(finished)
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def discard(self) -> None:
        """Throw away what was written; `path` stays as it was."""
        if not self._closed:
            self._closed = True
            self._writer.abort()
            shutil.rmtree(self._scratch, ignore_errors=True)

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def _publish(self, finished: Path) -> None:
        previous = self._scratch / "previous"
        if self.path.exists():
            self.path.rename(previous)
        try:
            finished.rename(self.path)
        except OSError:
            if previous.exists():
                previous.rename(self.path)
            raise
        _sync(self.path.parent)

    def _check_open(self) -> None:
        if self._closed:
            raise BagError(f"{self.path}: is already closed; open a new recording")

    def _check_target(self) -> None:
        if not self.path.exists() and not self.path.is_symlink():
            return
        if self.path.is_dir() and not any(self.path.iterdir()):
            return
        if not self._overwrite:
            raise BagError(f"{self.path}: exists already; choose another name or overwrite it")
        # Overwriting must never remove a folder that merely has the wrong name.
        if self.path.is_symlink() or not (self.path / "metadata.yaml").is_file():
            raise BagError(f"{self.path}: is not a rosbag2 folder; it is not overwritten")


def _sync(path: Path) -> None:
    # Without it a power cut after the rename can leave a whole name on a half-written file.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
