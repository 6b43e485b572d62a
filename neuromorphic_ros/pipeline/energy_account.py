"""Counts of a running network to energy, per window and in total."""

from __future__ import annotations

from typing import Any, NamedTuple

from neuromorphic_ros.energy.hardware_model import HardwareModel
from neuromorphic_ros.energy.price import price
from neuromorphic_ros.errors import HardwareModelError
from neuromorphic_ros.pipeline.messages import Fields, Measured, counts_of, energy_report
from neuromorphic_ros.pipeline.networks import find_hardware, hardware_names
from neuromorphic_ros.snn.counts import Counts

NOT_MEASURED = Measured()


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
        self._measured: Measured | None = None

    @property
    def counts(self) -> Counts | None:
        """Counts since the start or the last reset; none: nothing was counted."""
        return self._total

    @property
    def window_s(self) -> float:
        """How long `counts` were taken [s]."""
        return self._total_s

    def add(self, rates: Any, stamp_ns: int, measured: Measured = NOT_MEASURED) -> Fields:
        """Add a PopulationRates and return the EnergyReport of its window.

        Another network than before begins a new total. measured: energy by a meter since the
        window before; the total is not known if that of one window is not.
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
        before = self._measured or Measured(0.0)
        self._measured = measured._replace(energy_j=before.energy_j + measured.energy_j)
        return self._report(counts, float(rates.window_s), measured)

    def total(self) -> Fields | None:
        """Return the EnergyReport since the start or the last reset; none: nothing was counted."""
        if self._total is None or self._measured is None:
            return None
        return self._report(self._total, self._total_s, self._measured)

    def _report(self, counts: Counts, window_s: float, measured: Measured) -> Fields:
        priced = price(counts, window_s, self._hardware.model, self._hardware.baseline)
        return energy_report(self._network, counts, window_s, priced, self._stamp_ns, measured)
