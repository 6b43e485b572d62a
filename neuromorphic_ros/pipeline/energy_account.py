"""Counts of a running network to energy, per window and in total."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from neuromorphic_ros.energy.hardware_model import HardwareModel
from neuromorphic_ros.energy.price import price
from neuromorphic_ros.errors import HardwareModelError
from neuromorphic_ros.pipeline.messages import Fields, Measured, counts_of, energy_report
from neuromorphic_ros.pipeline.networks import find_hardware, hardware_names
from neuromorphic_ros.snn.counts import Counts

NOT_MEASURED = Measured()
ENERGY_TOTAL = "energy/total"
"""Topic of the total, an EnergyReport as those of `energy`."""


class Hardware(NamedTuple):
    """The hardware model that prices the counts and the one that prices the dense network."""

    model: HardwareModel
    baseline: HardwareModel


def priced_on(name: str, baseline: str = "") -> Hardware:
    """Return a hardware model by name with its baseline.

    baseline: name of another one; empty: the one that the model names.
    Raises HardwareModelError if one is unknown, or the baseline has no price of a dense network.
    """
    model = find_hardware(name)
    dense = find_hardware(baseline or model.baseline)
    if dense.prices.dense_mac is None:
        able = [each for each in hardware_names() if find_hardware(each).prices.dense_mac]
        raise HardwareModelError(
            f"baseline '{dense.name}' has no price of a dense multiply-accumulate; "
            f"there are {', '.join(able)}"
        )
    return Hardware(model, dense)


class EnergyAccount:
    """Price the PopulationRates of one network, window by window.

    A network is another one if its name is, if a population has another size, or if it has
    populations that it had not and lacks others: a variant of lower quality only lacks some. A core
    that starts anew with the same network goes on with its total.
    """

    def __init__(self, hardware: Hardware) -> None:
        """Start with an empty account."""
        self._hardware = hardware
        self._network = ""
        self._total: Counts | None = None
        self._total_s = 0.0
        self._stamp_ns = 0
        self._measured: Measured | None = None
        self._ended: Fields | None = None

    def reset(self) -> None:
        """Begin a new total of the same network."""
        if self._total is not None:
            self._total = self._total.since(self._total)
        self._total_s = 0.0
        self._measured = _none_of(self._measured) if self._measured else None

    @property
    def counts(self) -> Counts | None:
        """Counts since the start or the last reset; none: nothing was counted."""
        return self._total

    @property
    def window_s(self) -> float:
        """How long `counts` were taken [s]."""
        return self._total_s

    @property
    def ended(self) -> Fields | None:
        """Total of the network before, if the last window was the first of another network."""
        return self._ended

    def begins_with(self, rates: Any) -> bool:
        """Tell whether a PopulationRates is the first of a total of its network."""
        total = self._total
        return total is None or rates.network != self._network or _is_other(total, counts_of(rates))

    def add(self, rates: Any, stamp_ns: int, measured: Measured = NOT_MEASURED) -> Fields:
        """Add a PopulationRates and return the EnergyReport of its window.

        Another network than before begins a new total. measured: energy by a meter since the
        window before; the total is not known if that of one window is not.
        """
        counts, window_s = counts_of(rates), float(rates.window_s)
        self._ended = None
        before, total = self._measured, self._total
        if self.begins_with(rates):
            self._ended = self.total()
            before, total, self._total_s = None, None, 0.0
        before = before or _none_of(measured)
        self._network = rates.network
        self._total = counts if total is None else total.plus(counts)
        self._total_s += window_s
        self._stamp_ns = stamp_ns
        self._measured = measured._replace(
            energy_j=before.energy_j + measured.energy_j,
            seconds=before.seconds + measured.seconds,
        )
        return self._report(counts, window_s, measured)

    def total(self) -> Fields | None:
        """Return the EnergyReport since the start or the last reset; none: nothing was counted."""
        if self._total is None or self._measured is None:
            return None
        return self._report(self._total, self._total_s, self._measured)

    def _report(self, counts: Counts, window_s: float, measured: Measured) -> Fields:
        priced = price(counts, window_s, self._hardware.model, self._hardware.baseline)
        return energy_report(self._network, counts, window_s, priced, self._stamp_ns, measured)


def report_values(report: Fields) -> dict[str, object]:
    """Return what the diagnostics should say of an EnergyReport."""
    joules = ("measured_j", "idle_j", "above_idle_j")
    known = {name: f"{report[name]:.3f}" for name in joules if not math.isnan(report[name])}
    return {
        "network": report["network"],
        "total_pj": f"{report['total_pj']:.0f}",
        "lower_bound": report["lower_bound"],
        "grade": report["grade"],
        "meter": report["meter"],
        **{name: known.get(name, NOT_MEASURED.meter) for name in joules},
    }


def total_words(total: Fields) -> str:
    """Return a total as a line of text."""
    bound = "at least " if total["lower_bound"] else ""
    joules = f"{total['measured_j']:.3g} J by {total['meter']}"
    return (
        f"network '{total['network']}': {total['window_s']:.1f} s, {total['ticks']} ticks, "
        f"{total['spikes']} spikes, {bound}{total['total_pj']:.3g} pJ priced on "
        f"{total['hardware']}; measured: "
        f"{'not known' if math.isnan(total['measured_j']) else joules}"
    )


def _none_of(measured: Measured) -> Measured:
    """Return the energy of no time by the same meter."""
    known = measured.meter != NOT_MEASURED.meter
    return measured._replace(energy_j=0.0, seconds=0.0) if known else NOT_MEASURED


def _is_other(total: Counts, counts: Counts) -> bool:
    known, new = (dict(zip(each.names, each.sizes, strict=True)) for each in (total, counts))
    resized = any(known[name] != new[name] for name in known.keys() & new.keys())
    return resized or not (known.keys() <= new.keys() or new.keys() <= known.keys())
