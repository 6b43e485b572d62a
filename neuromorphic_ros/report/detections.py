"""Where something was detected, over time."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from neuromorphic_ros.report.record import Record
from neuromorphic_ros.report.style import BLUE, ORANGE

DEFAULT_WINDOW_S = 0.1


def detections_figure(record: Record) -> Figure:
    """Draw the place of the detections above their number."""
    figure = Figure(figsize=(11.0, 3.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1.6]})
    draw_places(above, record)
    seconds = [record.seconds(found.stamp_ns) for found in record.detections]
    below.step(seconds, [len(found.boxes) for found in record.detections], color=BLUE)
    below.set_ylabel("boxes")
    below.set_ylim(bottom=0)
    below.yaxis.get_major_locator().set_params(integer=True)
    below.set_xlim(0.0, record.seconds(record.end_ns))
    below.set_xlabel("time [s]")
    return figure


def draw_places(axes: Axes, record: Record) -> None:
    """Draw each box as its horizontal extent, the darker the surer."""
    stamps = np.array([found.stamp_ns for found in record.detections])
    window_s = float(np.median(np.diff(stamps))) / 1e9 if len(stamps) > 1 else DEFAULT_WINDOW_S
    for found in record.detections:
        start_s = record.seconds(found.stamp_ns) - window_s
        for box in found.boxes:
            corner = (start_s, box.center_x - box.size_x / 2)
            strength = 0.25 + 0.6 * min(1.0, max(0.0, box.score))
            axes.add_patch(
                Rectangle(corner, window_s, box.size_x, color=ORANGE, alpha=strength, linewidth=0)
            )
    width = max((found.width for found in record.detections), default=1)
    axes.set_ylim(max(1, width), 0)
    axes.set_ylabel("column [px]")
    axes.set_title("where in the image, its left edge above")
