"""Spikes in address-event representation, the one type that everything shares."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import SpikeError

Shape = tuple[int, ...]
Addresses = npt.NDArray[np.uint32]
TimesNs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SpikeBatch:
    """Hold the spikes of one population over a stretch of time.

    shape: extents of the population, row-major; `(2, height, width)` for a DVS, polarity 1 = ON.
    address: uint32[n], flat index into `shape`.
    time_ns: int64[n], absolute time in the sensor's clock, non-decreasing.
    """

    shape: Shape
    address: Addresses
    time_ns: TimesNs

    @classmethod
    def empty(cls, shape: Shape) -> SpikeBatch:
        """Make a batch without spikes."""
        return cls(shape, np.empty(0, np.uint32), np.empty(0, np.int64))

    @classmethod
    def checked(cls, shape: Shape, address: npt.ArrayLike, time_ns: npt.ArrayLike) -> SpikeBatch:
        """Make a batch from untrusted arrays.

        Raises SpikeError if lengths differ, a value is no integer, an address is outside `shape` or
        time goes backwards.
        """
        addresses, times = np.asarray(address), np.asarray(time_ns)
        size = math.prod(shape)
        if addresses.ndim != 1 or addresses.shape != times.shape:
            raise SpikeError(
                f"address {addresses.shape} and time_ns {times.shape} must be 1-D and equally long"
            )
        if addresses.size and not (addresses.dtype.kind in "iu" and times.dtype.kind in "iu"):
            raise SpikeError(
                f"address {addresses.dtype} and time_ns {times.dtype} must hold integers"
            )
        outside = addresses[(addresses < 0) | (addresses >= min(size, 2**32))]
        if outside.size:
            raise SpikeError(f"address {outside[0]} is outside shape {shape} with {size} addresses")
        if np.any(times[1:] < times[:-1]):
            raise SpikeError("time_ns decreases; sort the spikes by time")
        return cls(
            shape, addresses.astype(np.uint32, copy=False), times.astype(np.int64, copy=False)
        )

    def __len__(self) -> int:
        return self.address.size

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SpikeBatch):
            return NotImplemented
        return (
            self.shape == other.shape
            and np.array_equal(self.address, other.address)
            and np.array_equal(self.time_ns, other.time_ns)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def size(self) -> int:
        """Number of addresses in `shape`."""
        return math.prod(self.shape)

    def between(self, start_ns: int, stop_ns: int) -> SpikeBatch:
        """Return the spikes with start_ns <= time < stop_ns, as views."""
        first, last = np.searchsorted(self.time_ns, (start_ns, stop_ns))
        return SpikeBatch(self.shape, self.address[first:last], self.time_ns[first:last])

    def windows(self, length_ns: int) -> Iterator[SpikeBatch]:
        """Yield consecutive pieces shorter than `length_ns`, as views; none without spikes.

        Raises SpikeError unless `length_ns` is positive.
        """
        if length_ns < 1:
            raise SpikeError(f"windows of {length_ns} ns are impossible; pass at least 1 ns")
        start = 0
        while start < len(self):
            stop = int(np.searchsorted(self.time_ns, self.time_ns[start] + length_ns))
            yield SpikeBatch(self.shape, self.address[start:stop], self.time_ns[start:stop])
            start = stop

    def counts(self) -> npt.NDArray[np.int64]:
        """Count the spikes of each address; shape `self.shape`."""
        return np.bincount(self.address, minlength=self.size).reshape(self.shape)


def merge(batches: Sequence[SpikeBatch]) -> SpikeBatch:
    """Merge batches of one shape by time; equal times keep the order of `batches`.

    Raises SpikeError if there is no batch or the shapes differ.
    """
    if not batches:
        raise SpikeError("nothing to merge: pass at least one batch")
    shapes = {batch.shape for batch in batches}
    if len(shapes) > 1:
        raise SpikeError(f"shapes {sorted(shapes)} differ; merge batches of one population")
    if len(batches) == 1:
        return batches[0]
    time_ns = np.concatenate([batch.time_ns for batch in batches])
    address = np.concatenate([batch.address for batch in batches])
    order = np.argsort(time_ns, kind="stable")
    return SpikeBatch(batches[0].shape, address[order], time_ns[order])
