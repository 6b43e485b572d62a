"""The energy of a run, priced on every hardware model that the package knows."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuromorphic_ros.energy.hardware_model import HardwareModel
from neuromorphic_ros.energy.price import Price, price
from neuromorphic_ros.pipeline.messages import counts_of
from neuromorphic_ros.pipeline.networks import find_hardware, hardware_names
from neuromorphic_ros.report.record import Record
from neuromorphic_ros.report.style import BLUE, INK, MUTED, ORANGE, legend_above
from neuromorphic_ros.snn.counts import Counts

DEFAULT_BASELINE = "horowitz_45nm_fp32"


class Priced(NamedTuple):
    """One hardware model and what the counts of the run cost on it."""

    model: HardwareModel
    price: Price

    @property
    def has_operations(self) -> bool:
        """Tell whether any operation has a published price."""
        prices = self.model.prices
        return not (prices.synaptic_event is prices.spike is prices.neuron_update is None)


class Bill(NamedTuple):
    """The counts of a run, over how long they were taken [s], and their price by hardware."""

    counts: Counts
    window_s: float
    priced: list[Priced]


def bill(record: Record) -> Bill | None:
    """Price the counts that were received; none if there were none."""
    if not record.rates:
        return None
    # Another network, loaded on the way, has other populations.
    rates = [item for item in record.rates if item.network == record.network]
    counts = functools.reduce(Counts.plus, map(counts_of, rates))
    window_s = math.fsum(item.window_s for item in rates)
    baseline = find_hardware(record.energy[-1].baseline if record.energy else DEFAULT_BASELINE)
    models = [find_hardware(name) for name in hardware_names()]
    return Bill(
        counts,
        window_s,
        [Priced(model, price(counts, window_s, model, baseline)) for model in models],
    )


def energy_figure(shown: Bill) -> Figure:
    """Draw what each hardware would take, on a logarithmic scale."""
    figure = Figure(figsize=(11.0, 0.34 * len(shown.priced) + 1.0), layout="constrained")
    draw_bill(figure.subplots(), shown)
    return figure


def draw_bill(axes: Axes, shown: Bill) -> None:
    """Draw one line per hardware with its dynamic and its static energy, and the dense network."""
    names = [item.model.name for item in shown.priced]
    marks = (
        ("dynamic, priced", "o", BLUE, [item.price.dynamic_pj for item in shown.priced]),
        ("static, priced", "s", ORANGE, [item.price.static_pj for item in shown.priced]),
    )
    for label, marker, colour, picojoules in marks:
        # A logarithmic axis has no place for what costs nothing.
        known = [(pj / 1e6, row) for row, pj in enumerate(picojoules) if pj > 0]
        if known:
            axes.scatter(*zip(*known, strict=True), marker=marker, color=colour, label=label)
    dense = shown.priced[0].price
    if dense.baseline_pj > 0:
        axes.axvline(
            dense.baseline_pj / 1e6,
            color=INK,
            linestyle="--",
            linewidth=1.0,
            label=f"dense network on {dense.baseline}",
        )
    axes.set_xscale("log")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("energy of the run [µJ]", color=MUTED)
    legend_above(axes)
