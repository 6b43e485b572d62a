"""The backend TrueNorth: how networks fit, and the engine that is asked for to run them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from neuromorphic_ros.backends.base import DEFAULT, Runner
from neuromorphic_ros.backends.fit import Fit
from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.backends.truenorth import mapping
from neuromorphic_ros.backends.truenorth.chip import CORES, WEIGHT_BITS
from neuromorphic_ros.backends.truenorth.placement import place, use
from neuromorphic_ros.backends.truenorth.runner import TrueNorthRunner
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.spec import NetworkSpec

ENGINES: Mapping[str, Callable[[NetworkSpec], Runner]] = {"simulator": TrueNorthRunner}
"""What can run a network, the first by default."""


def compile_truenorth(spec: NetworkSpec, options: Options = DEFAULT) -> Runner:
    """Compile a network for one of ENGINES.

    Raises NetworkError that names what does not fit, its limit and a way out.
    """
    return ENGINES[options.engine or next(iter(ENGINES))](spec)


def examine(spec: NetworkSpec) -> Fit:
    """Tell how a network fits; what does not is in the reasons, and nothing is raised."""
    try:
        made = mapping.map_network(spec)
    except NetworkError as refused:
        reasons = mapping.refusals(spec) or (str(refused),)
        return Fit(0, CORES, WEIGHT_BITS, math.nan, {}, {"tick_ms": spec.dt_ms}, reasons)
    lost = sum((each.loss.weight * each.loss.weight_norm) ** 2 for each in made.populations)
    whole = sum(each.loss.weight_norm**2 for each in made.populations)
    return Fit(
        cores=len(made.cores),
        cores_available=CORES,
        weight_bits=WEIGHT_BITS,
        weight_error=math.sqrt(lost / whole) if whole else 0.0,
        lag_ticks={each.name: each.lag_ticks for each in made.populations},
        details=_details(made),
        reasons=(),
    )


def _details(made: mapping.Mapping) -> dict[str, Any]:
    """Return what else is known; shares are from 0 to 1, and of the cores in use."""
    taken = use(made, place(len(made.cores)))
    return {
        "tick_ms": made.spec.dt_ms,
        "axons_share": taken.axons,
        "neurons_share": taken.neurons,
        "synapses_share": taken.synapses,
        "hops_mean": taken.hops_mean,
        "hops_most": taken.hops_most,
        "copies": made.copies,
        "splitters": made.splitters,
        "accumulators": made.accumulators,
        "slowed": [each._asdict() for each in made.slowed],
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
            for each in made.populations
        },
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
