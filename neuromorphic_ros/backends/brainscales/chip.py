"""What one BrainScaleS-2 chip holds, and in which ranges its circuits can be set."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from pydantic.dataclasses import dataclass

from neuromorphic_ros.backends.limits import Count, Limit, limits
from neuromorphic_ros.parameters import STRICT


@dataclass(frozen=True, config=STRICT)
class ChipLimits:
    """The limits in config/hardware/brainscales2.yaml; times of the circuits in us."""

    neurons: Count
    halves: Count
    rows: Count
    labels: Count
    weight: Count
    speed_up: Count
    delay: Limit
    tau_mem_low: Limit
    tau_mem_high: Limit
    tau_syn_low: Limit
    tau_syn_high: Limit
    refractory_low: Limit
    refractory_high: Limit
    leak_low: Limit
    leak_high: Limit
    threshold_low: Limit
    threshold_high: Limit


class Range(NamedTuple):
    """Values that a parameter can take."""

    low: float
    high: float


class Chip(NamedTuple):
    """One chip.

    neurons: of `halves` arrays of synapses. rows: of an array. labels: sources that may share a
    row. largest_weight: in LSB. speed_up: smallest ratio of robot time to hardware time.
    delay_us: of every connection. tau_mem, tau_syn, refractory in us; potentials in LSB.
    """

    neurons: int
    halves: int
    rows: int
    labels: int
    largest_weight: int
    speed_up: int
    delay_us: float
    tau_mem_us: Range
    tau_syn_us: Range
    refractory_us: Range
    leak_lsb: Range
    threshold_lsb: Range


@cache
def chip() -> Chip:
    """Read the limits of the chip; raises HardwareModelError if they cannot be read."""
    found = limits("brainscales2", ChipLimits)
    return Chip(
        neurons=found.neurons.value,
        halves=found.halves.value,
        rows=found.rows.value,
        labels=found.labels.value,
        largest_weight=found.weight.value,
        speed_up=found.speed_up.value,
        delay_us=found.delay.value,
        tau_mem_us=Range(found.tau_mem_low.value, found.tau_mem_high.value),
        tau_syn_us=Range(found.tau_syn_low.value, found.tau_syn_high.value),
        refractory_us=Range(found.refractory_low.value, found.refractory_high.value),
        leak_lsb=Range(found.leak_low.value, found.leak_high.value),
        threshold_lsb=Range(found.threshold_low.value, found.threshold_high.value),
    )
