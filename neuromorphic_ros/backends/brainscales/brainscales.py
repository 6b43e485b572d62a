"""Compile networks for BrainScaleS-2: which engines there are, and what each needs."""

from __future__ import annotations

import importlib.util

from neuromorphic_ros.backends.brainscales.plan import plan
from neuromorphic_ros.backends.brainscales.runner import BrainScalesRunner
from neuromorphic_ros.backends.brainscales.spread import IDEAL, Spread
from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.snn.spec import NetworkSpec

# What each imports. The first is the fastest for networks of robots: docs/brainscales.md.
_IMPORTS = {
    "nest": ("pyNN", "nest"),
    "neuron": ("pyNN", "neuron", "nrnutils"),
    "brian2": ("pyNN", "brian2"),
    "brainscales2": ("pyNN", "pynn_brainscales"),
}
ENGINES = tuple(_IMPORTS)
"""PyNN's simulators, and the chip itself."""


def compile_brainscales(
    spec: NetworkSpec, options: Options, spread: Spread = IDEAL
) -> BrainScalesRunner:
    """Compile a network; spread: of the circuits that simulators have, drawn from its seed.

    Raises NetworkError that names everything that does not fit, BackendError if what the engine
    needs is not installed.
    """
    engine = options.engine or ENGINES[0]
    mapped = plan(spec)
    missing = [name for name in _IMPORTS[engine] if importlib.util.find_spec(name) is None]
    if missing:
        raise BackendError(
            f"backend 'brainscales', engine '{engine}': {', '.join(missing)} is not installed; "
            + (
                "run it in the container of BrainScaleS-2's software"
                if engine == "brainscales2"
                else "pip install 'neuromorphic_ros[pynn]', or make, installs it"
            )
        )
    return BrainScalesRunner(mapped, engine, spread)
