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
from neuromorphic_ros.spikes import Shape, SpikeBatch, merge

TOUCHING = np.ones((3, 3), bool)
ClassNames = Annotated[
    str,
    Field(
        pattern=r"^\s*[^,\s][^,]*(,\s*[^,\s][^,]*)*$",
        description="Names of the classes, one for each channel, or one for all; by commas",
    ),
]


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
    """Find groups of nearby cells that fired often enough in a window."""

    window_ms: Annotated[
        float, Field(ge=1, le=10_000, description="Time over which spikes are counted [ms]")
    ] = 100.0
    min_spikes: Annotated[
        int, Field(ge=1, le=100_000, description="Spikes of a cell that make it active")
    ] = 2
    min_cells: Annotated[
        int, Field(ge=1, le=100_000, description="Active cells of a group that make a detection")
    ] = 2
    gap_cells: Annotated[
        int, Field(ge=1, le=1000, description="Cells this far apart form one group; 1: touching")
    ] = 1
    class_names: ClassNames = "motion"

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return names_of(self.class_names)

    def check_shape(self, shape: Shape) -> None:
        """Raise NetworkError unless spikes of a shape can be decoded.

        That is (channels, height, width) or (height, width), which has one channel.
        """
        if len(shape) not in (2, 3):
            raise NetworkError(f"detections need a (height, width) population, not {shape}")
        channels = shape[0] if len(shape) == 3 else 1
        if len(self.classes) not in (1, channels):
            raise NetworkError(
                f"class_names '{self.class_names}' are {len(self.classes)}, but a population of "
                f"{shape} has {channels} channels; give one name for each, or one for all"
            )


def names_of(class_names: str) -> tuple[str, ...]:
    """Return names that are given in one text."""
    return tuple(name.strip() for name in class_names.split(","))


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

        Raises NetworkError as `BlobDetection.check_shape` does.
        """
        self.parameters.check_shape(spikes.shape)
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

    counts: int64[height, width] or [channels, height, width], spikes per cell in the window. A box
    is of the class with most spikes in its cells, of equal ones the first. The score grows with
    their mean count of that class, 0.5 at `min_spikes`.
    """
    channels = counts if counts.ndim == 3 else counts[None]
    if len(parameters.classes) == 1:
        channels = channels.sum(axis=0, keepdims=True)
    cells = channels.sum(axis=0)
    height, width = cells.shape
    labels = _groups(cells >= parameters.min_spikes, parameters.gap_cells)
    boxes = []
    for label, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        members = channels[:, rows, columns][:, labels[rows, columns] == label]
        if members.shape[1] < parameters.min_cells:
            continue
        best = int(members.sum(axis=1).argmax())
        mean = float(members[best].mean())
        boxes.append(
            Box(
                parameters.classes[best],
                mean / (mean + parameters.min_spikes),
                (columns.start + columns.stop) / 2 / width,
                (rows.start + rows.stop) / 2 / height,
                (columns.stop - columns.start) / width,
                (rows.stop - rows.start) / height,
            )
        )
    return tuple(sorted(boxes, key=lambda box: (-box.score, box.center_y, box.center_x)))


def _groups(active: npt.NDArray[np.bool_], gap_cells: int) -> npt.NDArray[np.int32]:
    """Number groups from 1; int32[height, width], 0 where nothing is active.

    Cells belong together if neither their rows nor their columns are more than `gap_cells` apart.
    """
    # Squares of this side around two cells touch or overlap if the cells are no farther apart.
    grown = ndimage.maximum_filter(np.pad(active, gap_cells).view(np.uint8), gap_cells)
    labels, _ = ndimage.label(grown, TOUCHING)
    inside = slice(gap_cells, -gap_cells)
    return np.where(active, labels[inside, inside], 0)
