"""Readings of a meter to energy: trapezoids of power, differences of counters."""

from __future__ import annotations

import math
from typing import NamedTuple

from neuromorphic_ros.energy.meter import Reading

MAX_GAP_S = 2.0


class EnergySplit(NamedTuple):
    """Energy of a span [J]: all, what idling would have taken, and what is above (may be below 0).

    NaN where it is not known.
    """

    energy_j: float
    idle_j: float
    above_idle_j: float


class EnergyState(NamedTuple):
    """Energy since the first reading [J], and for how long it was known and not known [s]."""

    last: Reading | None = None
    energy_j: float = 0.0
    measured_s: float = 0.0
    unmeasured_s: float = 0.0

    def since(self, earlier: EnergyState) -> float:
        """Return the energy after `earlier` [J]; NaN: for a part of that time it is not known."""
        if self.unmeasured_s > earlier.unmeasured_s or self.measured_s <= earlier.measured_s:
            return math.nan
        return self.energy_j - earlier.energy_j

    def mean_w(self, earlier: EnergyState) -> float:
        """Return the mean power after `earlier` [W], as that of a span of idling; NaN: unknown."""
        energy_j = self.since(earlier)
        return (
            energy_j if math.isnan(energy_j) else energy_j / (self.measured_s - earlier.measured_s)
        )

    def split(self, earlier: EnergyState, idle_w: float) -> EnergySplit:
        """Divide the energy after `earlier` by a power of idling [W], NaN if that is not known."""
        energy_j = self.since(earlier)
        known = not math.isnan(energy_j)
        idle_j = idle_w * (self.measured_s - earlier.measured_s) if known else math.nan
        return EnergySplit(energy_j, idle_j, energy_j - idle_j)


def integrate(state: EnergyState, reading: Reading | None, stamp_ns: int) -> EnergyState:
    """Add a reading at `stamp_ns`; none: the meter could not be read.

    Power is not known over a gap of more than MAX_GAP_S; counters go on meanwhile. A total of which
    a source is missing at either end is not known: never a smaller one.
    """
    last = state.last
    if reading is None:
        return state if last is None else _unknown(state, stamp_ns, None)
    if last is None:
        return state._replace(last=reading)
    seconds = (reading.stamp_ns - last.stamp_ns) / 1e9
    if seconds <= 0:
        return state._replace(last=reading)
    added_j = math.fsum(_source_j(last, reading, source, seconds) for source in reading.total)
    if not reading.total or last.total != reading.total or math.isnan(added_j):
        return _unknown(state, stamp_ns, reading)
    return state._replace(
        last=reading, energy_j=state.energy_j + added_j, measured_s=state.measured_s + seconds
    )


def _source_j(before: Reading, after: Reading, source: str, seconds: float) -> float:
    if source in before.energy_j and source in after.energy_j:
        added_j = after.energy_j[source] - before.energy_j[source]
        # A counter that goes back was begun anew in between, as by the reload of a driver.
        return added_j if added_j >= 0 else math.nan
    if source in before.power_w and source in after.power_w and seconds <= MAX_GAP_S:
        return (before.power_w[source] + after.power_w[source]) / 2 * seconds
    return math.nan


def _unknown(state: EnergyState, stamp_ns: int, reading: Reading | None) -> EnergyState:
    assert state.last is not None
    seconds = max(0.0, (stamp_ns - state.last.stamp_ns) / 1e9)
    # Without a reading the gap goes on from here: its beginning is known, its end is not.
    last = reading or Reading(stamp_ns, {}, {}, ())
    return state._replace(last=last, unmeasured_s=state.unmeasured_s + seconds)
