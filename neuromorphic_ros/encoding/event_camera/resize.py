"""Fewer pixels: a part of the sensor, and cells of several pixels as one."""

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
from neuromorphic_ros.encoding.region import Region
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import Addresses, Shape, SpikeBatch, TimesNs

_OUTSIDE = np.uint32(2**32 - 1)


class Regroup(EventFilter):
    """Map the events of pixels to cells of them; it keeps no state.

    Every event of a cell passes: binning or a refractory filter behind it thins what cells add up.
    """

    def __init__(self, shape: Shape, height: int, width: int, cells: npt.NDArray[np.int64]) -> None:
        """Map to (2, height, width).

        cells: flat index of the cell of each pixel of the sensor, int64[height, width]; -1: none.
        """
        super().__init__(shape, (2, height, width))
        target = np.arange(2)[:, None, None] * (height * width) + cells
        self._target = np.where(cells < 0, _OUTSIDE, target).astype(np.uint32).reshape(-1)

    def _pass(self, spikes: SpikeBatch, address: Addresses, time_ns: TimesNs) -> int:
        return _map(spikes.address, spikes.time_ns, self._target, address, time_ns)

    def _forget(self) -> None:
        pass


class Resize(Regroup):
    """Map the events of a region of the sensor to fewer pixels.

    Pixel (x, y) of the region becomes (x * new_width // width, y * new_height // height).
    """

    def __init__(self, shape: Shape, height: int, width: int, region: Region | None = None) -> None:
        """Map to (2, height, width) from `region`, the whole sensor if None.

        Raises SensorError if the region is not inside the sensor or has fewer pixels than asked.
        """
        sensor_height, sensor_width = sensor_size(shape)
        part = region or Region(0, 0, sensor_width, sensor_height)
        if not (
            0 <= part.x < part.x + part.width <= sensor_width
            and 0 <= part.y < part.y + part.height <= sensor_height
        ):
            raise SensorError(
                f"region of {part.width}x{part.height} pixels at ({part.x}, {part.y}) is not inside"
                f" the sensor of {sensor_width}x{sensor_height}"
            )
        if not (1 <= height <= part.height and 1 <= width <= part.width):
            raise SensorError(
                f"events of {part.width}x{part.height} pixels cannot be resized to"
                f" {width}x{height}; ask for 1x1 up to the same size"
            )
        columns = np.arange(part.width) * width // part.width
        rows = np.arange(part.height) * height // part.height
        cells = np.full((sensor_height, sensor_width), -1)
        cells[part.y : part.y + part.height, part.x : part.x + part.width] = (
            rows[:, None] * width + columns
        )
        super().__init__(shape, height, width, cells)


@numba.njit(int64(ADDRESSES, TIMES_NS, ADDRESSES, uint32[::1], int64[::1]), cache=True, nogil=True)
def _map(
    source: Addresses,
    source_ns: TimesNs,
    target: Addresses,
    address: Addresses,
    time_ns: TimesNs,
) -> int:
    passed = 0
    for event in range(source.size):
        mapped = target[source[event]]
        address[passed] = mapped
        time_ns[passed] = source_ns[event]
        passed += mapped != _OUTSIDE
    return passed
