"""Counts times prices: what a network would take on some hardware, never a measurement."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

import numpy as np

from neuromorphic_ros.energy.hardware_model import GRADES, Constant, Grade, HardwareModel
from neuromorphic_ros.snn.counts import Counts

PJ_PER_J = 1e12


class Price(NamedTuple):
    """Energy of a network over a window, by published prices, and of its conventional equivalent.

    hardware, baseline: names of the models of the two. Of the spiking network: dynamic_pj: of all
    operations that have a price. static_pj: static power over the window; NaN: no price.
    total_pj: dynamic plus static if known. missing: prices that are not published, of operations
    that did happen and `static`. lower_bound: something is missing, so that the hardware takes at
    least dynamic_pj and total_pj. grade: the weakest among the prices used; empty: none was used.
    Of the same network computed densely in every tick: baseline_pj: of its multiply-accumulates and
    weights; NaN: no price. baseline_static_pj, baseline_missing, baseline_grade: as above.
    ratio: baseline_pj / dynamic_pj; NaN: no operation has a price or nothing happened.
    ratio_with_static: with static energy on both sides; NaN: one of them is not known.
    A ratio is at most that if something of the spiking network is missing, at least that if
    something of the baseline is.
    """

    hardware: str
    dynamic_pj: float
    static_pj: float
    total_pj: float
    lower_bound: bool
    missing: tuple[str, ...]
    grade: Grade | Literal[""]
    baseline: str
    baseline_pj: float
    baseline_static_pj: float
    baseline_missing: tuple[str, ...]
    baseline_grade: Grade | Literal[""]
    ratio: float
    ratio_with_static: float


class _Sum(NamedTuple):
    """Priced operations: their energy [pJ], names of missing prices, prices used."""

    energy_pj: float
    missing: tuple[str, ...]
    used: tuple[Constant, ...]


def price(counts: Counts, window_s: float, model: HardwareModel, baseline: HardwareModel) -> Price:
    """Price `counts` on `model`, and their dense equivalent on `baseline`.

    window_s: length of the window in which the counts were taken [s].
    """
    spiking = _sum(operations(counts), model)
    dense = _sum(dense_operations(counts, baseline.weight_bytes), baseline)
    static_pj, baseline_static_pj = _static_pj(model, window_s), _static_pj(baseline, window_s)
    static = () if model.static is None else (model.static,)
    missing = (*spiking.missing, *(() if static else ("static",)))
    baseline_pj = math.nan if "dense_mac" in dense.missing else dense.energy_pj
    return Price(
        hardware=model.name,
        dynamic_pj=spiking.energy_pj,
        static_pj=static_pj,
        total_pj=spiking.energy_pj + (static_pj if static else 0.0),
        lower_bound=bool(missing),
        missing=missing,
        grade=_weakest((*spiking.used, *static)),
        baseline=baseline.name,
        baseline_pj=baseline_pj,
        baseline_static_pj=baseline_static_pj,
        baseline_missing=dense.missing,
        baseline_grade=_weakest(dense.used),
        ratio=_ratio(baseline_pj, spiking.energy_pj),
        ratio_with_static=_ratio(baseline_pj + baseline_static_pj, spiking.energy_pj + static_pj),
    )


def operations(counts: Counts) -> dict[str, int]:
    """Return how often each operation with a price of its own happened."""
    return {
        "synaptic_event": int(counts.synaptic_events.sum()),
        "spike": int(counts.spikes.sum()),
        "neuron_update": int(counts.active_updates.sum()),
        "idle_update": int(counts.idle_updates.sum()),
        "plasticity_update": int(counts.plasticity_updates.sum()),
        "memory_byte": int(counts.memory_bytes.sum()),
    }


def dense_operations(counts: Counts, weight_bytes: int | None = None) -> dict[str, int]:
    """Return the same for the network computed densely.

    weight_bytes: of a weight in the arithmetic [B], as a multiply-accumulate reads at most one;
    none: as the network stores it.
    """
    read = counts.dense_bytes
    if weight_bytes is not None:
        read = np.minimum(read, counts.dense_macs * weight_bytes)
    return {"dense_mac": int(counts.dense_macs.sum()), "memory_byte": int(read.sum())}


def ratio_words(priced: Price, with_static: bool = False) -> str:
    """Say what a ratio compares, whether static power is in it, and what it bounds."""
    value = priced.ratio_with_static if with_static else priced.ratio
    spiking = set(priced.missing) - ({"static"} if not with_static else set())
    if math.isnan(value):
        shown = "not known"
    else:
        bounds = {(True, True): "about ", (True, False): "at most ", (False, True): "at least "}
        shown = bounds.get((bool(spiking), bool(priced.baseline_missing)), "") + f"{value:.3g}"
    static = "with" if with_static else "without"
    return (
        f"dense on {priced.baseline} / spiking on {priced.hardware}, {static} static power: {shown}"
    )


def _sum(number: Mapping[str, int], model: HardwareModel) -> _Sum:
    prices = {name: getattr(model.prices, name) for name, times in number.items() if times}
    known = {name: each for name, each in prices.items() if each is not None}
    return _Sum(
        math.fsum(number[name] * each.value for name, each in known.items()),
        tuple(name for name in prices if name not in known),
        tuple(known.values()),
    )


def _static_pj(model: HardwareModel, window_s: float) -> float:
    return math.nan if model.static is None else model.static.value * window_s * PJ_PER_J


def _ratio(dense_pj: float, spiking_pj: float) -> float:
    return dense_pj / spiking_pj if spiking_pj > 0 else math.nan


def _weakest(used: Iterable[Constant]) -> Grade | Literal[""]:
    return max((each.grade for each in used), key=GRADES.index, default="")
