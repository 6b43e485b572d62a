"""The optional kinematic simulator, ir-sim, imported without its window."""

from __future__ import annotations

import contextlib
import importlib
import os
from types import ModuleType

from neuromorphic_ros.errors import BackendError


def load_irsim() -> ModuleType:
    """Import ir-sim.

    Raises BackendError if it is not installed.
    """
    try:
        matplotlib = importlib.import_module("matplotlib")
    except ModuleNotFoundError:
        raise _missing() from None
    backend = matplotlib.get_backend(auto_select=False)
    # On import it tries window systems one by one, prints each failure and leaves the last in use.
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        try:
            return importlib.import_module("irsim")
        except ModuleNotFoundError:
            raise _missing() from None
        finally:
            if backend is not None:
                matplotlib.use(backend)


def _missing() -> BackendError:
    return BackendError("this simulation needs ir-sim: pip install 'neuromorphic_ros[simulation]'")
