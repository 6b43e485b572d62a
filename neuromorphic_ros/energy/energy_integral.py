"""Readings of a meter to energy: trapezoids of power, differences of counters."""

from __future__ import annotations

import math
from typing import NamedTuple

from neuromorphic_ros.energy.meter import Reading

MAX_GAP_S = 2.0
TOTAL = "total"


class Span(NamedTuple):
    """Energy over a span of time [J] and its length [s]; NaN: not known for a part of it."""

    energy_j: float = math.nan
    seconds: float = math.nan

    @property
    def mean_w(self) -> float:
        """Mean power [W]; NaN: not known."""
        return self.energy_j / self.seconds


class EnergyState(NamedTuple):
    """Energy since the first reading [J], and for how long it was known and not known [s]."""

    last: Reading | None = None
    energy_j: float = 0.0
    measured_s: float = 0.0
    unmeasured_s: float = 0.0

    def since(self, earlier: EnergyState) -> Span:
        """Return the energy after `earlier`."""
        if self.unmeasured_s > earlier.unmeasured_s or self.measured_s <= earlier.measured_s:
            return Span()
        return Span(self.energy_j - earlier.energy_j, self.measured_s - earlier.measured_s)


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


def power_w(before: Reading | None, after: Reading) -> dict[str, float]:
    """Return the power by source [W], and TOTAL if it is known.

    That of `after`; of a source that counts energy alone, the mean since `before`.
    """
    power = dict(after.power_w)
    seconds = (after.stamp_ns - before.stamp_ns) / 1e9 if before else 0.0
    if before and seconds > 0:
        for source in after.energy_j.keys() - power.keys():
            joules = _source_j(before, after, source, seconds)
            if not math.isnan(joules):
                power[source] = joules / seconds
    total_w = after._replace(power_w=power).total_w
    return power if total_w is None else power | {TOTAL: total_w}


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
