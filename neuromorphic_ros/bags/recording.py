"""A recording: topics over time, whatever the file format behind it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from rosbags.typesys.store import Typestore

from neuromorphic_ros.bags.typestore import deserialize
from neuromorphic_ros.errors import BagError


@dataclass(frozen=True, slots=True)
class TopicInfo:
    """Describe one topic: message type 'pkg/msg/Name' and number of messages."""

    type: str
    count: int


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """Hold one message as recorded.

    log_ns: time of recording, absolute [ns].
    raw: ROS 2 CDR, little endian, ready to be published.
    types: definitions to decode with; pass them on when writing the message elsewhere.
    """

    topic: str
    type: str
    log_ns: int
    raw: bytes = field(repr=False)
    types: Typestore = field(repr=False, compare=False)

    def decode(self) -> Any:
        """Return the rosbags message.

        Raises BagError if the bytes are corrupt or the type has no definition.
        """
        try:
            return deserialize(self.raw, self.type, self.types)
        except BagError as error:
            raise BagError(f"topic {self.topic} at {self.log_ns} ns: {error}") from error


@dataclass(frozen=True)
class Recording:
    """Give the messages of one recording in order; a context manager that closes the files.

    start_ns, end_ns: log times of the first and the last message [ns].
    """

    path: Path
    topics: Mapping[str, TopicInfo]
    start_ns: int
    end_ns: int
    _read: Callable[[frozenset[str]], Iterator[RecordedMessage]] = field(repr=False)
    _close: Callable[[], None] = field(repr=False, default=lambda: None)

    def messages(self, topics: Collection[str] | None = None) -> Iterator[RecordedMessage]:
        """Iterate over the messages of `topics`, all if None, by log time.

        Each call starts anew. A damaged recording yields what comes before the damage first.
        Raises BagError at once if a topic is not in the recording, later if it is damaged.
        """
        wanted = frozenset(self.topics if topics is None else topics)
        if missing := wanted - self.topics.keys():
            raise BagError(
                f"{self.path}: no topic {', '.join(sorted(missing))}; "
                f"it has {', '.join(sorted(self.topics))}"
            )
        return self._guarded(wanted)

    def close(self) -> None:
        """Close the files."""
        with bag_errors(self.path):
            self._close()

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _guarded(self, wanted: frozenset[str]) -> Iterator[RecordedMessage]:
        with bag_errors(self.path):
            yield from self._read(wanted)


@contextmanager
def bag_errors(path: Path, hint: str = "") -> Iterator[None]:
    """Turn whatever a format library raises into a BagError that names `path`.

    hint: what to do about it, appended to the message.
    """
    try:
        yield
    except BagError as error:
        if str(path) in str(error):
            raise
        raise BagError(f"{path}: {error}") from error
    except Exception as error:
        # Damaged files surface as struct, index, memory, assertion and database errors alike.
        reason = str(error) or type(error).__name__
        raise BagError(
            f"{path}: cannot be read: {reason.rstrip('.')}{hint and '; ' + hint}"
        ) from error
