"""Counts times prices: what a network would take on some hardware, never a measurement."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from neuromorphic_ros.energy.hardware_model import GRADES, Grade, HardwareModel
from neuromorphic_ros.snn.counts import Counts

PJ_PER_J = 1e12


class Price(NamedTuple):
    """Energy of a network over a window, by published prices.

    dynamic_pj: of synaptic events, spikes (those of the inputs too) and neuron updates.
    static_pj: static power over the window; NaN: no price. total_pj: dynamic plus static if known.
    lower_bound: a price is missing, so that the hardware takes at least total_pj.
    grade: weakest among all prices used, that of the baseline included; empty: none was used.
    baseline_pj: the same network computed densely on the hardware `baseline`; NaN: no price.
    """

    dynamic_pj: float
    static_pj: float
    total_pj: float
    lower_bound: bool
    grade: Grade | Literal[""]
    baseline_pj: float
    baseline: str


def price(counts: Counts, window_s: float, model: HardwareModel, baseline: HardwareModel) -> Price:
    """Price `counts` on `model`, and their dense equivalent on `baseline`.

    window_s: length of the window in which the counts were taken [s].
    """
    prices = model.prices
    operations = (
        (int(counts.synaptic_events.sum()), prices.synaptic_event),
        (int(counts.spikes.sum()), prices.spike),
        (int(counts.neuron_updates.sum()), prices.neuron_update),
    )
    dynamic_pj = math.fsum(number * cost.value for number, cost in operations if cost is not None)
    static_pj = math.nan if model.static is None else model.static.value * window_s * PJ_PER_J
    dense_mac = baseline.prices.dense_mac
    wanted = (*(cost for _, cost in operations), model.static)
    used = [cost.grade for cost in (*wanted, dense_mac) if cost is not None]
    return Price(
        dynamic_pj=dynamic_pj,
        static_pj=static_pj,
        total_pj=dynamic_pj if model.static is None else dynamic_pj + static_pj,
        lower_bound=None in wanted,
        grade=max(used, key=GRADES.index, default=""),
        baseline_pj=math.nan if dense_mac is None else int(counts.dense_macs.sum()) * dense_mac.value,
        baseline=baseline.name,
    )
