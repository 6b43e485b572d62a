"""The commands against the scan that they answer."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuromorphic_ros.report.record import SECTORS, Record
from neuromorphic_ros.report.style import BLUE, GREEN, INK, MUTED, ORANGE, RED, legend_above

COLOURS = {"left": BLUE, "ahead": INK, "right": ORANGE}


def motion_figure(record: Record) -> Figure:
    """Draw the nearest returns above the commands."""
    figure = Figure(figsize=(11.0, 4.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    draw_nearest(above, record)
    draw_commands(below, record)
    below.set_xlim(0.0, record.seconds(record.end_ns))
    below.set_xlabel("time [s]")
    return figure


def draw_nearest(axes: Axes, record: Record) -> None:
    """Draw the distance of the nearest return on the left, ahead and on the right."""
    seconds = [record.seconds(item.stamp_ns) for item in record.nearest]
    for name in SECTORS:
        metres = np.array([item.metres[name] for item in record.nearest])
        axes.plot(seconds, metres, color=COLOURS[name], label=name)
    axes.set_ylabel("nearest return [m]")
    axes.set_ylim(bottom=0)
    axes.set_title("lidar")
    legend_above(axes)


def draw_commands(axes: Axes, record: Record) -> None:
    """Draw the linear and the angular velocity."""
    seconds = [record.seconds(command.stamp_ns) for command in record.commands]
    linear = [command.linear_m_s for command in record.commands]
    angular = [command.angular_rad_s for command in record.commands]
    axes.plot(seconds, linear, color=GREEN, label="forward [m/s]")
    axes.plot(seconds, angular, color=RED, label="turning left [rad/s]")
    axes.axhline(0.0, color=MUTED, linewidth=0.7)
    axes.set_ylabel("command")
    axes.set_title("motors")
    legend_above(axes)
