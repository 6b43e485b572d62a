"""One wide picture of a run: what it saw, how it fired, what it did."""

from __future__ import annotations

from matplotlib.figure import Figure

from neuromorphic_ros.errors import BagError
from neuromorphic_ros.report.events import draw_events, draw_picture, explained, moments
from neuromorphic_ros.report.motion import draw_commands, draw_nearest
from neuromorphic_ros.report.rasters import close_up, draw_raster
from neuromorphic_ros.report.record import Record
from neuromorphic_ros.report.style import MUTED


def overview_figure(record: Record) -> Figure:
    """Draw camera and events, rasters, and motion side by side.

    Raises BagError if the run had no camera with events, no spikes or no commands.
    """
    shown = max(moments(record), key=explained, default=None)
    if shown is None or not record.commands or not record.nearest:
        raise BagError("the overview needs a camera, a lidar and commands; record the demo's robot")
    figure = Figure(figsize=(12.0, 4.7), layout="constrained")
    left, middle, right = figure.subfigures(1, 3, squeeze=False, width_ratios=[0.85, 1.15, 1.3])[0]

    above, below = left.subplots(2, 1)
    draw_picture(above, shown)
    draw_events(below, shown)
    above.set_title(f"camera at {record.seconds(shown.stamp_ns):.1f} s")
    below.set_title("its events, and what moves")

    span = close_up(record)
    firing = {name: batch for name, batch in record.spikes.items() if len(batch.between(*span))}
    rasters = middle.subplots(
        len(firing),
        1,
        sharex=True,
        squeeze=False,
        gridspec_kw={"height_ratios": [1 + min(1.0, b.size / 20) for b in firing.values()]},
    )[:, 0]
    for axes, (name, batch) in zip(rasters, firing.items(), strict=True):
        draw_raster(axes, record, batch, span)
        axes.set_yticks([])
        axes.set_ylabel(name, rotation=0, ha="right", va="center", size=8)
    rasters[0].set_title("spikes of one second, inputs first")
    rasters[-1].set_xlabel("time [s]", color=MUTED)

    distances, commands = right.subplots(2, 1, sharex=True)
    draw_nearest(distances, record)
    draw_commands(commands, record)
    for axes in (distances, commands):
        axes.axvspan(*(record.seconds(edge) for edge in span), color=MUTED, alpha=0.15, linewidth=0)
    commands.set_xlim(0.0, record.seconds(record.end_ns))
    commands.set_xlabel("time [s]", color=MUTED)
    return figure
