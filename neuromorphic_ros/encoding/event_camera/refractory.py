"""A refractory period of each pixel, which thins bursts."""

from __future__ import annotations

import math

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


class RefractoryFilter(EventFilter):
    """Pass an event of a pixel if the last one that passed there is at least a period ago.

    Both polarities share the period, as they do in the pixel itself.
    """

    def __init__(self, shape: Shape, period_ns: int) -> None:
        """Raise SensorError if the shape is no camera's or the period is not positive."""
        if period_ns <= 0:
            raise SensorError(f"refractory period of {period_ns} ns must be positive")
        super().__init__(shape, shape)
        self._period_ns = period_ns
        self._passed_ns: TimesNs = np.full(math.prod(sensor_size(shape)), NEVER_NS)

    def _pass(self, spikes: SpikeBatch, address: Addresses, time_ns: TimesNs) -> int:
        return _pass(
            spikes.address, spikes.time_ns, self._period_ns, self._passed_ns, address, time_ns
        )

    def _forget(self) -> None:
        self._passed_ns[:] = NEVER_NS


@numba.njit(
    int64(ADDRESSES, TIMES_NS, int64, int64[::1], uint32[::1], int64[::1]), cache=True, nogil=True
)
def _pass(
    source: Addresses,
    source_ns: TimesNs,
    period_ns: int,
    passed_ns: TimesNs,
    address: Addresses,
    time_ns: TimesNs,
) -> int:
    passed = 0
    for event in range(source.size):
        now_ns = source_ns[event]
        pixel = source[event] % uint32(passed_ns.size)
        passes = now_ns - passed_ns[pixel] >= period_ns
        passed_ns[pixel] = now_ns if passes else passed_ns[pixel]
        address[passed] = source[event]
        time_ns[passed] = now_ns
        passed += passes
    return passed
