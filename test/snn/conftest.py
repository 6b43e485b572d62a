"""Brian2 as the reference."""

from __future__ import annotations

from typing import Any

import pytest

from .neurons.stepping import DT_MS


@pytest.fixture
def brian() -> Any:
    """Return Brian2 with a clock of `DT_MS`, interpreted: to compile takes longer than to run."""
    import brian2

    brian2.prefs.codegen.target = "numpy"
    brian2.start_scope()
    brian2.defaultclock.dt = DT_MS * brian2.ms
    return brian2
