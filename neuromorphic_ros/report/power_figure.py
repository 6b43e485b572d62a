"""The policy of the governor as a picture: a map of situations, and a made-up run."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure, SubFigure

from neuromorphic_ros.power.governor import Decision, GovernorParameters, Situation
from neuromorphic_ros.power.power_mode import PowerLevel
from neuromorphic_ros.power.quality import Quality
from neuromorphic_ros.report.power_policy import (
    MODE_WORDS,
    Moment,
    Policy,
    decide,
    duration_s,
    made_up_run,
)
from neuromorphic_ros.report.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    RED,
    legend_above,
)

COLUMNS, ROWS = 101, 91
THROTTLED = "#f2b8a8"
BY_LEVEL = {PowerLevel.LOW: "#f6dfb4", PowerLevel.MEDIUM: "#bcd8ee", PowerLevel.HIGH: "#b9dfc6"}
# Narrower than this share of the map, words are turned to fit.
NARROW = 0.24
STRIP = 0.28


def policy_figure(policy: Policy) -> Figure:
    """Draw what a policy decides."""
    figure = Figure(figsize=(12.5, 6.6), layout="constrained")
    grid = figure.add_gridspec(1, 2, width_ratios=(1.0, 1.45))
    _draw_map(figure.add_subfigure(grid[0]).subplots(), policy)
    _draw_run(figure.add_subfigure(grid[1]), policy)
    return figure


def _draw_map(axes: Axes, policy: Policy) -> None:
    governor = policy.governor
    charges = np.linspace(0.0, 1.0, COLUMNS)
    celsius = np.linspace(governor.throttle_c - 30, governor.throttle_c + 15, ROWS)
    worst = Situation(battery=0.0, temperature_c=governor.throttle_c + 1)
    falling: list[Decision] = []
    rising: list[Decision] = []
    for heat, charge in itertools.product(celsius.tolist(), charges.tolist()):
        here = Situation(battery=charge, temperature_c=heat)
        falling.append(decide(policy, here, here))
        rising.append(decide(policy, worst, here, here))
    # Reasons name values, which are all different.
    seen = sorted({decided[:4] for decided in falling}, reverse=True)
    codes = np.array([seen.index(decided[:4]) for decided in falling]).reshape(ROWS, COLUMNS)
    differ = np.array([a[:4] != b[:4] for a, b in zip(falling, rising, strict=True)])
    axes.pcolormesh(
        charges * 100,
        celsius,
        codes,
        shading="nearest",
        cmap=ListedColormap([_colour(level, throttled) for level, _, _, throttled in seen]),
        vmin=-0.5,
        vmax=len(seen) - 0.5,
    )
    axes.pcolormesh(
        charges * 100,
        celsius,
        np.ma.masked_equal(differ.reshape(ROWS, COLUMNS), False),
        shading="nearest",
        cmap=ListedColormap(["white"]),
        alpha=0.55,
        linewidth=0,
    )
    for code, (level, quality, _, throttled) in enumerate(seen):
        rows, columns = np.nonzero(codes == code)
        width = (columns.max() - columns.min() + 1) / COLUMNS
        words = [f"{MODE_WORDS[level]} mode", f"{quality.name.lower()} quality"]
        axes.text(
            (columns.min() + columns.max()) / 2,
            celsius[(rows.min() + rows.max()) // 2],
            "\n".join([*(["throttled"] if throttled else []), *words]),
            ha="center",
            va="center",
            rotation=90 if width < NARROW else 0,
        )
    axes.grid(False)
    axes.set_title("what is decided, on battery; pale: as before")
    axes.set_xlabel("battery [%]")
    axes.set_ylabel("temperature [degC]")


def _colour(level: PowerLevel, throttled: bool) -> str:
    return THROTTLED if throttled else BY_LEVEL[level]


def _draw_run(figure: SubFigure, policy: Policy) -> None:
    governor, moments = policy.governor, made_up_run(policy)
    battery, heat, load, decided = figure.subplots(
        4, 1, sharex=True, gridspec_kw={"height_ratios": (1.0, 1.0, 1.0, 2.0)}
    )
    at_s = [moment.at_s for moment in moments]
    battery.set_title("a made-up run: what is known, and what is decided")
    _draw_battery(battery, governor, at_s, moments)
    heat.plot(at_s, [moment.situation.temperature_c for moment in moments], color=RED)
    _draw_band(heat, governor.throttle_c, -governor.throttle_hysteresis_c)
    heat.set_ylabel("degC")
    load.plot(at_s, [100 * moment.situation.load for moment in moments], color=INK)
    load.axhline(100 * governor.load_high, color=ORANGE, linestyle="--", linewidth=1.0)
    load.set_ylabel("load [%]")
    load.set_ylim(0, 150 * governor.load_high)
    _shade(load, moments, lambda moment: not moment.situation.pending, "idle")
    _draw_decisions(decided, at_s, moments)
    decided.set_xlim(0, duration_s(policy))
    decided.set_xlabel("time [s]")
    figure.align_ylabels()


def _draw_battery(
    axes: Axes, governor: GovernorParameters, at_s: Sequence[float], moments: Sequence[Moment]
) -> None:
    axes.plot(at_s, [100 * moment.situation.battery for moment in moments], color=GREEN)
    for threshold in (governor.battery_low, governor.battery_medium):
        _draw_band(axes, 100 * threshold, 100 * governor.battery_hysteresis)
    axes.set_ylabel("battery [%]")
    _shade(axes, moments, lambda moment: moment.situation.charging, "charger")


def _draw_band(axes: Axes, threshold: float, width: float) -> None:
    axes.axhline(threshold, color=ORANGE, linestyle="--", linewidth=1.0)
    axes.axhspan(threshold, threshold + width, color=ORANGE, alpha=0.2, linewidth=0)


def _shade(
    axes: Axes, moments: Sequence[Moment], holds: Callable[[Moment], bool], words: str
) -> None:
    for start_s, end_s in _spans(moments, holds):
        axes.axvspan(start_s, end_s, color=FAINT, linewidth=0)
        axes.text(
            (start_s + end_s) / 2,
            0.96,
            words,
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="top",
            size=8,
            color=MUTED,
        )


def _draw_decisions(axes: Axes, at_s: Sequence[float], moments: Sequence[Moment]) -> None:
    modes = [int(moment.decision.level) + 0.05 for moment in moments]
    qualities = [int(moment.decision.quality) - 0.05 for moment in moments]
    axes.step(at_s, modes, where="post", color=INK, label="power mode")
    axes.step(at_s, qualities, where="post", color=BLUE, label="quality")
    strips: list[tuple[str, str, Callable[[Moment], bool]]] = [
        ("dwell", ORANGE, lambda moment: moment.held),
        ("load limits", BLUE, lambda moment: moment.limited),
        ("throttled", RED, lambda moment: moment.decision.throttled),
        ("asleep", MUTED, lambda moment: moment.decision.asleep),
    ]
    places = [-0.6 - 0.42 * number for number in range(len(strips))]
    for place, (_, colour, holds) in zip(places, strips, strict=True):
        spans = [(start_s, end_s - start_s) for start_s, end_s in _spans(moments, holds)]
        axes.broken_barh(spans, (place - STRIP / 2, STRIP), color=colour)
    axes.set_yticks(
        [*places, *map(int, Quality)],
        [*(name for name, _, _ in strips), *(level.name.lower() for level in Quality)],
    )
    axes.set_ylim(places[-1] - STRIP, 2.3)
    legend_above(axes)


def _spans(
    moments: Sequence[Moment], holds: Callable[[Moment], bool]
) -> Iterator[tuple[float, float]]:
    """Yield start and end of the times in which something holds [s]."""
    step_s = moments[1].at_s - moments[0].at_s
    for held, group in itertools.groupby(moments, holds):
        if held:
            times_s = [moment.at_s for moment in group]
            yield times_s[0], times_s[-1] + step_s
