"""Compare the boxes of a network with boxes that are taken as true."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.decoding.detection import Box
from neuromorphic_ros.learning.frame_difference import Outline

Tallies = npt.NDArray[np.int64]


class Thing(NamedTuple):
    """What is truly there."""

    class_name: str
    outline: Outline


class DetectionScore(NamedTuple):
    """How the boxes of consecutive windows agree with what is there.

    confusion: int64[windows, 1 + classes, 1 + classes], rows are the true classes, columns those of
    the boxes, the first of either is nothing. overlap: float64[matches], intersection over union.
    """

    confusion: Tallies
    overlap: npt.NDArray[np.float64]

    @property
    def windows(self) -> int:
        """Number of windows."""
        return len(self.confusion)

    def figures(self, chosen: Tallies | None = None) -> dict[str, float]:
        """Return precision, recall and their harmonic mean, f1; nan: of nothing.

        A box is right if it matches a thing and is of its class; precision and recall of the place
        alone do not ask for the class. chosen: int64[n], windows; none: each once.
        """
        total = (self.confusion if chosen is None else self.confusion[chosen]).sum(axis=0)
        boxes, things = int(total[:, 1:].sum()), int(total[1:].sum())
        placed, right = int(total[1:, 1:].sum()), int(np.trace(total[1:, 1:]))
        return {
            "f1": _share(2 * right, boxes + things),
            "precision": _share(right, boxes),
            "recall": _share(right, things),
            "precision_of_place": _share(placed, boxes),
            "recall_of_place": _share(placed, things),
        }


def score(
    boxes: Sequence[Sequence[Box]],
    things: Sequence[Sequence[Thing]],
    classes: Sequence[str],
    min_overlap: float,
) -> DetectionScore:
    """Match the boxes of each window with the things in it.

    A box, those of high score first, matches the thing that it overlaps most and no other box has
    matched, if intersection over union is at least `min_overlap`.
    """
    confusion = np.zeros((len(boxes), 1 + len(classes), 1 + len(classes)), np.int64)
    number = {name: place for place, name in enumerate(classes, 1)}
    overlaps = []
    for tally, found, there in zip(confusion, boxes, things, strict=True):
        left = list(there)
        for box in sorted(found, key=lambda box: -box.score):
            outline = outline_of(box)
            best = max(left, key=lambda thing: outline.overlap(thing.outline), default=None)
            overlap = outline.overlap(best.outline) if best else 0.0
            if best and overlap >= min_overlap:
                left.remove(best)
                overlaps.append(overlap)
                tally[number[best.class_name], number[box.class_name]] += 1
            else:
                tally[0, number[box.class_name]] += 1
        for thing in left:
            tally[number[thing.class_name], 0] += 1
    return DetectionScore(confusion, np.array(overlaps, np.float64))


def outline_of(box: Box) -> Outline:
    """Return the edges of a box."""
    return Outline(
        box.center_x - box.size_x / 2,
        box.center_y - box.size_y / 2,
        box.center_x + box.size_x / 2,
        box.center_y + box.size_y / 2,
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
