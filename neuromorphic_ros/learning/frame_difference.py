"""Track what moves in front of a still camera by differences of pictures: a classical reference.

What differs from the median picture is foreground (Piccardi, IEEE SMC 2004, compares such methods);
its parts are followed from picture to picture by the overlap of their boxes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.dataclasses import dataclass
from scipy import ndimage

from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.parameters import STRICT

Grey = npt.NDArray[np.uint8]
Levels = npt.NDArray[np.float32]
Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, config=STRICT)
class FrameDifference:
    """How pictures are compared and boxes followed; lengths are shares of the picture's width."""

    threshold_dn: Annotated[
        float, Field(gt=0, le=255, description="Difference of the foreground [DN]")
    ] = 40.0
    blur: Annotated[
        float, Field(ge=0, le=1, description="Deviation of the Gaussian that takes noise away")
    ] = 0.005
    join: Annotated[
        float, Field(ge=0, le=1, description="Gaps up to this are closed, so that things are whole")
    ] = 0.03
    min_area: Annotated[
        float, Field(ge=0, le=1, description="Smallest foreground of a thing, of the picture")
    ] = 0.005
    min_overlap: Annotated[
        float, Field(gt=0, le=1, description="Intersection over union of one thing in two pictures")
    ] = 0.3
    min_pictures: Annotated[
        int, Field(ge=1, le=100_000, description="Pictures in which a thing is seen at least")
    ] = 4


class Outline(NamedTuple):
    """The edges of a box in shares of the picture; 0 is its left or top edge."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Outline) -> float:
        """Return intersection over union, 0 to 1."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        shared = max(width, 0.0) * max(height, 0.0)
        return shared / (self.area + other.area - shared) if shared else 0.0

    @property
    def area(self) -> float:
        """Share of the picture."""
        return (self.right - self.left) * (self.bottom - self.top)


class Track(NamedTuple):
    """One thing in consecutive pictures.

    first: number of the first one.
    """

    first: int
    outlines: tuple[Outline, ...]

    def at(self, picture: float) -> Outline | None:
        """Return the outline at a time between pictures, in proportion; none: it is not there."""
        place = picture - self.first
        if not 0 <= place <= len(self.outlines) - 1:
            return None
        before, after = self.outlines[int(place)], self.outlines[int(np.ceil(place))]
        share = place - int(place)
        return Outline(*(a + share * (b - a) for a, b in zip(before, after, strict=True)))

    def holds(self, picture: Shares, x: Shares, y: Shares) -> npt.NDArray[np.bool_]:
        """Tell which points are inside in the picture before their time or in the one after.

        picture: float64[n], times between pictures. x, y: float64[n], shares of the picture.
        """
        place = picture - self.first
        there = (place >= 0) & (place <= len(self.outlines) - 1)
        place = np.where(there, place, 0.0)
        edges = np.array(self.outlines)
        before, after = (edges[part(place).astype(np.int64)] for part in (np.floor, np.ceil))
        left, top = np.minimum(before, after)[:, :2].T
        right, bottom = np.maximum(before, after)[:, 2:].T
        inside = (left <= x) & (x <= right) & (top <= y) & (y <= bottom)
        return np.asarray(there & inside)

    @property
    def descent(self) -> float:
        """How far its middle went down from the first to the last picture; up is negative."""
        (first, *_), (*_, last) = self.outlines, self.outlines
        return (last.top + last.bottom - first.top - first.bottom) / 2


def follow(parameters: FrameDifference, pictures: Sequence[Grey]) -> tuple[Track, ...]:
    """Return what moves, in the order of appearance; each picture uint8[height, width].

    Raises LearningError if there is no picture or their sizes differ.
    """
    if not pictures or len({picture.shape for picture in pictures}) > 1:
        raise LearningError("pictures to be tracked must be there and of one size")
    live: list[Track] = []
    ended: list[Track] = []
    for number, outlines in enumerate(_outlines(parameters, pictures)):
        after = _continued(parameters, live, outlines)
        ended += [track for index, track in enumerate(live) if index not in after.values()]
        live = [
            Track(live[after[place]].first, (*live[after[place]].outlines, outline))
            if place in after
            else Track(number, (outline,))
            for place, outline in enumerate(outlines)
        ]
    long = [each for each in (*ended, *live) if len(each.outlines) >= parameters.min_pictures]
    return tuple(sorted(long))


def _continued(
    parameters: FrameDifference, tracks: Sequence[Track], outlines: Sequence[Outline]
) -> dict[int, int]:
    """Return the track that each outline continues, both by index; most overlap comes first."""
    pairs = [
        (-track.outlines[-1].overlap(outline), index, place)
        for index, track in enumerate(tracks)
        for place, outline in enumerate(outlines)
    ]
    of: dict[int, int] = {}
    for overlap, index, place in sorted(pairs):
        if -overlap >= parameters.min_overlap and place not in of and index not in of.values():
            of[place] = index
    return of


def _outlines(parameters: FrameDifference, pictures: Sequence[Grey]) -> Iterator[list[Outline]]:
    """Yield the outlines of the foreground of each picture."""
    height, width = pictures[0].shape
    blurred = [_blurred(picture, parameters.blur * width) for picture in pictures]
    background = np.median(blurred, axis=0)
    reach = max(1, round(parameters.join * width))
    for picture in blurred:
        # What the camera's exposure changes, it changes everywhere.
        gain = float(np.median(background / np.maximum(picture, 1.0)))
        foreground = np.abs(picture * gain - background) > parameters.threshold_dn
        grown = ndimage.maximum_filter(foreground.view(np.uint8), reach)
        labels = np.where(foreground, ndimage.label(grown, np.ones((3, 3)))[0], 0)
        areas = np.bincount(labels.ravel())[1:]
        yield [
            Outline(
                place[1].start / width,
                place[0].start / height,
                place[1].stop / width,
                place[0].stop / height,
            )
            for place, area in zip(ndimage.find_objects(labels), areas, strict=True)
            if area >= parameters.min_area * height * width
        ]


def _blurred(picture: Grey, deviation_px: float) -> Levels:
    return np.asarray(ndimage.gaussian_filter(picture.astype(np.float32), deviation_px))
