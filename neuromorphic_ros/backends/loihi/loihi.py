"""The backend Loihi 2: networks run by the engine that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from neuromorphic_ros.backends.base import DEFAULT, Runner
from neuromorphic_ros.backends.loihi.lava_engine import LavaEngine
from neuromorphic_ros.backends.loihi.quantisation import Quantised
from neuromorphic_ros.backends.loihi.runner import IntegerRunner
from neuromorphic_ros.backends.options import Options
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


def _lava(quantised: Quantised) -> LavaEngine:
    return LavaEngine(quantised.network, [each.population for each in quantised.populations])
