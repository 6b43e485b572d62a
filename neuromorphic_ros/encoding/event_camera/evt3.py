"""EVT 3.0, the format of Prophesee's Gen3.1 to IMX636 sensors: 16-bit words that tell changes."""

from __future__ import annotations

import numba
import numpy as np
from numba import int64, uint16, uint32

from neuromorphic_ros.encoding.event_camera.words import (
    NS_PER_US,
    State,
    WordDecoder,
    Words,
    state_dtype,
)
from neuromorphic_ros.spikes import Addresses, TimesNs

# The upper four bits of a word. What is not here (OTHERS, CONTINUED_4, CONTINUED_12 and reserved
# types) carries no events.
_ADDR_Y = 0x0
_ADDR_X = 0x2
_VECT_BASE_X = 0x3
_VECT_12 = 0x4
_VECT_8 = 0x5
_TIME_LOW = 0x6
_TIME_HIGH = 0x8
_EXT_TRIGGER = 0xA

_TIME_BITS = 12

# timed: 1 once time is known. row: y * width. row_columns: width, 0 while the row is unknown or
# outside the sensor. base: x of the next vector. latest_ns: time of the last event.
_STATE = state_dtype("time_us", "latest_ns", "timed", "row", "row_columns", "base", "polarity")


class Evt3Decoder(WordDecoder):
    """Decode EVT 3.0.

    Format: https://docs.prophesee.ai/stable/data/encoding_formats/evt3.html. Sensors have up to
    2048x2048 pixels; the clock of 24 bits [us] wraps every 16.8 s and is continued here.
    """

    WORD = np.uint16
    STATE = _STATE

    def _decode_words(self, words: Words, state: State) -> tuple[Addresses, TimesNs]:
        _, height, width = self.shape
        # One more: the kernel writes ahead of the last event.
        room = _most_events(words) + 1
        address, time_ns = np.empty(room, np.uint32), np.empty(room, np.int64)
        events = _decode(words, height, width, state, address, time_ns)
        return address[:events], time_ns[:events]

    def _lose_place(self, state: State) -> None:
        state["timed"] = state["row_columns"] = 0


_READ_ONLY = numba.types.Array(uint16, 1, "C", readonly=True)


@numba.njit(int64(_READ_ONLY), cache=True, nogil=True)
def _most_events(words: Words) -> int:
    most = 0
    for word in words:
        kind = word >> 12
        most += (kind == _ADDR_X) + 12 * (kind == _VECT_12) + 8 * (kind == _VECT_8)
    return most


@numba.njit(
    int64(_READ_ONLY, int64, int64, numba.from_dtype(_STATE)[::1], uint32[::1], int64[::1]),
    cache=True,
    nogil=True,
)
def _decode(
    words: Words, height: int, width: int, state: State, address: Addresses, time_ns: TimesNs
) -> int:
    """Write the events of `words`, return their number; address and time_ns have one to spare."""
    now = state[0]
    time_us, latest_ns, timed = now.time_us, now.latest_ns, now.timed
    row_columns, row, base = now.row_columns, now.row, now.base
    polarity_offset = now.polarity * height * width
    columns = row_columns if timed else 0
    events = late = dated = invalid = 0
    event_ns = max(latest_ns, time_us * NS_PER_US)
    for word in words:
        kind = word >> 12
        low = int64(word & 0x7FF)
        if kind <= _ADDR_X:
            # Rows and columns take turns too irregularly to be predicted, so do both, unbranched.
            is_event = kind == _ADDR_X
            is_valid = low < columns
            address[events] = uint32(int64(word >> 11 & 1) * height * width + row + low)
            time_ns[events] = event_ns
            events += is_event & is_valid
            invalid += is_event & (not is_valid)
            if kind == _ADDR_Y:
                row = low * width
                row_columns = width if low < height else 0
                columns = row_columns if timed else 0
        elif kind == _TIME_LOW or (
            kind == _TIME_HIGH and (not timed or word & 0xFFF != time_us >> _TIME_BITS & 0xFFF)
        ):
            # Most words of the high bits repeat them, and go no further than this condition.
            late += (events - dated) * (time_us * NS_PER_US < event_ns)
            latest_ns = event_ns if events > dated else latest_ns
            dated = events
            bits = int64(word & 0xFFF)
            if kind == _TIME_LOW:
                time_us = time_us >> _TIME_BITS << _TIME_BITS | bits
            else:
                high = time_us >> _TIME_BITS
                step = bits - (high & 0xFFF)
                # A fall by half of the range is a wrap, less is disorder.
                high += step + (step <= -0x800) * 0x1000
                # The low bits of the previous count do not belong to this one.
                time_us = high << _TIME_BITS
                timed = 1
                columns = row_columns
            event_ns = max(latest_ns, time_us * NS_PER_US)
        elif kind in (_VECT_12, _VECT_8):
            size = 12 if kind == _VECT_12 else 8
            bits = int64(word) & ((1 << size) - 1)
            first = uint32(polarity_offset + row + base)
            for place in range(size):
                is_event = bits >> place & 1
                is_valid = base + place < columns
                address[events] = first + uint32(place)
                time_ns[events] = event_ns
                events += is_event & is_valid
                invalid += is_event & (not is_valid)
            base += size
        elif kind == _VECT_BASE_X:
            base = low
            now.polarity = word >> 11 & 1
            polarity_offset = now.polarity * height * width
        elif kind == _EXT_TRIGGER:
            now.triggers += 1
    now.late += late + (events - dated) * (time_us * NS_PER_US < event_ns)
    latest_ns = event_ns if events > dated else latest_ns
    now.invalid += invalid
    now.time_us, now.latest_ns, now.timed = time_us, latest_ns, timed
    now.row_columns, now.row, now.base = row_columns, row, base
    return events
