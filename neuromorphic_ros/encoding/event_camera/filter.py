"""What all filters of events have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numba
import numpy as np
from numba import int64, uint32

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import Addresses, Shape, SpikeBatch, TimesNs

# Long before any event, yet far from where differences of times overflow.
NEVER_NS = -(2**62)

ADDRESSES = numba.types.Array(uint32, 1, "C", readonly=True)
TIMES_NS = numba.types.Array(int64, 1, "C", readonly=True)


class EventFilter(ABC):
    """Pass some of the spikes of an event camera; filters compose by calling one after another.

    What comes out does not depend on how a stream is cut into batches. A batch that begins before
    the end of the one before begins a new stream.
    """

    def __init__(self, source: Shape, shape: Shape) -> None:
        """Take spikes of shape `source`, pass spikes of `shape`."""
        self._source = source
        self._shape = shape
        self._latest_ns = NEVER_NS

    @property
    def shape(self) -> Shape:
        """Extents of the population that the passed spikes address."""
        return self._shape

    def __call__(self, spikes: SpikeBatch) -> SpikeBatch:
        """Return those spikes of the next batch that pass; raises SensorError for another shape."""
        if spikes.shape != self._source:
            raise SensorError(
                f"filter for events of shape {self._source} got {spikes.shape}; make one for that"
                " camera"
            )
        if not len(spikes):
            return SpikeBatch.empty(self._shape)
        if spikes.time_ns[0] < self._latest_ns:
            self.reset()
        self._latest_ns = int(spikes.time_ns[-1])
        # Compiled code takes whole arrays only, spikes may be every second item of something.
        whole = SpikeBatch(
            spikes.shape,
            np.require(spikes.address, requirements=["C", "A"]),
            np.require(spikes.time_ns, requirements=["C", "A"]),
        )
        address, time_ns = np.empty_like(whole.address), np.empty_like(whole.time_ns)
        passed = self._pass(whole, address, time_ns)
        return SpikeBatch(self._shape, address[:passed], time_ns[:passed])

    def reset(self) -> None:
        """Forget all spikes, as after construction."""
        self._latest_ns = NEVER_NS
        self._forget()

    @abstractmethod
    def _pass(self, spikes: SpikeBatch, address: Addresses, time_ns: TimesNs) -> int:
        """Write the spikes that pass into arrays of the length of `spikes`; return their number."""

    @abstractmethod
    def _forget(self) -> None:
        """Bring the state back to what it was after construction."""


def sensor_size(shape: Shape) -> tuple[int, int]:
    """Return height and width of (2, height, width); raises SensorError for any other shape."""
    if len(shape) != 3 or shape[0] != 2 or min(shape) < 1 or np.prod(shape, dtype=float) > 2**32:
        raise SensorError(f"shape {shape} is not that of an event camera: (2, height, width)")
    return shape[1], shape[2]
