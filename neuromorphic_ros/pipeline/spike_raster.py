"""Spikes as pictures for viewers of images: a raster of all populations, events with boxes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from neuromorphic_ros.encoding.event_image import render
from neuromorphic_ros.spikes import SpikeBatch

Pixels = npt.NDArray[np.uint8]

COLUMNS = 600
LABEL_WIDTH = 110
# A few neurons are drawn as bars, many share rows.
LEAST_ROWS, MOST_ROWS = 14, 64
GAP_ROWS = 4
COLOURS = ((110, 180, 255), (255, 180, 90), (120, 220, 140))
TEXT_COLOUR = (210, 210, 210)
BOX_COLOUR = (255, 170, 60)
# One spike among many that share a pixel is still seen.
FAINTEST = 0.35
EVENTS_WIDTH = 384
FONT = cv2.FONT_HERSHEY_SIMPLEX


class Box(NamedTuple):
    """A detection, in parts of the picture's width and height."""

    words: str
    left: float
    top: float
    right: float
    bottom: float


def raster(spikes: Mapping[str, SpikeBatch], start_ns: int, end_ns: int) -> Pixels:
    """Draw populations below each other, time to the right; RGB uint8[height, width, 3].

    The brighter, the more spikes share a pixel. Without populations it is one black band.
    """
    bands = [
        _band(name, batch, start_ns, end_ns, COLOURS[index % len(COLOURS)])
        for index, (name, batch) in enumerate(spikes.items())
    ]
    return np.concatenate(bands or [_black(LEAST_ROWS, LABEL_WIDTH + COLUMNS)])


def boxed_events(events: SpikeBatch, boxes: Iterable[Box]) -> Pixels:
    """Draw events of a camera, shape (2, height, width), with boxes; RGB, enlarged to be legible.

    Raises SpikeError if they are not of such a shape.
    """
    height, width = events.shape[-2:]
    enlarged = max(1, round(EVENTS_WIDTH / width))
    image = render(events, height, width)
    image = np.ascontiguousarray(image.repeat(enlarged, axis=0).repeat(enlarged, axis=1))
    rows, columns, _ = image.shape
    for box in boxes:
        first = (round(box.left * columns), round(box.top * rows))
        last = (round(box.right * columns), round(box.bottom * rows))
        cv2.rectangle(image, first, last, BOX_COLOUR, 2)
        # Above the box, or within where it reaches the edge.
        baseline = first[1] - 4 if first[1] > 14 else first[1] + 14
        _write(image, box.words, (first[0] + 2, baseline), BOX_COLOUR)
    return image


def _band(
    name: str, batch: SpikeBatch, start_ns: int, end_ns: int, colour: tuple[int, int, int]
) -> Pixels:
    shown = batch.between(start_ns, end_ns)
    rows = min(batch.size, MOST_ROWS)
    row = shown.address.astype(np.int64) * rows // batch.size
    column = (shown.time_ns - start_ns) * COLUMNS // (end_ns - start_ns)
    count = np.bincount(row * COLUMNS + column, minlength=rows * COLUMNS).reshape(rows, COLUMNS)
    level = np.where(count, FAINTEST + (1 - FAINTEST) * count / max(1, count.max()), 0.0)
    lines = (level[:, :, np.newaxis] * colour).astype(np.uint8)
    lines = lines.repeat(max(1, -(-LEAST_ROWS // rows)), axis=0)
    band = _black(len(lines) + GAP_ROWS, LABEL_WIDTH + COLUMNS)
    band[GAP_ROWS:, LABEL_WIDTH:] = lines
    _write(band, name, (4, (len(band) + GAP_ROWS) // 2 + 4), TEXT_COLOUR)
    return band


def _black(rows: int, columns: int) -> Pixels:
    return np.zeros((rows, columns, 3), np.uint8)


def _write(
    image: Pixels, words: str, corner: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    # OpenCV's font has no other letters.
    legible = words.encode("ascii", "replace").decode()
    cv2.putText(image, legible, corner, FONT, 0.4, colour, 1, cv2.LINE_AA)
