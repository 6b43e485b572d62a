"""A picture seen by a sensor that looks along a triangle, as N-MNIST was recorded."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.encoding.dvs import Dvs, DvsParameters
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import SpikeBatch

Pictures = npt.NDArray[np.float32]
Affine = npt.NDArray[np.float64]

DARK_DN, BRIGHT_DN = 40.0, 240.0
# Down to the right, up to the right, back to the left: the corners of the way.
CORNERS = np.array([(0.0, 0.0), (0.5, 1.0), (1.0, 0.0), (0.0, 0.0)])


@dataclass(frozen=True, config=STRICT)
class Saccades:
    """How a sensor looks at a picture.

    Three saccades along an isosceles triangle with a pause between, after Orchard et al.,
    Frontiers in Neuroscience 9:437 (2015).
    """

    size: Annotated[int, Field(ge=4, le=1024, description="Width and height [pixels]")] = 20
    zoom: Annotated[
        float, Field(gt=0, le=100, description="Pixels of the sensor per pixel of the picture")
    ] = 2.0
    amplitude: Annotated[
        float, Field(gt=0, le=100, description="Length of the way across [pixels]")
    ] = 3.0
    saccade_ms: Annotated[float, Field(gt=0, le=10_000, description="Time of a saccade [ms]")] = 50
    frames: Annotated[int, Field(ge=1, le=1000, description="Frames of a saccade")] = 10

    @property
    def duration_ns(self) -> int:
        """Time of all three [ns]."""
        return round(3 * self.saccade_ms * 1e6)


def saccade_events(
    pictures: Pictures,
    saccades: Saccades,
    dvs: DvsParameters,
    seed: int,
    moved: Affine | None = None,
) -> list[SpikeBatch]:
    """Return the events of each picture, of shape (2, size, size), from 0 to `duration_ns`.

    pictures: float32[n, height, width], 0 dark to 1 bright; the outside is dark. moved: float64[n,
    2, 3], what turns or shifts each picture about its middle, in its pixels; none: nothing.
    seed: of the mismatch and noise of pixels; each picture has pixels of its own.
    Raises SensorError if pictures are no such array.
    """
    if pictures.ndim != 3 or not np.all(np.isfinite(pictures)):
        raise SensorError(f"pictures are {pictures.shape}; give finite (n, height, width)")
    count, size = len(pictures), saccades.size
    if not count:
        return []
    steps = np.linspace(0.0, 3.0, 3 * saccades.frames + 1)
    way = np.stack([np.interp(steps, range(4), CORNERS[:, axis]) for axis in (0, 1)], axis=1)
    way = (way - (0.5, 0.5)) * saccades.amplitude
    places = _places(pictures.shape, saccades, moved)
    sensor = Dvs(dvs, count * size, size, seed)
    columns: list[SpikeBatch] = []
    for number, (right, down) in enumerate(way):
        frame = np.empty((count, size, size), np.float32)
        for picture, place, out in zip(pictures, places, frame, strict=True):
            shifted = place + np.array([[0.0, 0.0, right], [0.0, 0.0, down]])
            out[:] = cv2.warpAffine(picture, shifted, (size, size))
        grey = DARK_DN + (BRIGHT_DN - DARK_DN) * np.clip(frame, 0.0, 1.0)
        stamp_ns = number * saccades.duration_ns // (3 * saccades.frames)
        stacked = np.rint(grey).astype(np.uint8).reshape(count * size, size)
        columns.append(sensor.encode(stacked, stamp_ns))
    return _by_picture(columns, count, size)


def _places(shape: tuple[int, ...], saccades: Saccades, moved: Affine | None) -> Affine:
    """Return what takes each picture to the middle of the sensor, float64[n, 2, 3]."""
    count, height, width = shape
    if moved is None:
        moved = np.tile(np.eye(2, 3), (count, 1, 1))
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    turn, shift = moved[:, :, :2], moved[:, :, 2]
    offset = (shift - turn @ middle) * saccades.zoom + (saccades.size - 1) / 2
    return np.concatenate([turn * saccades.zoom, offset[:, :, None]], axis=2)


def _by_picture(columns: list[SpikeBatch], count: int, size: int) -> list[SpikeBatch]:
    address = np.concatenate([each.address for each in columns]).astype(np.int64)
    time_ns = np.concatenate([each.time_ns for each in columns])
    polarity, rest = np.divmod(address, count * size * size)
    picture, pixel = np.divmod(rest, size * size)
    order = np.argsort(picture, kind="stable")
    bounds = np.searchsorted(picture[order], np.arange(count + 1))
    mine = (polarity * size * size + pixel)[order].astype(np.uint32)
    return [
        SpikeBatch((2, size, size), mine[low:high], time_ns[order[low:high]])
        for low, high in pairwise(bounds)
    ]
