"""What the camera saw and what its events say, at several instants."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from neuromorphic_ros.encoding.event_image import render
from neuromorphic_ros.report.record import Found, Picture, Record
from neuromorphic_ros.report.style import ORANGE, bare
from neuromorphic_ros.spikes import SpikeBatch

SECOND_NS = 1_000_000_000
DEFAULT_WINDOW_NS = 100_000_000
MOMENTS = 4
BACKGROUND = 250


class Moment(NamedTuple):
    """An instant: the last picture before it, the events of the window that ends at it, boxes."""

    stamp_ns: int
    picture: Picture
    events: SpikeBatch
    found: Found | None


def moments(record: Record, count: int = MOMENTS) -> list[Moment]:
    """Return instants spread over the run: in each stretch the one that shows most.

    Empty if pictures or their events are missing.
    """
    events = camera_events(record)
    if not record.pictures or events is None:
        return []
    found = {item.stamp_ns: item for item in record.detections}
    stamps = np.array(sorted(found) or [picture.stamp_ns for picture in record.pictures])
    window_ns = int(np.median(np.diff(sorted(found)))) if len(found) > 1 else DEFAULT_WINDOW_NS
    pictures = np.array([picture.stamp_ns for picture in record.pictures])
    stamps = stamps[stamps >= pictures[0]]
    chosen = []
    for stretch in np.array_split(stamps, count):
        seen = [
            _moment(int(stamp), record, pictures, events, window_ns, found.get(int(stamp)))
            for stamp in stretch
        ]
        if seen:
            chosen.append(max(seen, key=_interest))
    return chosen


def camera_events(record: Record) -> SpikeBatch | None:
    """Return the events of the camera; none if there are none."""
    batches = [batch for batch in record.spikes.values() if is_camera(batch)]
    return batches[0] if batches else None


def is_camera(batch: SpikeBatch) -> bool:
    """Tell whether these are events of pixels with two polarities."""
    return len(batch.shape) == 3 and batch.shape[0] == 2


def events_figure(
    shown: list[Moment], start_ns: int, title: str = "", above: str = "camera"
) -> Figure:
    """Draw pictures above their events.

    start_ns: the time that is called 0 s. above: what the pictures are.
    """
    height, width = shown[0].picture.grey.shape
    size = (11.0, 2 * 11.0 / max(2, len(shown)) * height / width + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    if title:
        figure.suptitle(title, x=0.008, ha="left", fontsize=11)
    axes = figure.subplots(2, len(shown), squeeze=False)
    decimals = 1 if shown[-1].stamp_ns - start_ns >= SECOND_NS else 3
    for column, moment in enumerate(shown):
        draw_picture(axes[0, column], moment)
        draw_events(axes[1, column], moment)
        axes[0, column].set_title(f"{(moment.stamp_ns - start_ns) / 1e9:.{decimals}f} s")
    axes[0, 0].set_ylabel(above)
    axes[1, 0].set_ylabel("events")
    return figure


def draw_picture(axes: Axes, moment: Moment) -> None:
    """Draw the picture with boxes."""
    axes.imshow(moment.picture.grey, cmap="gray", vmin=0, vmax=255, extent=_extent(moment))
    _draw_boxes(axes, moment)


def draw_events(axes: Axes, moment: Moment) -> None:
    """Draw the events with boxes: brighter blue, darker red."""
    axes.imshow(on_paper(moment.events), extent=_extent(moment), interpolation="nearest")
    _draw_boxes(axes, moment)


def on_paper(events: SpikeBatch) -> npt.NDArray[np.uint8]:
    """Draw events on white as RGB uint8[height, width, 3]: brighter blue, darker red."""
    _, height, width = events.shape
    image = render(events, height, width)
    image[~image.any(axis=2)] = BACKGROUND
    return image


def explained(moment: Moment) -> float:
    """Return the share of the events that lie within boxes."""
    if not len(moment.events) or moment.found is None or not moment.found.width:
        return 0.0
    _, height, width = moment.events.shape
    row, column = np.divmod(moment.events.address % (height * width), width)
    x = (column + 0.5) * moment.found.width / width
    y = (row + 0.5) * moment.found.height / height
    inside = np.zeros(len(moment.events), bool)
    for box in moment.found.boxes:
        near = np.abs(x - box.center_x) <= box.size_x / 2
        inside |= near & (np.abs(y - box.center_y) <= box.size_y / 2)
    return float(np.mean(inside))


def _moment(
    stamp_ns: int,
    record: Record,
    pictures: np.ndarray[tuple[int], np.dtype[np.int64]],
    events: SpikeBatch,
    window_ns: int,
    found: Found | None,
) -> Moment:
    picture = record.pictures[int(np.searchsorted(pictures, stamp_ns, side="right")) - 1]
    return Moment(stamp_ns, picture, events.between(stamp_ns - window_ns, stamp_ns), found)


def _interest(moment: Moment) -> tuple[float, int]:
    boxes = moment.found.boxes if moment.found else ()
    return sum(box.score for box in boxes), len(moment.events)


def _extent(moment: Moment) -> tuple[float, float, float, float]:
    """Boxes refer to the image as it came, pictures are kept smaller and events have their own."""
    height, width = moment.picture.grey.shape
    if moment.found and moment.found.width and moment.found.height:
        width, height = moment.found.width, moment.found.height
    return (0.0, float(width), float(height), 0.0)


def _draw_boxes(axes: Axes, moment: Moment) -> None:
    bare(axes)
    for box in moment.found.boxes if moment.found else ():
        corner = (box.center_x - box.size_x / 2, box.center_y - box.size_y / 2)
        axes.add_patch(
            Rectangle(corner, box.size_x, box.size_y, fill=False, edgecolor=ORANGE, linewidth=1.6)
        )
