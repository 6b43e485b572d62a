"""The background-activity filter: noise fires alone, edges fire with their neighbours."""

from __future__ import annotations

import numba
import numpy as np
from numba import int64, uint32

from neuromorphic_ros.encoding.event_camera.filter import (
    ADDRESSES,
    NEVER_NS,
    TIMES_NS,
    EventFilter,
    sensor_size,
)
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import Addresses, Shape, SpikeBatch, TimesNs


class BackgroundActivityFilter(EventFilter):
    """Pass an event if one of the 8 pixels around fired within a window before it.

    Neither the pixel's own events nor polarity count (Delbruck, Frame-free dynamic digital vision,
    2008). Events that do not pass support their neighbours too.
    """

    def __init__(self, shape: Shape, window_ns: int) -> None:
        """Raise SensorError if the shape is no camera's or the window is not positive."""
        if window_ns <= 0:
            raise SensorError(f"background-activity window of {window_ns} ns must be positive")
        super().__init__(shape, shape)
        self._window_ns = window_ns
        height, width = sensor_size(shape)
        # A frame of pixels that never fire spares every event the question whether it has one.
        self._fired_ns: TimesNs = np.full((height + 2, width + 2), NEVER_NS)

    def _pass(self, spikes: SpikeBatch, address: Addresses, time_ns: TimesNs) -> int:
        return _pass(
            spikes.address, spikes.time_ns, self._window_ns, self._fired_ns, address, time_ns
        )

    def _forget(self) -> None:
        self._fired_ns[:] = NEVER_NS


@numba.njit(
    int64(ADDRESSES, TIMES_NS, int64, int64[:, ::1], uint32[::1], int64[::1]),
    cache=True,
    nogil=True,
)
def _pass(
    source: Addresses,
    source_ns: TimesNs,
    window_ns: int,
    fired_ns: TimesNs,
    address: Addresses,
    time_ns: TimesNs,
) -> int:
    height, width = uint32(fired_ns.shape[0] - 2), uint32(fired_ns.shape[1] - 2)
    passed = 0
    for event in range(source.size):
        now_ns = source_ns[event]
        pixel = source[event] % (height * width)
        row = int64(pixel // width)
        column = int64(pixel % width)
        around_ns = max(
            max(fired_ns[row, column], fired_ns[row, column + 1], fired_ns[row, column + 2]),
            max(fired_ns[row + 1, column], fired_ns[row + 1, column + 2]),
            max(
                fired_ns[row + 2, column],
                fired_ns[row + 2, column + 1],
                fired_ns[row + 2, column + 2],
            ),
        )
        fired_ns[row + 1, column + 1] = now_ns
        address[passed] = source[event]
        time_ns[passed] = now_ns
        passed += now_ns - around_ns <= window_ns
    return passed
