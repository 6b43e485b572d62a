from __future__ import annotations

import sys

import pytest

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation.irsim_engine import load_irsim


def test_a_simulator_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "irsim", None)
    with pytest.raises(BackendError, match=r"needs ir-sim: pip install"):
        load_irsim()
