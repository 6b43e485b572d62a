"""Who fired when: one raster per population, the inputs first."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from neuromorphic_ros.report.events import is_camera
from neuromorphic_ros.report.record import Record
from neuromorphic_ros.report.style import INK, INKS, MUTED
from neuromorphic_ros.spikes import SpikeBatch

CLOSE_UP_NS = 1_000_000_000
# Beyond this many, marks cover each other and only their density can be seen.
MOST_MARKS = 20_000
TIME_BINS = 500
ADDRESS_BINS = 96

Span = tuple[int, int]


def close_up(record: Record) -> Span:
    """Return the second in which most was decided: the command changed, or else most was seen."""
    whole = (record.start_ns, record.end_ns)
    if record.commands:
        stamps = np.array([command.stamp_ns for command in record.commands])
        turning = np.array([command.angular_rad_s for command in record.commands])
        weight = np.abs(np.diff(turning, prepend=turning[:1]))
    elif record.detections:
        stamps = np.array([found.stamp_ns for found in record.detections])
        weight = np.array([sum(box.score for box in found.boxes) for found in record.detections])
    else:
        return (whole[0], min(whole[1], whole[0] + CLOSE_UP_NS))
    bins = np.arange(whole[0], max(whole[1], whole[0] + 2 * CLOSE_UP_NS), CLOSE_UP_NS)
    summed, _ = np.histogram(stamps, bins, weights=weight)
    start_ns = int(bins[int(np.argmax(summed))])
    return (start_ns, start_ns + CLOSE_UP_NS)


def rasters_figure(record: Record) -> Figure:
    """Draw all populations over the whole run and, beside it, over one second."""
    heights = [_height(batch) for batch in record.spikes.values()]
    figure = Figure(figsize=(11.0, sum(heights) * 0.62 + 0.8), layout="constrained")
    axes = figure.subplots(
        len(heights),
        2,
        squeeze=False,
        sharex="col",
        gridspec_kw={"height_ratios": heights, "width_ratios": [2, 1]},
    )
    spans = ((record.start_ns, record.end_ns), close_up(record))
    for row, (name, batch) in enumerate(record.spikes.items()):
        for column, span in enumerate(spans):
            draw_raster(axes[row, column], record, batch, span)
        axes[row, 0].set_ylabel(name, rotation=0, ha="right", va="center", weight="bold")
        axes[row, 0].set_title(_summary(batch, record), size=8, weight="normal", color=MUTED)
    axes[0, 1].set_title("one second of it", size=8, weight="normal", color=MUTED)
    for axis in axes[-1]:
        axis.set_xlabel("time [s]")
    return figure


def draw_raster(axes: Axes, record: Record, batch: SpikeBatch, span: Span) -> None:
    """Draw the spikes of a population within a span; many of them as their density."""
    shown = batch.between(*span)
    seconds = np.asarray(record.seconds(shown.time_ns))
    low_s, high_s = record.seconds(span[0]), record.seconds(span[1])
    if len(shown) > MOST_MARKS:
        bins = (TIME_BINS, min(ADDRESS_BINS, batch.size))
        limits = ((low_s, high_s), (-0.5, batch.size - 0.5))
        density, _, _ = np.histogram2d(seconds, shown.address, bins, limits)
        axes.imshow(
            density.T,
            aspect="auto",
            origin="lower",
            extent=(low_s, high_s, -0.5, batch.size - 0.5),
            cmap=INKS,
            norm=LogNorm(0.3, max(1.0, density.max())),
            interpolation="nearest",
            zorder=2,
        )
    else:
        tall = 3.0 if batch.size > 12 else 14.0 / batch.size
        axes.scatter(seconds, shown.address, s=tall**2, marker="|", linewidths=0.7, color=INK)
    axes.set_xlim(low_s, high_s)
    axes.set_ylim(-0.5, batch.size - 0.5)
    axes.grid(axis="y", visible=False)
    if is_camera(batch):
        axes.set_yticks([batch.size / 4, 3 * batch.size / 4], ["OFF", "ON"])
    else:
        axes.set_yticks(range(batch.size) if batch.size <= 3 else [0, batch.size - 1])
    axes.tick_params(axis="y", labelsize=7.5, length=0)


def _height(batch: SpikeBatch) -> float:
    if not len(batch):
        return 0.5
    return 0.8 + min(1.4, 0.2 * math.sqrt(batch.size))


def _summary(batch: SpikeBatch, record: Record) -> str:
    seconds = max(1e-9, (record.end_ns - record.start_ns) / 1e9)
    channels = "1 channel" if batch.size == 1 else f"{batch.size:,} channels"
    if not len(batch):
        return f"{channels}, silent"
    rate_hz = len(batch) / seconds
    return f"{channels}, {len(batch):,} spikes, {rate_hz:,.0f} per second"
