"""Tell how a network fits on TrueNorth: what it takes, what it loses, and why it does not."""

from __future__ import annotations

import math
from typing import Any

from neuromorphic_ros.backends.fit import Fit
from neuromorphic_ros.backends.truenorth.chip import CORES, WEIGHT_BITS
from neuromorphic_ros.backends.truenorth.mapping import Mapping, map_network, refusals
from neuromorphic_ros.backends.truenorth.placement import place, use
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.spec import NetworkSpec


def examine(spec: NetworkSpec) -> Fit:
    """Tell how a network fits; what does not is in the reasons, and nothing is raised."""
    try:
        mapping = map_network(spec)
    except NetworkError as refused:
        reasons = refusals(spec) or (str(refused),)
        return Fit(0, CORES, WEIGHT_BITS, math.nan, {}, {"tick_ms": spec.dt_ms}, reasons)
    lost = sum((each.loss.weight * each.loss.weight_norm) ** 2 for each in mapping.populations)
    whole = sum(each.loss.weight_norm**2 for each in mapping.populations)
    return Fit(
        cores=len(mapping.cores),
        cores_available=CORES,
        weight_bits=WEIGHT_BITS,
        weight_error=math.sqrt(lost / whole) if whole else 0.0,
        lag_ticks={each.name: each.lag_ticks for each in mapping.populations},
        details=_details(mapping),
        reasons=(),
    )


def _details(mapping: Mapping) -> dict[str, Any]:
    """Return what else is known; shares are from 0 to 1, and of the cores in use."""
    taken = use(mapping, place(len(mapping.cores)))
    return {
        "tick_ms": mapping.spec.dt_ms,
        "axons_share": taken.axons,
        "neurons_share": taken.neurons,
        "synapses_share": taken.synapses,
        "hops_mean": taken.hops_mean,
        "hops_most": taken.hops_most,
        "copies": mapping.copies,
        "splitters": mapping.splitters,
        "accumulators": mapping.accumulators,
        "slowed": [each._asdict() for each in mapping.slowed],
        "populations": {
            each.name: {
                "weight_error": each.loss.weight,
                "threshold_error": each.loss.threshold,
                "leak_error": each.loss.leak,
                "rate_error": each.loss.rate,
                "fan_out": each.fan_out,
                "axons_per_source": _known(each.axons_per_source),
                "relative_refractory": each.relative_refractory,
            }
            for each in mapping.populations
        },
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
