"""The `mono` encoding of event_camera_msgs: a 64-bit word an event."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
from numba import int64, uint32, uint64

from neuromorphic_ros.encoding.event_camera.words import DecoderCounts, event_shape
from neuromorphic_ros.encoding.image import Bytes
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import Addresses, Shape, SpikeBatch, TimesNs

_WORD_BYTES = 8
_FIRST_NS = -(2**63)


def mono_words(events: SpikeBatch, time_base_ns: int) -> Bytes:
    """Return events of shape (2, height, width) as the content of one packet, for `MonoDecoder`.

    Raises SensorError if an event is not within 2^32 ns from `time_base_ns` on.
    """
    time_ns = events.time_ns - time_base_ns
    if len(events) and not (time_ns[0] >= 0 and time_ns[-1] < 2**32):
        raise SensorError(
            f"events from {events.time_ns[0]} to {events.time_ns[-1]} ns do not fit into a mono "
            f"packet that begins at {time_base_ns} ns; it holds 2^32 ns"
        )
    place = np.unravel_index(events.address, events.shape)
    polarity, y, x = (each.astype(np.uint64) for each in place)
    words = polarity << 63 | y << 48 | x << 32 | time_ns.astype(np.uint64)
    return words.astype("<u8").view(np.uint8)


class MonoDecoder:
    """Decode packets of 64-bit words: bit 63 polarity, 48 to 62 y, 32 to 47 x, 0 to 31 time [ns].

    Format: https://github.com/ros-event-camera/event_camera_msgs, README. The time counts from
    `time_base` of the packet.
    """

    def __init__(self, height: int, width: int) -> None:
        """Raise SensorError if no sensor has that size."""
        self._shape = event_shape(height, width)
        self._latest_ns = _FIRST_NS
        self._counts = DecoderCounts()

    @property
    def shape(self) -> Shape:
        """Extents of the population that the spikes address: (2, height, width)."""
        return self._shape

    @property
    def counts(self) -> DecoderCounts:
        """Counts since the last reset."""
        return self._counts

    def decode(self, data: Bytes, time_base_ns: int) -> SpikeBatch:
        """Decode one packet; time_base_ns: sensor time from which its words count.

        Returns spikes of shape (2, height, width), polarity 1 = ON, in the sensor's time.
        Raises SensorError, with nothing changed, if the packet is truncated or its time does not
        fit int64.
        """
        raw = np.frombuffer(data, np.uint8)
        if raw.size % _WORD_BYTES:
            raise SensorError(
                f"mono event packet has {raw.size} bytes, no multiple of {_WORD_BYTES}; it is"
                " truncated"
            )
        if not 0 <= time_base_ns < 2**63 - 2**32:
            raise SensorError(
                f"event packet has time_base {time_base_ns} ns; it must be below 2^63"
            )
        words = np.require(raw.view(np.uint64), requirements="A")
        address, time_ns = np.empty(words.size, np.uint32), np.empty(words.size, np.int64)
        _, height, width = self._shape
        events, late = _decode(
            words, height, width, time_base_ns, self._latest_ns, address, time_ns
        )
        if events:
            self._latest_ns = int(time_ns[events - 1])
        invalid = words.size - events
        self._counts = self._counts.plus(DecoderCounts(events, invalid, late))
        return SpikeBatch(self._shape, address[:events], time_ns[:events])

    def skip(self) -> None:
        """Do nothing for packets that are missing: each tells time and place of its events."""

    def reset(self) -> None:
        """Forget all packets, as after construction."""
        self._latest_ns = _FIRST_NS
        self._counts = DecoderCounts()


@numba.njit(
    numba.types.UniTuple(int64, 2)(
        numba.types.Array(uint64, 1, "C", readonly=True),
        int64,
        int64,
        int64,
        int64,
        uint32[::1],
        int64[::1],
    ),
    cache=True,
    nogil=True,
)
def _decode(
    words: npt.NDArray[np.uint64],
    height: int,
    width: int,
    base_ns: int,
    latest_ns: int,
    address: Addresses,
    time_ns: TimesNs,
) -> tuple[int, int]:
    """Write the valid events, return how many there are and how many were late."""
    events = late = 0
    for word in words:
        x, y = int64(word >> 32 & 0xFFFF), int64(word >> 48 & 0x7FFF)
        event_ns = base_ns + int64(word & 0xFFFFFFFF)
        is_valid = (x < width) & (y < height)
        late += is_valid & (event_ns < latest_ns)
        latest_ns = max(latest_ns, event_ns) if is_valid else latest_ns
        address[events] = uint32((int64(word >> 63) * height + y) * width + x)
        time_ns[events] = latest_ns
        events += is_valid
    return events, late
