"""What becomes of a network on each kind of hardware: whether it fits, what it costs and loses."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from neuromorphic_ros.backends.base import Backend
from neuromorphic_ros.backends.fit import Fit
from neuromorphic_ros.energy.price import Price, price
from neuromorphic_ros.errors import BackendError, NetworkError
from neuromorphic_ros.pipeline.energy_account import priced_on
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.tick_spikes import TickSpikes

TICKS = 100
ACTIVITY = 0.02
"""Share of the channels that spike in a tick, when nothing else is said."""


class Survey(NamedTuple):
    """Of a network on one backend.

    priced: the 100 ticks on `hardware`; none: it was not run, and `not_run` says why.
    latency_ms: from the end of what is sensed to the spikes that are read out.
    """

    backend: Backend
    hardware: str
    fit: Fit
    priced: Price | None
    latency_ms: float
    not_run: str

    @property
    def energy_pj_per_tick(self) -> float:
        """Energy of a tick with static power, as far as prices are published; NaN: not known."""
        return self.priced.total_pj / TICKS if self.priced else math.nan


def survey(spec: NetworkSpec, backend: Backend, activity: float = ACTIVITY) -> Survey:
    """Map a network, and run it for 100 ticks on input drawn from its seed.

    activity: share of the channels that spike in a tick, 0 to 1.
    """
    fit, hardware = backend.examine(spec), backend.hardware[0]
    latency_ms = fit.details.get("latency_ms", (1 + _lag(spec, fit)) * spec.dt_ms)
    if not fit.fits:
        return Survey(backend, hardware, fit, None, latency_ms, "it does not fit")
    try:
        priced = _priced(spec, backend, hardware, activity)
    except (BackendError, NetworkError) as refused:
        return Survey(backend, hardware, fit, None, latency_ms, str(refused))
    return Survey(backend, hardware, fit, priced, latency_ms, "")


def document(found: Survey) -> dict[str, Any]:
    """Return a survey as JSON has it; null: not known."""
    fit, priced = found.fit, found.priced
    return {
        "status": found.backend.here,
        "on_hardware": found.backend.on_hardware,
        "hardware": found.hardware,
        "engines": list(found.backend.engines),
        "fits": fit.fits,
        "cores": fit.cores,
        "cores_available": fit.cores_available,
        "weight_bits": fit.weight_bits,
        "weight_error": _known(fit.weight_error),
        "energy_pj_per_tick": _known(found.energy_pj_per_tick),
        "dynamic_pj_per_tick": priced.dynamic_pj / TICKS if priced else None,
        "energy_missing": list(priced.missing) if priced else [],
        "energy_grade": priced.grade if priced else "",
        "not_run": found.not_run,
        "latency_ms": found.latency_ms,
        "lag_ticks": dict(fit.lag_ticks),
        "details": dict(fit.details),
        "reasons": list(fit.reasons),
    }


def drawn(spec: NetworkSpec, activity: float, ticks: int) -> TickSpikes:
    """Draw spikes of all channels from the seed of a network, `activity` of them in a tick."""
    generator = np.random.default_rng((spec.seed, 3))
    number = generator.binomial(spec.channels, activity, ticks)
    address = [
        np.sort(generator.choice(spec.channels, each, replace=False)).astype(np.uint32)
        for each in number
    ]
    first = np.concatenate(([0], np.cumsum(number))).astype(np.int64)
    return TickSpikes(np.concatenate([np.empty(0, np.uint32), *address]), first)


def _priced(spec: NetworkSpec, backend: Backend, hardware: str, activity: float) -> Price:
    runner = backend.compiled(spec)
    runner.run(drawn(spec, activity, TICKS))
    priced = priced_on(hardware)
    window_s = TICKS * spec.dt_ms / 1e3
    return price(runner.counts(), window_s, priced.model, priced.baseline)


def _lag(spec: NetworkSpec, fit: Fit) -> int:
    """Return by how much the latest population that is read out lags, or of all if none is."""
    read = [readout.population for readout in spec.readouts] or [
        each.name for each in spec.populations
    ]
    return max(fit.lag_ticks.get(name, 0) for name in read)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
