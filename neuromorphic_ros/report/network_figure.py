"""A network as a picture: populations by order of execution, projections between them, loops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.report.graph_layout import Arrow, Layout, Place, Point, Size, lay_out
from neuromorphic_ros.report.style import BLUE, GREEN, INK, MUTED, RED
from neuromorphic_ros.report.words import byte_size, count
from neuromorphic_ros.snn.patterns import Conv1d, Conv2d, Pattern, Pool2d
from neuromorphic_ros.snn.spec import Input, Population, Projection, Readout
from neuromorphic_ros.snn.summary import Summary, Synapses

# Inches, and points of text.
MARGIN, HEAD, FOOT = 0.2, 0.5, 0.5
PADDING = 0.12
LINE, LABEL_LINE = 0.17, 0.155
LOOP = 0.24
LEGEND_WIDTH = 4.5
TITLE_SIZE, NAME_SIZE, TEXT_SIZE, LABEL_SIZE = 11.0, 9.5, 8.0, 7.0
DASHES = (0, (4, 2))
# What a viewer can show, and memory hold.
MOST_INCHES = 100.0
LONGEST_NAME = 40


class Bundle(NamedTuple):
    """All projections from one node to another.

    feedback: they close a loop, to a node that is computed earlier.
    """

    pre: str
    post: str
    feedback: bool
    projections: tuple[Projection, ...]
    synapses: tuple[Synapses, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """Text of the label."""
        patterns = dict.fromkeys(pattern_words(each) for each in self.projections)
        first = patterns if len(patterns) < 3 else [*list(patterns)[:2], "..."]
        number = len(self.projections)
        total = sum(part.number for part in self.synapses)
        bound = "" if all(part.exact for part in self.synapses) else "up to "
        return (
            (f"{number} x " if number > 1 else "") + ", ".join(first),
            f"{bound}{count(total)} {'synapse' if total == 1 else 'synapses'}",
        )

    @property
    def colour(self) -> str:
        """Colour by the sign of the weights."""
        low = [part.low for part in self.synapses if part.low is not None]
        high = [part.high for part in self.synapses if part.high is not None]
        if low and min(low) > 0:
            return BLUE
        return RED if high and max(high) < 0 else MUTED

    @property
    def delayed(self) -> bool:
        """Whether every projection has a delay."""
        return all(each.delay_ticks for each in self.projections)


def pattern_words(projection: Projection) -> str:
    """Return the patterns of a projection in words, e.g. `sum_pool2d 2x2, conv2d 3x3`."""
    patterns = [*(stage.pattern for stage in projection.before), projection.pattern]
    return ", ".join(map(_pattern, patterns))


def network_figure(summary: Summary) -> Figure:
    """Draw a network; raises NetworkError if it has too many parts to be read."""
    spec = summary.spec
    nodes = {node.name: node for node in spec.execution_nodes()}
    bundles = _bundles(summary)
    loops = {bundle.pre: bundle for bundle in bundles if bundle.pre == bundle.post}
    arrows = [bundle for bundle in bundles if bundle.pre != bundle.post]
    # Readouts may have the names of populations.
    readouts = {f"{readout.name} out": readout for readout in spec.readouts}

    plain = [(name, each.name) for each in spec.graphs if each.graph for name in each.graph.inputs]
    plain += [(readout.population, key) for key, readout in readouts.items()]

    sizes = {name: _box_size(_words(node), loops.get(name)) for name, node in nodes.items()}
    sizes |= {key: _box_size(_words(readout), None) for key, readout in readouts.items()}
    layout = lay_out(
        sizes,
        [
            *(Arrow(each.pre, each.post, _text_size(each.lines), each.feedback) for each in arrows),
            *(Arrow(pre, post, Size(0, 0)) for pre, post in plain),
        ],
        last=list(readouts),
    )
    if max(layout.width, layout.height) > MOST_INCHES:
        raise NetworkError(
            f"a figure of '{_shortened(spec.name)}' would be {layout.width:.0f} x "
            f"{layout.height:.0f} inches, more than {MOST_INCHES:g}; it has too many parts"
        )
    figure = Figure()
    axes = _canvas(figure, layout, _title(summary))
    for way, bundle in zip(layout.ways, arrows, strict=False):
        if bundle.feedback:
            way = [(end, start) for start, end in reversed(way)]
        _draw_line(axes, _path(way), bundle.colour, bundle.delayed)
    for way in layout.ways[len(arrows) :]:
        _draw_line(axes, _path(way), MUTED, delayed=False)
    for place, bundle in zip(layout.labels, arrows, strict=False):
        _draw_label(axes, place.x, place.y, bundle)
    for name, node in nodes.items():
        place = layout.boxes[name]
        if name in loops:
            _draw_loop(axes, place, loops[name])
        _draw_box(axes, place, _words(node), BLUE if isinstance(node, Input) else INK)
    for key, readout in readouts.items():
        _draw_box(axes, layout.boxes[key], _words(readout), GREEN)
    return figure


def _bundles(summary: Summary) -> list[Bundle]:
    spec = summary.spec
    found: dict[tuple[str, str], list[int]] = {}
    for index, projection in enumerate(spec.projections):
        ends = (spec.end(projection.pre).name, spec.end(projection.post).name)
        found.setdefault(ends, []).append(index)
    return [
        Bundle(
            pre,
            post,
            any(pre in loop and post in loop[: loop.index(pre)] for loop in summary.recurrent),
            tuple(spec.projections[index] for index in indices),
            tuple(summary.synapses[index] for index in indices),
        )
        for (pre, post), indices in found.items()
    ]


def _pattern(pattern: Pattern) -> str:
    if isinstance(pattern, (Conv2d, Pool2d)):
        return f"{pattern.type} {pattern.kernel[0]}x{pattern.kernel[1]}"
    return f"{pattern.type} {pattern.kernel}" if isinstance(pattern, Conv1d) else pattern.type


def shape_words(shape: Sequence[int]) -> str:
    """Return a shape in words, e.g. `2 x 64 x 64`."""
    return " x ".join(map(count, shape))


def _words(node: Input | Population | Readout) -> tuple[str, ...]:
    name = _shortened(node.name)
    if isinstance(node, Readout):
        return (name, _shortened(node.decoder))
    if isinstance(node, Population):
        return (name, f"{shape_words(node.shape)} {node.model}")
    driver = _shortened(node.encoder or "driven by a program")
    return (name, shape_words(node.shape), driver)


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 3]}..."


def _title(summary: Summary) -> str:
    bound = "" if summary.exact else "up to "
    return (
        f"{_shortened(summary.spec.name)}: {count(summary.spec.neurons)} neurons, "
        f"{bound}{count(summary.synapse_count)} synapses, {bound}{byte_size(summary.bytes)}"
    )


def _text_size(lines: Sequence[str]) -> Size:
    width = max(_width(line, LABEL_SIZE) for line in lines)
    return Size(width + 0.1, len(lines) * LABEL_LINE)


def _box_size(words: Sequence[str], loop: Bundle | None) -> Size:
    name, *rest = words
    width = max(_width(name, NAME_SIZE, "bold"), *(_width(line, TEXT_SIZE) for line in rest))
    label = _text_size(loop.lines) if loop else Size(0.0, 0.0)
    return Size(
        width=max(width + 2 * PADDING, label.width),
        height=len(words) * LINE + PADDING,
        above=LOOP + label.height if loop else 0.0,
    )


def _width(text: str, size: float, weight: str = "normal") -> float:
    font = FontProperties(family="DejaVu Sans", weight=weight)
    return float(TextPath((0, 0), text, size=size, prop=font).get_extents().width) / 72


def _canvas(figure: Figure, layout: Layout, title: str) -> Axes:
    """Return axes in inches on a figure that fits a layout, with title and legend."""
    width = max(layout.width, _width(title, TITLE_SIZE, "bold"), LEGEND_WIDTH) + 2 * MARGIN
    height = layout.height + HEAD + FOOT
    left = (width - layout.width) / 2
    figure.set_size_inches(width, height)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(-left, width - left)
    axes.set_ylim(-FOOT, height - FOOT)
    axes.text(MARGIN - left, layout.height + HEAD / 2, title, size=TITLE_SIZE, weight="bold")
    axes.legend(
        handles=[
            Line2D([], [], color=BLUE, label="weights above 0"),
            Line2D([], [], color=RED, label="below 0"),
            Line2D([], [], color=MUTED, label="both"),
            Line2D([], [], color=INK, linestyle=DASHES, label="delayed"),
        ],
        loc="lower left",
        bbox_to_anchor=(MARGIN / width, 0.0),
        ncol=4,
        frameon=False,
        fontsize=TEXT_SIZE,
    )
    return axes


def _path(way: Sequence[tuple[Point, Point]]) -> Path:
    vertices, codes = [way[0][0]], [Path.MOVETO]
    for start, end in way:
        middle = (start[0] + end[0]) / 2
        vertices += [start, (middle, start[1]), (middle, end[1]), end]
        codes += [Path.LINETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
    return Path(vertices, codes)


def _draw_line(axes: Axes, path: Path, colour: str, delayed: bool) -> None:
    axes.add_patch(
        FancyArrowPatch(
            path=path,
            arrowstyle="-|>",
            mutation_scale=8,
            linewidth=1.1,
            linestyle=DASHES if delayed else "-",
            color=colour,
            joinstyle="miter",
            capstyle="butt",
        )
    )


def _draw_loop(axes: Axes, place: Place, bundle: Bundle) -> None:
    top, reach = place.y + place.height / 2, min(0.3, place.width / 3)
    peak = top + LOOP * 4 / 3
    vertices = [
        (place.x + reach, top),
        (place.x + reach, peak),
        (place.x - reach, peak),
        (place.x - reach, top),
    ]
    path = Path(vertices, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])
    _draw_line(axes, path, bundle.colour, bundle.delayed)
    _draw_label(axes, place.x, top + LOOP + len(bundle.lines) * LABEL_LINE / 2, bundle)


def _draw_label(axes: Axes, x: float, y: float, bundle: Bundle) -> None:
    for index, line in enumerate(bundle.lines):
        axes.text(
            x,
            y + ((len(bundle.lines) - 1) / 2 - index) * LABEL_LINE,
            line,
            size=LABEL_SIZE,
            color=INK if index == 0 else MUTED,
            ha="center",
            va="center_baseline",
        )


def _draw_box(axes: Axes, place: Place, words: Sequence[str], colour: str) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (place.x - place.width / 2, place.y - place.height / 2),
            place.width,
            place.height,
            boxstyle="round,pad=0,rounding_size=0.06",
            facecolor="white",
            edgecolor=colour,
            linewidth=1.2,
            zorder=3,
        )
    )
    for index, line in enumerate(words):
        axes.text(
            place.x,
            place.y + ((len(words) - 1) / 2 - index) * LINE,
            line,
            size=TEXT_SIZE if index else NAME_SIZE,
            weight="normal" if index else "bold",
            color=INK,
            ha="center",
            va="center_baseline",
            zorder=4,
        )
