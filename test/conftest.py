"""Fixtures shared by all tests."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation.engine import load_mujoco

# Before a test module imports mujoco itself, which could then render only on a display.
with contextlib.suppress(BackendError):
    load_mujoco()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real recordings, which are not part of the repository."""
    default = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    folder = Path(os.environ.get("NEUROMORPHIC_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no recordings in {folder}; set NEUROMORPHIC_DATA to their folder")
    return folder
