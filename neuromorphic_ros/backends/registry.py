"""The backends by name, with what works where."""

from __future__ import annotations

from neuromorphic_ros.backends.base import Backend
from neuromorphic_ros.backends.truenorth.runner import TrueNorthRunner
from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.snn.streaming import StreamingNetwork

BACKENDS = {
    backend.name: backend
    for backend in (
        Backend(
            "jetson",
            "NVIDIA Jetson or any CPU, compiled streaming engine",
            here="works",
            on_hardware="works",
            compile=StreamingNetwork,
        ),
        Backend(
            "loihi",
            "Intel Loihi 2 through Lava",
            here="not implemented",
            on_hardware="not implemented",
            compile=None,
        ),
        Backend(
            "brainscales",
            "BrainScaleS-2 through PyNN",
            here="not implemented",
            on_hardware="not implemented",
            compile=None,
        ),
        Backend(
            "truenorth",
            "IBM TrueNorth core simulator",
            here="works",
            on_hardware="not implemented",
            compile=TrueNorthRunner,
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
