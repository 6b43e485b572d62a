"""How soon a converted network is as often right as the one that it was made from, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from neuromorphic_ros.pipeline.accuracy_by_ticks import AccuracyByTicks, powers_of_two
from neuromorphic_ros.report.style import BLUE, GREEN, INK, ORANGE

COLOURS = (BLUE, ORANGE, GREEN)


class Curve(NamedTuple):
    """A way to run a network, and how often it is right."""

    label: str
    accuracy: AccuracyByTicks


def accuracy_figure(curves: Sequence[Curve], reference: float, title: str) -> Figure:
    """Draw accuracies against ticks; reference: that of the conventional network."""
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.axhline(reference, color=INK, linestyle="--", linewidth=1.0, label="conventional")
    for curve, colour in zip(curves, COLOURS, strict=False):
        right, ticks = curve.accuracy.right, range(1, len(curve.accuracy.right) + 1)
        axes.plot(ticks, right / curve.accuracy.samples, color=colour, label=curve.label)
        ends = [curve.accuracy.ci95(tick) for tick in ticks]
        low, high = [end.low for end in ends], [end.high for end in ends]
        axes.fill_between(ticks, low, high, color=colour, alpha=0.12, linewidth=0)
    axes.set_xscale("log", base=2)
    shown = list(powers_of_two(max(len(curve.accuracy.right) for curve in curves)))
    axes.set_xticks(shown, [str(tick) for tick in shown])
    axes.set_xlabel("ticks")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_ylabel("right; shaded: 95 % interval")
    axes.set_title(title)
    axes.legend(loc="lower right")
    return figure
