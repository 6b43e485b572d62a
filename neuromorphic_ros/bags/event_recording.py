"""The events of one camera over time, whatever the file format behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.bags.recording import bag_errors
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.spikes import Shape, SpikeBatch

NS_PER_US = 1000


@dataclass(frozen=True)
class EventRecording:
    """Give the events of a recording in order, piece by piece; a context manager.

    shape: (2, height, width), polarity 1 = ON.
    """

    path: Path
    shape: Shape
    _read: Callable[[], Iterator[SpikeBatch]] = field(repr=False)
    _close: Callable[[], None] = field(repr=False, default=lambda: None)

    def __iter__(self) -> Iterator[SpikeBatch]:
        """Start anew with the first events.

        A damaged file yields what comes before the damage, then raises BagError.
        """
        with bag_errors(self.path):
            yield from self._read()

    def close(self) -> None:
        """Close the files."""
        with bag_errors(self.path):
            self._close()

    def __enter__(self) -> EventRecording:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def spikes_from_columns(
    shape: Shape,
    x: npt.NDArray[np.integer],
    y: npt.NDArray[np.integer],
    is_on: npt.NDArray[np.bool_],
    time_ns: npt.NDArray[np.int64],
) -> SpikeBatch:
    """Return events of columns of a file, x and y in pixels from the upper left.

    Raises BagError if an event is outside the shape or time decreases.
    """
    _, height, width = shape
    outside = (x < 0) | (x >= width) | (y < 0) | (y >= height)
    if np.any(outside):
        first = int(np.argmax(outside))
        raise BagError(
            f"event at ({x[first]}, {y[first]}) is outside the camera of {width}x{height} pixels;"
            " correct its size"
        )
    if np.any(time_ns[1:] < time_ns[:-1]):
        raise BagError("time decreases; sort the events by time")
    address = (is_on.astype(np.int64) * height + y.astype(np.int64)) * width + x.astype(np.int64)
    return SpikeBatch(shape, address.astype(np.uint32), time_ns)


def in_order(batches: Iterator[SpikeBatch]) -> Iterator[SpikeBatch]:
    """Yield batches that hold events; raises BagError if one begins before the end of another."""
    latest_ns = -(2**63)
    for batch in batches:
        if not len(batch):
            continue
        if batch.time_ns[0] < latest_ns:
            raise BagError(
                f"time decreases from {latest_ns} to {batch.time_ns[0]} ns; sort the events by time"
            )
        latest_ns = int(batch.time_ns[-1])
        yield batch


def nanoseconds(time_us: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Return times of a file in ns; raises BagError if they do not fit int64."""
    if time_us.size and not 0 <= int(time_us.min()) <= int(time_us.max()) < 2**63 // NS_PER_US:
        raise BagError(f"times {time_us.min()} to {time_us.max()} us make no sense")
    return time_us.astype(np.int64) * NS_PER_US
