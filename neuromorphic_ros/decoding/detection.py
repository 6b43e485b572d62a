"""Spikes of a retinotopic layer to boxes around what is active."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.dataclasses import dataclass
from scipy import ndimage

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import SpikeBatch, merge

TOUCHING = np.ones((3, 3), bool)


class Box(NamedTuple):
    """A detection in shares of the image: 0 is its left or top edge, 1 its right or bottom one."""

    class_name: str
    score: float
    center_x: float
    center_y: float
    size_x: float
    size_y: float


class Detections(NamedTuple):
    """All boxes of the window that ends at `stamp_ns`, highest score first."""

    stamp_ns: int
    boxes: tuple[Box, ...]


@dataclass(frozen=True, config=STRICT)
class BlobDetection:
    """Find groups of touching cells that fired often enough in a window."""

    window_ms: Annotated[
        float, Field(ge=1, le=10_000, description="Time over which spikes are counted [ms]")
    ] = 100.0
    min_spikes: Annotated[
        int, Field(ge=1, le=100_000, description="Spikes of a cell that make it active")
    ] = 2
    min_cells: Annotated[
        int, Field(ge=1, le=100_000, description="Touching active cells that make a detection")
    ] = 2
    class_name: Annotated[str, Field(description="Name given to the detections")] = "motion"


class BlobDetector:
    """Detect in consecutive windows of the network's time, aligned to multiples of window_ms."""

    def __init__(self, parameters: BlobDetection) -> None:
        """Start with an empty window."""
        self.parameters = parameters
        self.reset()

    def reset(self) -> None:
        """Forget the spikes of the present window."""
        self._pending: SpikeBatch | None = None

    def decode(self, spikes: SpikeBatch, start_ns: int, stop_ns: int) -> list[Detections]:
        """Return the detections of every window that ends in (start_ns, stop_ns].

        Raises NetworkError unless the population is (channels, height, width) or (height, width).
        """
        if len(spikes.shape) not in (2, 3):
            raise NetworkError(f"detections need a (height, width) population, not {spikes.shape}")
        pending = spikes if self._pending is None else merge([self._pending, spikes])
        window_ns = round(self.parameters.window_ms * 1e6)
        found = []
        for end_ns in range((start_ns // window_ns + 1) * window_ns, stop_ns + 1, window_ns):
            window = pending.between(end_ns - window_ns, end_ns)
            found.append(Detections(end_ns, blobs(self.parameters, window.counts())))
        self._pending = pending.between(stop_ns // window_ns * window_ns, stop_ns)
        return found


def blobs(parameters: BlobDetection, counts: npt.NDArray[np.int64]) -> tuple[Box, ...]:
    """Return a box for every group of active cells, highest score first.

    counts: int64[height, width] or [channels, height, width], spikes per cell in the window. The
    score grows with the mean count of the group's cells, 0.5 at `min_spikes`.
    """
    cells = counts.sum(axis=0) if counts.ndim == 3 else counts
    height, width = cells.shape
    labels, groups = ndimage.label(cells >= parameters.min_spikes, TOUCHING)
    boxes = []
    for label, (rows, columns) in enumerate(ndimage.find_objects(labels, groups), 1):
        members = cells[rows, columns][labels[rows, columns] == label]
        if members.size < parameters.min_cells:
            continue
        mean = float(members.mean())
        boxes.append(
            Box(
                parameters.class_name,
                mean / (mean + parameters.min_spikes),
                (columns.start + columns.stop) / 2 / width,
                (rows.start + rows.stop) / 2 / height,
                (columns.stop - columns.start) / width,
                (rows.stop - rows.start) / height,
            )
        )
    return tuple(sorted(boxes, key=lambda box: (-box.score, box.center_y, box.center_x)))
