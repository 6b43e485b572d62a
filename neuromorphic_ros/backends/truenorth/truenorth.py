"""The backend TrueNorth: networks run by the engine that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from neuromorphic_ros.backends.base import DEFAULT, Runner
from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.backends.truenorth.runner import TrueNorthRunner
from neuromorphic_ros.snn.spec import NetworkSpec

ENGINES: Mapping[str, Callable[[NetworkSpec], Runner]] = {"simulator": TrueNorthRunner}
"""What can run a network, the first by default."""


def compile_truenorth(spec: NetworkSpec, options: Options = DEFAULT) -> Runner:
    """Compile a network for one of ENGINES.

    Raises NetworkError that names what does not fit, its limit and a way out.
    """
    return ENGINES[options.engine or next(iter(ENGINES))](spec)
