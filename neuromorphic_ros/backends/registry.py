"""The backends by name, with what works where."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from neuromorphic_ros.backends.base import Backend, Compile
from neuromorphic_ros.backends.brainscales.brainscales import ENGINES, compile_brainscales
from neuromorphic_ros.backends.brainscales.fit import examine as examine_brainscales
from neuromorphic_ros.backends.jetson import jetson
from neuromorphic_ros.backends.jetson.fit import examine as examine_jetson
from neuromorphic_ros.backends.loihi import loihi
from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.backends.truenorth import truenorth
from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.parameters import build

BACKENDS = {
    backend.name: backend
    for backend in (
        Backend(
            "jetson",
            "NVIDIA Jetson or any CPU, compiled streaming engine, torch on CUDA",
            here="works",
            on_hardware="works",
            hardware=("jetson_orin_nano", "jetson_nano", "desktop_cpu"),
            engines=tuple(jetson.ENGINES),
            examine=examine_jetson,
            compile=jetson.compile_jetson,
        ),
        Backend(
            "loihi",
            "Intel Loihi 2 in its integer arithmetic",
            here="works",
            on_hardware="not implemented",
            hardware=("loihi2",),
            engines=tuple(loihi.ENGINES),
            examine=loihi.examine,
            compile=loihi.compile_loihi,
        ),
        Backend(
            "brainscales",
            "BrainScaleS-2 through PyNN, on its simulators or the chip",
            here="works",
            on_hardware="needs hardware",
            engines=ENGINES,
            hardware=("brainscales2",),
            examine=examine_brainscales,
            compile=compile_brainscales,
        ),
        Backend(
            "truenorth",
            "IBM TrueNorth core simulator",
            here="works",
            on_hardware="not implemented",
            hardware=("truenorth",),
            engines=tuple(truenorth.ENGINES),
            examine=truenorth.examine,
            compile=truenorth.compile_truenorth,
        ),
    )
}


def backend(name: str) -> Backend:
    """Find a backend by name; raises BackendError that lists the known ones."""
    try:
        return BACKENDS[name]
    except KeyError:
        raise BackendError(
            f"backend '{name}' is unknown; there are {', '.join(BACKENDS)}"
        ) from None


def compiler(name: str, options: Mapping[str, Any]) -> Compile:
    """Return what compiles networks for a backend, with options by name.

    Raises BackendError if the backend is unknown or an option is wrong.
    """
    chosen, found = build(Options, options, f"backend '{name}'", BackendError), backend(name)
    found.check(chosen)
    return partial(found.compiled, options=chosen)
