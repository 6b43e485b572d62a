"""One look for all figures: dark on light, few colours, no ornament."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, cast

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

INK = "#1f2933"
MUTED = "#7b8794"
FAINT = "#e4e7eb"
BLUE = "#2b6cb0"
ORANGE = "#d9722e"
GREEN = "#2f855a"
RED = "#c53030"

INKS = LinearSegmentedColormap.from_list("inks", ["#ffffff", "#86b3df", BLUE, "#123a66"])

STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "grid.color": FAINT,
    "grid.linewidth": 0.7,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "text.color": INK,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
}
DPI = 130


def png(draw: Callable[[], Figure], dpi: int = DPI) -> bytes:
    """Draw a figure in this style and return it as a PNG file."""
    # Without the version of matplotlib in it, equal figures are equal files.
    return _saved(draw, format="png", dpi=dpi, metadata={"Software": None})


def svg(draw: Callable[[], Figure]) -> bytes:
    """Draw a figure in this style and return it as an SVG file, with text as outlines."""
    return _saved(draw, format="svg", metadata={"Creator": None, "Date": None})


def _saved(draw: Callable[[], Figure], **options: Any) -> bytes:
    file = io.BytesIO()
    # Names of clipped parts are drawn from a salt.
    with matplotlib.rc_context(cast(Any, {**STYLE, "svg.hashsalt": "neuromorphic_ros"})):
        figure = draw()
        FigureCanvasAgg(figure)
        figure.savefig(file, **options)
    return file.getvalue()


def bare(axes: Axes) -> None:
    """Leave only a thin frame, for images."""
    axes.grid(False)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(visible=True, color=FAINT)


def legend_above(axes: Axes) -> None:
    """Put the legend in one row above the axes, right, clear of the data."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        axes.legend(
            handles,
            labels,
            loc="lower right",
            bbox_to_anchor=(1.0, 0.98),
            ncol=len(handles),
            borderaxespad=0.1,
            handlelength=1.4,
            columnspacing=1.2,
        )
