"""Cells of several pixels as one pixel, which fires when their changes add up."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
from numba import int64, uint32

from neuromorphic_ros.encoding.event_camera.filter import (
    ADDRESSES,
    TIMES_NS,
    EventFilter,
    sensor_size,
)
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import Addresses, Shape, SpikeBatch, TimesNs


class Binning(EventFilter):
    """Pass an event when the ON less the OFF events of its cell have added up to its threshold.

    It follows a `Resize`, which makes one address of all pixels of a cell. With the number of those
    pixels as threshold, a cell fires as one pixel would that sees their mean log intensity: what
    moves gives as many events as in front of a camera of fewer pixels, and noise cancels. That is
    the event count of Gruel et al., "Event Data Downscaling for Embedded Computer Vision", VISAPP
    2022, with its memory in log intensity.
    """

    def __init__(self, shape: Shape, threshold: npt.NDArray[np.int64]) -> None:
        """threshold: events of each cell that make one, int64[height, width].

        Raises SensorError if it has another shape or one is below 1.
        """
        super().__init__(shape, shape)
        if threshold.shape != sensor_size(shape) or threshold.min() < 1:
            raise SensorError(
                f"thresholds of cells must be {sensor_size(shape)} numbers from 1 on, not"
                f" {threshold.shape} from {threshold.min(initial=1)} on"
            )
        self._threshold = np.ascontiguousarray(threshold, np.int64).reshape(-1)
        self._sum = np.zeros_like(self._threshold)

    def _pass(self, spikes: SpikeBatch, address: Addresses, time_ns: TimesNs) -> int:
        return _pass(spikes.address, spikes.time_ns, self._threshold, self._sum, address, time_ns)

    def _forget(self) -> None:
        self._sum[:] = 0


def pixels_per_cell(pixels: int, cells: int) -> npt.NDArray[np.int64]:
    """Return how many of `pixels` `Resize` maps to each of `cells` along one axis, int64[cells]."""
    return np.bincount(np.arange(pixels) * cells // pixels, minlength=cells)


@numba.njit(
    int64(ADDRESSES, TIMES_NS, int64[::1], int64[::1], uint32[::1], int64[::1]),
    cache=True,
    nogil=True,
)
def _pass(
    source: Addresses,
    source_ns: TimesNs,
    threshold: npt.NDArray[np.int64],
    sums: npt.NDArray[np.int64],
    address: Addresses,
    time_ns: TimesNs,
) -> int:
    passed = 0
    size = uint32(sums.size)
    for event in range(source.size):
        is_on = source[event] >= size
        cell = source[event] - size if is_on else source[event]
        sign = 1 if is_on else -1
        total = sums[cell] + sign
        fires = sign * total >= threshold[cell]
        sums[cell] = total - sign * threshold[cell] if fires else total
        address[passed] = source[event]
        time_ns[passed] = source_ns[event]
        passed += fires
    return passed
