"""EVT 2.0, the format of Prophesee's Gen3 sensors: a 32-bit word an event."""

from __future__ import annotations

import numba
import numpy as np
from numba import int64, uint32

from neuromorphic_ros.encoding.event_camera.words import (
    NS_PER_US,
    State,
    WordDecoder,
    Words,
    state_dtype,
)
from neuromorphic_ros.spikes import Addresses, TimesNs

# The upper four bits of a word. What is not here (OTHERS, CONTINUED and reserved types) carries no
# events.
_CD_ON = 0x1
_TIME_HIGH = 0x8
_EXT_TRIGGER = 0xA

_TIME_LOW_BITS = 6

# timed: 1 once time is known. latest_us: time of the last event.
_STATE = state_dtype("time_high", "latest_us", "timed")


class Evt2Decoder(WordDecoder):
    """Decode EVT 2.0.

    Format: https://docs.prophesee.ai/stable/data/encoding_formats/evt2.html. Sensors have up to
    2048x2048 pixels; the clock of 34 bits [us] wraps every 4.8 h and is continued here.
    """

    WORD = np.uint32
    STATE = _STATE

    def _decode_words(self, words: Words, state: State) -> tuple[Addresses, TimesNs]:
        _, height, width = self.shape
        address, time_ns = np.empty(words.size, np.uint32), np.empty(words.size, np.int64)
        events = _decode(words, height, width, state, address, time_ns)
        return address[:events], time_ns[:events]

    def _lose_place(self, state: State) -> None:
        state["timed"] = 0


@numba.njit(
    int64(
        numba.types.Array(uint32, 1, "C", readonly=True),
        int64,
        int64,
        numba.from_dtype(_STATE)[::1],
        uint32[::1],
        int64[::1],
    ),
    cache=True,
    nogil=True,
)
def _decode(
    words: Words, height: int, width: int, state: State, address: Addresses, time_ns: TimesNs
) -> int:
    """Write the events of `words`, return their number; address and time_ns are as long."""
    now = state[0]
    time_high, latest_us = now.time_high, now.latest_us
    columns = width if now.timed else 0
    events = late = invalid = 0
    for word in words:
        kind = word >> 28
        if kind <= _CD_ON:
            x, y = int64(word >> 11 & 0x7FF), int64(word & 0x7FF)
            time_us = time_high << _TIME_LOW_BITS | int64(word >> 22 & 0x3F)
            is_valid = (x < columns) & (y < height)
            late += is_valid & (time_us < latest_us)
            latest_us = max(latest_us, time_us) if is_valid else latest_us
            address[events] = uint32((int64(kind) * height + y) * width + x)
            time_ns[events] = latest_us * NS_PER_US
            events += is_valid
            invalid += not is_valid
        elif kind == _TIME_HIGH:
            step = int64(word & 0xFFFFFFF) - (time_high & 0xFFFFFFF)
            # A fall by half of the range is a wrap, less is disorder.
            time_high += step + (step <= -0x8000000) * 0x10000000
            now.timed = 1
            columns = width
        elif kind == _EXT_TRIGGER:
            now.triggers += 1
    now.time_high, now.latest_us = time_high, latest_us
    now.late += late
    now.invalid += invalid
    return events
