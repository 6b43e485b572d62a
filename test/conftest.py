"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real recordings, which are not part of the repository."""
    default = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    folder = Path(os.environ.get("NEUROMORPHIC_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no recordings in {folder}; set NEUROMORPHIC_DATA to their folder")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Render first: at the end of a long run Mesa aborts the process when a context is made."""
    items.sort(key=lambda item: item.path.parent.name != "simulation")
