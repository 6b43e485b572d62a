"""Price the shipped networks on recordings, and networks over the activity of their input.

Every hardware beside the same network computed densely in every tick; nothing is measured.
Ratios are dense over spiking. Without static power, the dense network runs on the baseline that the
hardware names. With it, on a Jetson Orin Nano: of the baselines only its power at rest is known.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from edge import by_tick, outputs, robot_work
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from peers.works import compared
from reporting import Row, markdown, table
from streaming import spec_of

from neuromorphic_ros.energy.price import Price, price, ratio_words
from neuromorphic_ros.pipeline.energy_account import priced_on
from neuromorphic_ros.pipeline.networks import find_network, hardware_names, network_names
from neuromorphic_ros.report.style import BLUE, GREEN, INK, MUTED, ORANGE, RED, png
from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

ACTIVITIES = tuple(float(each) for each in np.geomspace(0.001, 0.5, 10))
TICKS = 1000
DENSE = "4096-256-10"
# Its power at rest is known, and that of no other that can compute a dense network.
AT_REST = "jetson_orin_nano"
LITERATURE = 1000.0
# Dense networks see pictures, at 20 Hz: one evaluation in 50 ticks of 1 ms.
FRAMES = 50.0

COLOURS = (BLUE, ORANGE, GREEN, RED, INK, MUTED, "#805ad5", "#00838f", "#b7791f", "#97266d")


# Names in the figure [decades].
NAMES_APART = 0.45


class Priced(NamedTuple):
    """What a network takes on one hardware; `at_rest` is beside a baseline at rest too.

    activity: spikes of the input per channel and tick. ticks: over how many it is priced.
    """

    network: str
    activity: float
    ticks: int
    own: Price
    at_rest: Price

    @property
    def ratio(self) -> float:
        """Dense over spiking, without static power."""
        return self.own.ratio

    @property
    def ratio_with_static(self) -> float:
        """Dense on a Jetson Orin Nano over spiking, with static power on both sides."""
        return self.at_rest.ratio_with_static

    @property
    def row(self) -> Row:
        """What a script gets; null: not known."""
        return {
            "network": self.network,
            "activity": self.activity,
            "hardware": self.own.hardware,
            "dynamic_nj_per_tick": self.own.dynamic_pj / 1e3 / self.ticks,
            "static_nj_per_tick": _known(self.own.static_pj / 1e3 / self.ticks),
            "lower_bound": self.own.lower_bound,
            "grade": self.own.grade,
            "baseline": self.own.baseline,
            "dense_nj_per_tick": self.own.baseline_pj / 1e3 / self.ticks,
            "ratio": _known(self.ratio),
            "ratio_with_static": _known(self.ratio_with_static),
            "ratio_is": ratio_words(self.own),
            "ratio_with_static_is": ratio_words(self.at_rest, with_static=True),
        }


def priced(name: str, spec: NetworkSpec, counts: Counts) -> list[Priced]:
    """Price counts of a network on all hardware."""
    inputs = slice(len(spec.inputs))
    activity = counts.spikes[inputs].sum() / counts.sizes[inputs].sum() / counts.ticks
    window_s = counts.ticks * spec.dt_ms / 1e3
    found = []
    for hardware in hardware_names():
        own, at_rest = priced_on(hardware), priced_on(hardware, AT_REST)
        found.append(
            Priced(
                name,
                float(activity),
                counts.ticks,
                price(counts, window_s, own.model, own.baseline),
                price(counts, window_s, at_rest.model, at_rest.baseline),
            )
        )
    return found


def on_recordings(names: Iterable[str]) -> list[Priced]:
    """Price shipped networks on recordings."""
    found = []
    for name in names:
        work = robot_work(name)
        print(f"{name}: {work.data}", file=sys.stderr)
        network = StreamingNetwork(work.spec)
        outputs(network, work)
        found += priced(name, work.spec, network.counts())
    return found


def noise(channels: int, activity: float) -> TickSpikes:
    """Return input in which every channel fires in a tick with the same probability, seeded."""
    return by_tick(np.random.default_rng(0).random((TICKS, channels)) < activity)


def over_activity(names: Iterable[str], activities: Sequence[float]) -> list[Priced]:
    """Price DENSE, whose neurons are as active as its input, and shipped networks on noise."""
    found = []
    for activity in activities:
        work = compared(activity)[0]
        spec = spec_of(work)
        network = StreamingNetwork(spec)
        for address in work.spikes:
            network.step(address)
        found += priced(DENSE, spec, network.counts())
        for name in names:
            spec = find_network(name)
            network = StreamingNetwork(spec)
            network.run(noise(spec.channels, activity))
            found += priced(name, spec, network.counts())
    return found


def crossing(activities: Sequence[float], ratios: Sequence[float], level: float) -> str:
    """Say up to which activity ratios that fall with it are above a level.

    Between two activities on a straight line of their logarithms.
    """
    if not all(map(math.isfinite, ratios)):
        return "not known"
    below = [index for index, ratio in enumerate(ratios) if ratio < level]
    if not below:
        return f"above {_percent(activities[-1])}"
    last = below[0]
    if last == 0:
        return f"below {_percent(activities[0])}"
    x, y = (np.log([each[last - 1], each[last]]) for each in (activities, ratios))
    share = (math.log(level) - y[0]) / (y[1] - y[0])
    return _percent(math.exp(x[0] + share * (x[1] - x[0])))


def crossings(sweep: Sequence[Priced]) -> Iterator[Row]:
    """Yield the highest activity at which spiking takes less, by network and hardware."""
    for network, hardware in dict.fromkeys((each.network, each.own.hardware) for each in sweep):
        mine = [e for e in sweep if (e.network, e.own.hardware) == (network, hardware)]
        activities = [each.activity for each in mine]
        row: Row = {"network": network, "hardware": hardware}
        for level in (LITERATURE, FRAMES, 1.0):
            row[f"{level:g}x"] = crossing(activities, [each.ratio for each in mine], level)
        with_static = [each.ratio_with_static for each in mine]
        for level in (FRAMES, 1.0):
            row[f"{level:g}x with static"] = crossing(activities, with_static, level)
        yield row


def side_by_side(found: Sequence[Priced]) -> list[Row]:
    """Return a row for every hardware, with the networks beside each other at their activity.

    The ratio with static power is that of the last network.
    """
    rows = []
    for hardware in dict.fromkeys(each.own.hardware for each in found):
        mine = [each for each in found if each.own.hardware == hardware]
        own = mine[-1].own
        row: Row = {"hardware": hardware, "weakest price": own.grade, "dense on": own.baseline}
        for each in mine:
            spent = each.own.dynamic_pj / 1e3 / each.ticks
            heading = f"{each.network} at {_percent(each.activity)}"
            row[f"{heading}: nJ"] = f"{spent:.3g}" if spent else "not known"
            row[f"{each.network} ratio"] = _ratio(each.own)
        row["with static"] = _ratio(mine[-1].at_rest, with_static=True)
        rows.append(row)
    return rows


def _ratio(found: Price, with_static: bool = False) -> str:
    words = ratio_words(found, with_static).rpartition(": ")[2]
    bound, _, number = words.rpartition(" ")
    return f"{bound} {round(float(number))}".strip() if "e+" in number else words


def _percent(activity: float) -> str:
    return f"{100 * activity:.2g} %"


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def draw(sweep: Sequence[Priced]) -> Figure:
    """Draw the ratios of DENSE over its activity, without and with static power."""
    figure = Figure(figsize=(11.0, 5.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    mine = [each for each in sweep if each.network == DENSE]
    colour = dict(zip(hardware_names(), COLOURS * 2, strict=False))
    _draw_ratios(left, mine, "ratio", colour)
    left.set_title(f"{DENSE} without static power, beside its baseline")
    _draw_ratios(right, mine, "ratio_with_static", colour)
    right.set_title("With static power, beside a Jetson Orin Nano")
    for level, words, colour_of_words in (
        (LITERATURE, f"{LITERATURE:g}: the promise", INK),
        (FRAMES, f"{FRAMES:g}: as a dense network at 20 Hz", MUTED),
        (1.0, "1: the same energy", INK),
    ):
        at = ACTIVITIES[0], level * (1.2 if level > 1 else 1 / 1.2)
        vertical: Literal["bottom", "top"] = "bottom" if level > 1 else "top"
        right.text(*at, words, fontsize=8.5, color=colour_of_words, va=vertical)
    left.set_ylabel("energy of the dense network / of the spiking network")
    return figure


def _draw_ratios(axes: Axes, found: Sequence[Priced], field: str, colour: dict[str, str]) -> None:
    lines: dict[tuple[float, ...], list[str]] = {}
    for hardware in colour:
        of_hardware = [each for each in found if each.own.hardware == hardware]
        ratios = tuple(getattr(each, field) for each in of_hardware)
        if all(map(math.isfinite, ratios)):
            lines.setdefault(ratios, []).append(hardware)
    activities = sorted({each.activity for each in found})
    axes.set_xscale("log")
    axes.set_yscale("log")
    for level in (LITERATURE, 1.0):
        axes.axhline(level, color=INK, linewidth=1.0, zorder=1)
    axes.axhline(FRAMES, color=MUTED, linewidth=1.0, linestyle=":", zorder=1)
    grades = {each.own.hardware: each.own.grade for each in found}
    for ratios, names in lines.items():
        axes.plot(
            activities,
            ratios,
            color=colour[names[0]],
            linestyle="--" if grades[names[0]] == "assumed" else "-",
            linewidth=1.8,
        )
    # Names that would lie on each other are moved apart.
    heights = [math.log10(ratios[-1]) for ratios in lines]
    at = dict(zip(lines, _apart(heights, NAMES_APART), strict=True))
    for ratios, names in lines.items():
        axes.annotate(
            ", ".join(names),
            (activities[-1], 10 ** at[ratios]),
            (6, 0),
            textcoords="offset points",
            color=colour[names[0]],
            fontsize=8.5,
            va="center",
            annotation_clip=False,
        )
    axes.set_xlabel("spikes per neuron and tick of 1 ms; dashed: a price is assumed")
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")


def _apart(heights: Sequence[float], gap: float) -> list[float]:
    """Move heights up until each is a gap above the one below it."""
    moved = list(heights)
    order = sorted(range(len(moved)), key=lambda index: heights[index])
    for below, index in itertools.pairwise(order):
        moved[index] = max(moved[index], moved[below] + gap)
    return moved


def main() -> None:
    """Print the tables and draw the figure that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument(
        "--markdown", action="store_true", help="print tables as the docs have them"
    )
    parser.add_argument("--figure", type=Path, metavar="FILE", help="also draw ratios as PNG there")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    recorded = on_recordings(network_names())
    sweep = over_activity(network_names(), ACTIVITIES)
    highest = list(crossings(sweep))
    if arguments.json:
        rows = {"recordings": recorded, "sweep": sweep}
        document = {name: [each.row for each in found] for name, found in rows.items()}
        print(json.dumps({**document, "crossings": highest}))
    else:
        show = markdown if arguments.markdown else table
        # Those of the shipped networks would be many more lines.
        dense = [row for row in highest if row["network"] == DENSE]
        print(f"{show(side_by_side(recorded))}\n\n{show(dense)}")
    if arguments.figure:
        arguments.figure.write_bytes(png(lambda: draw(sweep)))
        print(f"wrote {arguments.figure}", file=sys.stderr)


if __name__ == "__main__":
    main()
