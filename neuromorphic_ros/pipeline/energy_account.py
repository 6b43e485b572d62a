"""Counts of a running network to energy, per window and in total."""

from __future__ import annotations

from typing import Any, NamedTuple

from neuromorphic_ros.energy.hardware_model import HardwareModel
from neuromorphic_ros.energy.price import price
from neuromorphic_ros.pipeline.messages import Fields, counts_of, energy_report
from neuromorphic_ros.snn.counts import Counts


class Hardware(NamedTuple):
    """The hardware model that prices the counts and the one that prices the dense network."""

    model: HardwareModel
    baseline: HardwareModel


class EnergyAccount:
    """Price the PopulationRates of one network, window by window."""

    def __init__(self, hardware: Hardware) -> None:
        """Start with an empty account."""
        self._hardware = hardware
        self.reset()

    def reset(self) -> None:
        """Begin a new total."""
        self._network = ""
        self._total: Counts | None = None
        self._total_s = 0.0
        self._stamp_ns = 0

    def add(self, rates: Any, stamp_ns: int) -> Fields:
        """Add a PopulationRates and return the EnergyReport of its window.

        Another network than before begins a new total.
        """
        counts = counts_of(rates)
        if self._total is None or rates.network != self._network:
            self.reset()
            self._total = counts
        else:
            self._total = self._total.plus(counts)
        self._network = rates.network
        self._total_s += float(rates.window_s)
        self._stamp_ns = stamp_ns
        return self._report(counts, float(rates.window_s))

    def total(self) -> Fields | None:
        """Return the EnergyReport since the start or the last reset; none: nothing was counted."""
        return None if self._total is None else self._report(self._total, self._total_s)

    def _report(self, counts: Counts, window_s: float) -> Fields:
        priced = price(counts, window_s, self._hardware.model, self._hardware.baseline)
        name = self._hardware.model.name
        return energy_report(self._network, name, counts, window_s, priced, self._stamp_ns)
