"""Words of each format, and decoders of them that follow the published formats to the letter."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.spikes import SpikeBatch

ADDR_Y, ADDR_X, VECT_BASE_X, VECT_12, VECT_8 = 0x0, 0x2, 0x3, 0x4, 0x5
TIME_LOW, TIME_HIGH, EXT_TRIGGER = 0x6, 0x8, 0xA
CD_OFF, CD_ON = 0x0, 0x1
HALF = {12: 1 << 11, 28: 1 << 27}


class Event(NamedTuple):
    """time_us: unwrapped, may go back."""

    x: int
    y: int
    polarity: int
    time_us: int


def evt3(*words: tuple[int, int]) -> bytes:
    """Return EVT 3.0 words of (type, content)."""
    return np.array([kind << 12 | content for kind, content in words], "<u2").tobytes()


def evt2(*words: tuple[int, int]) -> bytes:
    """Return EVT 2.0 words of (type, content)."""
    return np.array([kind << 28 | content for kind, content in words], "<u4").tobytes()


def cd(x: int, y: int, time_low_us: int = 0) -> int:
    """Return the content of an EVT 2.0 event."""
    return time_low_us << 22 | x << 11 | y


def mono(events: Sequence[Event]) -> bytes:
    """Return words of event_camera_msgs' `mono`; times are in ns here."""
    words = [e.polarity << 63 | e.y << 48 | e.x << 32 | e.time_us for e in events]
    return np.array(words, "<u8").tobytes()


def literal_evt3(data: bytes) -> list[Event]:
    """Decode EVT 3.0 one word at a time; the stream begins with time and row."""
    events = []
    high = low = y = base = polarity = 0
    for word in np.frombuffer(data[: len(data) // 2 * 2], "<u2").tolist():
        kind, content = word >> 12, word & 0xFFF
        if kind == ADDR_Y:
            y = content & 0x7FF
        elif kind == ADDR_X:
            events.append(Event(content & 0x7FF, y, content >> 11, high << 12 | low))
        elif kind == VECT_BASE_X:
            base, polarity = content & 0x7FF, content >> 11
        elif kind in (VECT_12, VECT_8):
            size = 12 if kind == VECT_12 else 8
            for place in range(size):
                if content >> place & 1:
                    events.append(Event(base + place, y, polarity, high << 12 | low))
            base += size
        elif kind == TIME_LOW:
            low = content
        elif kind == TIME_HIGH and content != high & 0xFFF:
            high, low = _continued(high, content, 12), 0
    return events


def literal_evt2(data: bytes) -> list[Event]:
    """Decode EVT 2.0 one word at a time; the stream begins with time."""
    events = []
    high = 0
    for word in np.frombuffer(data[: len(data) // 4 * 4], "<u4").tolist():
        kind = word >> 28
        if kind in (CD_OFF, CD_ON):
            time_us = high << 6 | word >> 22 & 0x3F
            events.append(Event(word >> 11 & 0x7FF, word & 0x7FF, kind, time_us))
        elif kind == TIME_HIGH:
            high = _continued(high, word & 0xFFFFFFF, 28)
    return events


def _continued(previous: int, bits: int, width: int) -> int:
    wraps, last = divmod(previous, 1 << width)
    if last - bits >= HALF[width]:
        wraps += 1
    return (wraps << width) + bits


def inside(events: list[Event], height: int, width: int) -> list[Event]:
    return [event for event in events if event.x < width and event.y < height]


def events_of(batch: SpikeBatch) -> list[Event]:
    polarity, y, x = np.unravel_index(batch.address, batch.shape)
    columns = (x, y, polarity, batch.time_ns // 1000)
    return [Event(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def held(events: list[Event]) -> list[Event]:
    """Replace times that go back by the latest before them."""
    latest = itertools.accumulate((e.time_us for e in events), max)
    return [e._replace(time_us=time_us) for e, time_us in zip(events, latest, strict=True)]


def late(events: list[Event]) -> int:
    """Count the events whose time `held` replaces."""
    return sum(e != h for e, h in zip(events, held(events), strict=True))


def body(path: Path) -> bytes:
    """Return a RAW file without its header."""
    data = path.read_bytes()
    start = 0
    while data[start : start + 2] == b"% ":
        start = data.index(b"\n", start) + 1
    return data[start:]


def assert_equals(batch: SpikeBatch, x: npt.ArrayLike, y: npt.ArrayLike, p: npt.ArrayLike) -> None:
    polarity, rows, columns = np.unravel_index(batch.address, batch.shape)
    np.testing.assert_array_equal(columns, x)
    np.testing.assert_array_equal(rows, y)
    np.testing.assert_array_equal(polarity, p)
