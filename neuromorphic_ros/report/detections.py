"""Where something was detected, over time."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuromorphic_ros.report.record import Record
from neuromorphic_ros.report.style import BLUE, ORANGE


def detections_figure(record: Record) -> Figure:
    """Draw the place of the detections above their number."""
    figure = Figure(figsize=(11.0, 3.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1.6])
    draw_places(above, record)
    seconds = [record.seconds(found.stamp_ns) for found in record.detections]
    below.step(seconds, [len(found.boxes) for found in record.detections], color=BLUE)
    below.set_ylabel("boxes")
    below.set_ylim(bottom=0)
    below.yaxis.get_major_locator().set_params(integer=True)
    below.set_xlabel("time [s]")
    return figure


def draw_places(axes: Axes, record: Record) -> None:
    """Draw each box as its horizontal extent, the darker the surer."""
    for found in record.detections:
        second = record.seconds(found.stamp_ns)
        for box in found.boxes:
            low, high = box.center_x - box.size_x / 2, box.center_x + box.size_x / 2
            strength = 0.25 + 0.75 * min(1.0, max(0.0, box.score))
            axes.plot([second, second], [low, high], color=ORANGE, alpha=strength, linewidth=2.2)
            axes.plot([second], [box.center_x], ".", color=ORANGE, markersize=3)
    width = max((found.width for found in record.detections), default=1)
    # As the camera sees it when the page is turned: its left edge above.
    axes.set_ylim(max(1, width), 0)
    axes.set_ylabel("horizontal place [px]\nright          left")
    axes.set_title("detections")
