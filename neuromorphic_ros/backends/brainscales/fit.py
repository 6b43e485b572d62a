"""How a network fits a chip of BrainScaleS-2, and what it loses there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from neuromorphic_ros.backends.brainscales.chip import chip
from neuromorphic_ros.backends.brainscales.plan import Plan, attempt
from neuromorphic_ros.backends.brainscales.pynn_network import LEAD_STEPS
from neuromorphic_ros.backends.fit import Fit
from neuromorphic_ros.snn.spec import NetworkSpec

# Of robot time: what is collected before it is played, once per decision.
WINDOW_MS = 20.0


def examine(spec: NetworkSpec) -> Fit:
    """Tell how a network fits a chip; its cores are two arrays of synapses with their neurons."""
    plan, reasons = attempt(spec)
    limits = chip()
    bits = limits.largest_weight.bit_length()
    if plan is None:
        cores = -(-spec.neurons * limits.halves // limits.neurons)
        return Fit(cores, limits.halves, bits, math.nan, {}, {}, reasons)
    return Fit(
        cores=len(plan.arrays),
        cores_available=limits.halves,
        weight_bits=bits,
        weight_error=plan.weight_error,
        lag_ticks=lags(plan),
        details=_details(plan),
        reasons=(),
    )


def lags(plan: Plan) -> Mapping[str, int]:
    """Return how many whole ticks later than in float each population fires.

    The host plays a spike after the begin of its tick. Then every layer takes the delay of a
    connection and the rise of a synapse; a delay that the network has too is not late.
    """
    spec = plan.spec
    late_us = {source.name: LEAD_STEPS * plan.step_us for source in spec.inputs}
    for population in spec.execution_order():
        rise_us = float(np.max(plan.cells[population.name].tau_syn_us))
        ways = [0.0]
        for projection in spec.projections:
            pre = spec.end(projection.pre).name
            if spec.end(projection.post).name == population.name and pre in late_us:
                inside = not any(source.name == pre for source in spec.inputs)
                told_us = projection.delay_ticks * plan.tick_us if inside else 0.0
                ways.append(late_us[pre] + chip().delay_us + rise_us - told_us)
        late_us[population.name] = max(ways)
    return {
        population.name: int(late_us[population.name] / plan.tick_us)
        for population in spec.execution_order()
    }


def _details(plan: Plan) -> Mapping[str, Any]:
    played_ms = (WINDOW_MS + 1e-3 * plan.history_us * plan.speed_up) / plan.speed_up
    return {
        "neurons": plan.spec.neurons,
        "sources": plan.sources.number,
        "synapses": sum(each.synapses for each in plan.arrays),
        "rows": [each.rows for each in plan.arrays],
        "speed_up": plan.speed_up,
        "tick_us": plan.tick_us,
        "history_us": plan.history_us,
        "window_ms": WINDOW_MS,
        "played_ms": played_ms,
        "latency_ms": WINDOW_MS + played_ms,
        "saturated": {
            f"{name}.{parameter}": {"wanted": _finite(wanted), "set": kept}
            for name, each in plan.saturated.items()
            for parameter, (wanted, kept) in each.items()
        },
        "lost": {name: list(each) for name, each in plan.lost.items() if each},
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
