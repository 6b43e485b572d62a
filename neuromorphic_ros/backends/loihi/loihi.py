"""The backend Loihi 2: how networks fit, and the engine that is asked for to run them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from neuromorphic_ros.backends.base import DEFAULT, Runner
from neuromorphic_ros.backends.fit import Fit
from neuromorphic_ros.backends.loihi.chip import chip
from neuromorphic_ros.backends.loihi.lava_engine import LavaEngine
from neuromorphic_ros.backends.loihi.neuron import INPUT_SHIFT, STATE_LIMIT
from neuromorphic_ros.backends.loihi.quantisation import Misfit, Quantised, quantise
from neuromorphic_ros.backends.loihi.runner import IntegerRunner
from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.snn.learned_weights import projection_names
from neuromorphic_ros.snn.spec import NetworkSpec

ENGINES: Mapping[str, Callable[[NetworkSpec], Runner]] = {
    "integer": IntegerRunner,
    "lava": lambda spec: IntegerRunner(spec, _lava),
}
"""What can run a network, the first by default."""


def compile_loihi(spec: NetworkSpec, options: Options = DEFAULT) -> Runner:
    """Compile a network for one of ENGINES.

    Raises NetworkError that names everything that does not fit, its limit and a way out, and
    BackendError if Lava is to run it and is not installed.
    """
    return ENGINES[options.engine or next(iter(ENGINES))](spec)


def examine(spec: NetworkSpec) -> Fit:
    """Tell how a valid network fits, whether it does or not.

    details: `lava_lif`, whether neurons are those of Lava, which engine `lava` needs, and by
    population what they do `beyond_lava`. Of what fits, `message_bits` of what channels carry,
    `synapses`, by population the `threshold` in weight units and what `most_thresholds` its
    membrane holds, and by projection the relative `weight_error`, the share of `lost_weights`, the
    `delay_ticks` from a spike to its effect, and by how many of these it is `late_ticks`.
    """
    try:
        found = quantise(spec)
    except Misfit as misfit:
        return _fit(0, math.nan, {}, {}, misfit.reasons)
    return _fit(
        cores=len(found.cores),
        weight_error=found.weight_error,
        lag_ticks=found.timing.lag_ticks,
        details=_details(spec, found),
        reasons=(),
    )


def _fit(
    cores: int,
    weight_error: float,
    lag_ticks: Mapping[str, int],
    details: Mapping[str, Any],
    reasons: tuple[str, ...],
) -> Fit:
    return Fit(
        cores=cores,
        cores_available=chip().cores.value,
        weight_bits=chip().weight.value,
        weight_error=weight_error,
        lag_ticks=lag_ticks,
        details=details,
        reasons=reasons,
    )


def _details(spec: NetworkSpec, found: Quantised) -> dict[str, Any]:
    names = [population.name for population in spec.execution_order()]
    beyond = {
        name: list(fixed.beyond_lava)
        for name, fixed in zip(names, found.network.populations, strict=True)
        if fixed.beyond_lava
    }
    return {
        "lava_lif": not beyond,
        "beyond_lava": beyond,
        "message_bits": found.network.message_bits,
        "synapses": sum(core.synapses for core in found.cores),
        "populations": {
            each.population: {
                "threshold": each.threshold,
                "most_thresholds": STATE_LIMIT / (each.threshold << INPUT_SHIFT),
            }
            for each in found.populations
        },
        "projections": {
            name: {
                "weight_error": each.rms,
                "lost_weights": each.lost,
                "delay_ticks": takes,
                "late_ticks": late,
            }
            for name, each, takes, late in zip(
                projection_names(spec.projections),
                found.projections,
                found.timing.takes_ticks,
                found.timing.late_ticks,
                strict=True,
            )
        },
    }


def _lava(quantised: Quantised) -> LavaEngine:
    return LavaEngine(quantised.network, [each.population for each in quantised.populations])
