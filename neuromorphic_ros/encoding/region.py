"""The part of a camera's pictures that is encoded."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import pydantic
from pydantic import Field

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import STRICT


class Region(NamedTuple):
    """A part of a picture [px]; x and y of its upper left corner."""

    x: int
    y: int
    width: int
    height: int


class View(NamedTuple):
    """The size of a picture [px] and the region of it that is seen."""

    width: int
    height: int
    region: Region

    @classmethod
    def whole(cls, width: int, height: int) -> View:
        """See all of a picture."""
        return cls(width, height, Region(0, 0, width, height))


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class RegionOfInterest:
    """A region as sensor_msgs/RegionOfInterest has it, in pixels of the picture that arrives."""

    roi_x_offset: Annotated[
        int, Field(ge=0, le=65_535, description="left edge of the region of interest [px]")
    ] = 0
    roi_y_offset: Annotated[
        int, Field(ge=0, le=65_535, description="upper edge of the region of interest [px]")
    ] = 0
    roi_width: Annotated[
        int, Field(ge=0, le=65_535, description="its width; 0: to the right edge [px]")
    ] = 0
    roi_height: Annotated[
        int, Field(ge=0, le=65_535, description="its height; 0: to the lower edge [px]")
    ] = 0

    def view_of(self, width: int, height: int) -> View:
        """Return what is seen of a picture.

        Raises SensorError, naming both, if the region is not inside the picture.
        """
        region = Region(
            self.roi_x_offset,
            self.roi_y_offset,
            self.roi_width or width - self.roi_x_offset,
            self.roi_height or height - self.roi_y_offset,
        )
        if not (
            0 <= region.x < region.x + region.width <= width
            and 0 <= region.y < region.y + region.height <= height
        ):
            raise SensorError(
                f"region of {region.width}x{region.height} pixels at ({region.x}, {region.y}) is"
                f" not inside the picture of {width}x{height}; change roi_*"
            )
        return View(width, height, region)
