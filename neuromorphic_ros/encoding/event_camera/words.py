"""What event cameras send: words whose meaning hangs on those before, in pieces cut anywhere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.encoding.image import Bytes
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import Addresses, Shape, SpikeBatch, TimesNs

NS_PER_US = 1000

Words = npt.NDArray[Any]
State = npt.NDArray[np.void]


class DecoderCounts(NamedTuple):
    """Count what a decoder met.

    events: those it gave. invalid: events outside the sensor, or before the stream told time and
    row. late: those among `events` that the stream dates before an earlier one; they got the time
    of that one, so that time never decreases. triggers: edges of external signals.
    """

    events: int = 0
    invalid: int = 0
    late: int = 0
    triggers: int = 0

    def plus(self, other: DecoderCounts) -> DecoderCounts:
        """Add field by field."""
        return DecoderCounts(*(one + two for one, two in zip(self, other, strict=True)))

    def minus(self, other: DecoderCounts) -> DecoderCounts:
        """Subtract field by field."""
        return DecoderCounts(*(one - two for one, two in zip(self, other, strict=True)))


def event_shape(height: int, width: int) -> Shape:
    """Return (2, height, width); raises SensorError if no sensor has that size."""
    if not (height > 0 and width > 0 and 2 * height * width <= 2**32):
        raise SensorError(
            f"event camera of {width}x{height} pixels is impossible; both must be positive and"
            " their product at most 2^31"
        )
    return 2, height, width


def state_dtype(*fields: str) -> np.dtype[np.void]:
    """Return the type of a record of int64: `fields` and what every decoder counts."""
    return np.dtype([(name, np.int64) for name in (*fields, "invalid", "late", "triggers")])


class WordDecoder(ABC):
    """Decode a stream of little-endian words into spikes in the sensor's own time."""

    WORD: ClassVar[npt.DTypeLike]
    # By `state_dtype`: what the words so far say of the next ones.
    STATE: ClassVar[np.dtype[np.void]]

    def __init__(self, height: int, width: int) -> None:
        """Raise SensorError if no sensor has that size."""
        self._shape = event_shape(height, width)
        self._rest = np.empty(0, np.uint8)
        self._state: State = np.zeros(1, self.STATE)
        self._events = 0

    @property
    def shape(self) -> Shape:
        """Extents of the population that the spikes address: (2, height, width)."""
        return self._shape

    @property
    def counts(self) -> DecoderCounts:
        """Counts since the last reset."""
        state = self._state[0]
        return DecoderCounts(
            self._events, int(state["invalid"]), int(state["late"]), int(state["triggers"])
        )

    def decode(self, data: Bytes) -> SpikeBatch:
        """Decode the next piece of the stream.

        Returns spikes of shape (2, height, width), polarity 1 = ON, time_ns since the sensor
        started. Bytes of a word that is not complete wait for the next piece.
        """
        raw = np.frombuffer(data, np.uint8)
        if self._rest.size:
            raw = np.concatenate((self._rest, raw))
        whole = raw.size - raw.size % np.dtype(self.WORD).itemsize
        self._rest = raw[whole:].copy()
        # Messages begin anywhere in memory, compiled code reads whole words only.
        words = np.require(raw[:whole].view(self.WORD), requirements="A")
        address, time_ns = self._decode_words(words, self._state)
        self._events += address.size
        return SpikeBatch(self._shape, address, time_ns)

    def skip(self) -> None:
        """Prepare for a part of the stream that is missing: wait for the next time and row."""
        self._rest = np.empty(0, np.uint8)
        self._lose_place(self._state)

    def reset(self) -> None:
        """Forget the stream, as after construction."""
        self._rest = np.empty(0, np.uint8)
        self._state = np.zeros(1, self.STATE)
        self._events = 0

    @abstractmethod
    def _decode_words(self, words: Words, state: State) -> tuple[Addresses, TimesNs]:
        """Return the events of `words` and bring `state` up to date."""

    @abstractmethod
    def _lose_place(self, state: State) -> None:
        """Let no event pass before its time and place are known again."""
