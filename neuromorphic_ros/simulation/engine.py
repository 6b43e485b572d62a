"""The optional physics engine, mujoco, imported so that it can render without a display."""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
from types import ModuleType

from neuromorphic_ros.errors import BackendError

_GL_LIBRARIES = ("libEGL.so.1", "libGL.so.1")


def load_mujoco() -> ModuleType:
    """Import mujoco.

    Raises BackendError if it is not installed.
    """
    # mujoco reads MUJOCO_GL once, on import, and fails there if the libraries of its choice are
    # missing, although only the camera needs them.
    if sys.platform == "linux" and "mujoco" not in sys.modules:
        os.environ.setdefault("MUJOCO_GL", "egl" if _has_gl() else "disable")
    try:
        return importlib.import_module("mujoco")
    except ModuleNotFoundError:
        raise BackendError(
            "the simulation needs mujoco: pip install 'neuromorphic_ros[simulation]'"
        ) from None


def _has_gl() -> bool:
    try:
        for library in _GL_LIBRARIES:
            ctypes.CDLL(library)
    except OSError:
        return False
    return True
