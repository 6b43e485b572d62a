"""A retina that is fine at its centre: rings of cells whose radii grow by a constant factor.

What approaches its centre moves all edges from ring to ring at one speed, whatever their radius:
the logarithm of the radius grows by 1 per time to contact. See Traver & Bernardino, "A review of
log-polar imaging for visual perception in robotics", Robotics and Autonomous Systems 58 (2010).
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
import pydantic
from pydantic import Field

from neuromorphic_ros.encoding.image import Grey, resize
from neuromorphic_ros.encoding.region import Region, RegionOfInterest, View
from neuromorphic_ros.parameters import STRICT

OUTSIDE = -1

# The smallest cell has about this many pixels along each side after enlargement.
_CELL_PX = 3.0


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class RetinaParameters(RegionOfInterest):
    """What the pixels of the network see of a picture: a grid of its region, or rings in it."""

    fovea: Annotated[
        float,
        Field(
            ge=0.0,
            le=0.5,
            description="pixels (ring, wedge) from this share of the radius on; 0: a grid [1]",
        ),
    ] = 0.0


class LogPolar(NamedTuple):
    """The cells of a retina: rings from inside to outside, wedges counter-clockwise.

    The first quarter of the wedges looks right, the next ones up, left and down.
    fovea: radius of the innermost edge, as a share of that of the outermost.
    """

    rings: int
    wedges: int
    fovea: float

    @property
    def smallest_cell(self) -> float:
        """Extent of a cell of the innermost ring, as a share of the radius of the outermost."""
        wide = 2.0 * math.pi / self.wedges
        high = math.exp(-math.log(self.fovea) / self.rings) - 1.0
        return self.fovea * min(wide, high)

    def cells(self, side: int) -> npt.NDArray[np.int64]:
        """Return the cell of each pixel of a square, int64[side, side], `OUTSIDE` beyond them.

        A cell is ring * wedges + wedge.
        """
        offset = (np.arange(side) + 0.5) * 2.0 / side - 1.0
        radius = np.maximum(np.hypot(offset[:, None], offset), np.finfo(float).tiny)
        ring = np.floor(self.rings * (1.0 - np.log(radius) / math.log(self.fovea)))
        angle = (np.arctan2(-offset[:, None], offset) / (2.0 * math.pi) + 0.125) % 1.0
        wedge = np.minimum(np.floor(angle * self.wedges), self.wedges - 1)
        inside = (ring >= 0) & (ring < self.rings)
        return np.where(inside, ring * self.wedges + wedge, OUTSIDE).astype(np.int64)

    def cells_of(self, view: View) -> npt.NDArray[np.int64]:
        """Return the cell of each pixel of a picture, of its region alone, int64[height, width]."""
        x, y, side, _ = central_square(view.region)
        cells = np.full((view.height, view.width), OUTSIDE)
        cells[y : y + side, x : x + side] = self.cells(side)
        return cells


class LogPolarSampler:
    """Mean grey level of each cell of a retina that looks at the largest square in the middle."""

    def __init__(self, retina: LogPolar) -> None:
        """Lay out the cells."""
        self._shape = (retina.rings, retina.wedges)
        self._side = math.ceil(2.0 * _CELL_PX / retina.smallest_cell)
        cells = retina.cells(self._side).reshape(-1)
        self._pixels = np.flatnonzero(cells != OUTSIDE)
        self._cells = cells[self._pixels]
        self._count = np.bincount(self._cells, minlength=retina.rings * retina.wedges)

    def sample(self, picture: Grey) -> Grey:
        """Return uint8[rings, wedges] of a picture uint8[height, width] of any size."""
        x, y, side, _ = central_square(Region(0, 0, picture.shape[1], picture.shape[0]))
        square = resize(picture[y : y + side, x : x + side], self._side, self._side)
        seen = square.reshape(-1)[self._pixels]
        total = np.bincount(self._cells, seen, self._count.size)
        return np.rint(total / self._count).astype(np.uint8).reshape(self._shape)


def central_square(region: Region) -> Region:
    """Return the largest square in the middle of a region."""
    side = min(region.width, region.height)
    return Region(
        region.x + (region.width - side) // 2, region.y + (region.height - side) // 2, side, side
    )
