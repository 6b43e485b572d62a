"""The hot-pixel filter: pixels that fire always, and alone."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
from numba import boolean, float64, int64, uint32

from neuromorphic_ros.encoding.event_camera.filter import (
    ADDRESSES,
    NEVER_NS,
    TIMES_NS,
    EventFilter,
    sensor_size,
)
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import Addresses, Shape, SpikeBatch, TimesNs

NS_PER_S = 1_000_000_000
WINDOW_NS = NS_PER_S
MIN_WINDOW_NS = 1_000_000
# A moving edge or a flickering lamp drives neighbours alike; a broken pixel has quiet ones.
CONTRAST = 10.0


class HotPixelFilter(EventFilter):
    """Block the events of pixels that were hot in the window before.

    A pixel is hot in a window if its rate is above a limit and above 10 times the mean rate of
    the 8 pixels around it (those inside the sensor). Windows begin at multiples of their length, so
    nothing is blocked in the first one; a pixel passes again after a window in which it was not
    hot.
    """

    def __init__(
        self,
        shape: Shape,
        max_rate_hz: float,
        window_ns: int = WINDOW_NS,
        contrast: float = CONTRAST,
    ) -> None:
        """Raise SensorError if the shape is no camera's or a parameter makes no sense."""
        if not (max_rate_hz > 0 and window_ns >= MIN_WINDOW_NS and contrast > 0):
            raise SensorError(
                f"hot-pixel limit of {max_rate_hz} Hz in windows of {window_ns} ns with contrast"
                f" {contrast}: all must be positive, windows at least {MIN_WINDOW_NS} ns"
            )
        super().__init__(shape, shape)
        self._max_count = max_rate_hz * window_ns / NS_PER_S
        self._window_ns = window_ns
        self._contrast = contrast
        size = sensor_size(shape)
        self._counts: npt.NDArray[np.int64] = np.zeros(size, np.int64)
        self._hot: npt.NDArray[np.bool_] = np.zeros(size, np.bool_)
        self._window = NEVER_NS

    @property
    def hot(self) -> npt.NDArray[np.bool_]:
        """The pixels that are blocked now, bool[height, width]; a copy."""
        return np.array(self._hot)

    def _pass(self, spikes: SpikeBatch, address: Addresses, time_ns: TimesNs) -> int:
        passed = start = 0
        while start < len(spikes):
            window = int(spikes.time_ns[start]) // self._window_ns
            if window != self._window:
                self._close_window(following=window == self._window + 1)
                self._window = window
            stop = int(np.searchsorted(spikes.time_ns, (window + 1) * self._window_ns))
            passed += _pass(
                spikes.address[start:stop],
                spikes.time_ns[start:stop],
                self._counts.reshape(-1),
                self._hot.reshape(-1),
                address[passed:],
                time_ns[passed:],
            )
            start = stop
        return passed

    def _forget(self) -> None:
        self._counts[:] = 0
        self._hot[:] = False
        self._window = NEVER_NS

    def _close_window(self, following: bool) -> None:
        if following:
            _find_hot(self._counts, self._max_count, self._contrast, self._hot)
        else:
            # In the window before, nothing fired.
            self._hot[:] = False
        self._counts[:] = 0


@numba.njit(
    int64(ADDRESSES, TIMES_NS, int64[::1], boolean[::1], uint32[::1], int64[::1]),
    cache=True,
    nogil=True,
)
def _pass(
    source: Addresses,
    source_ns: TimesNs,
    counts: npt.NDArray[np.int64],
    hot: npt.NDArray[np.bool_],
    address: Addresses,
    time_ns: TimesNs,
) -> int:
    passed = 0
    for event in range(source.size):
        pixel = source[event] % uint32(counts.size)
        counts[pixel] += 1
        address[passed] = source[event]
        time_ns[passed] = source_ns[event]
        passed += not hot[pixel]
    return passed


@numba.njit(numba.void(int64[:, ::1], float64, float64, boolean[:, ::1]), cache=True, nogil=True)
def _find_hot(
    counts: npt.NDArray[np.int64], max_count: float, contrast: float, hot: npt.NDArray[np.bool_]
) -> None:
    height, width = counts.shape
    for row in range(height):
        for column in range(width):
            count = counts[row, column]
            hot[row, column] = False
            if count > max_count:
                top, bottom = max(row - 1, 0), min(row + 2, height)
                left, right = max(column - 1, 0), min(column + 2, width)
                around = -count
                for near_row in range(top, bottom):
                    for near_column in range(left, right):
                        around += counts[near_row, near_column]
                neighbours = (bottom - top) * (right - left) - 1
                hot[row, column] = count * neighbours > contrast * around
