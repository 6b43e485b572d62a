"""Marks the tests that need Lava."""

from __future__ import annotations

import importlib.util

import pytest

needs_lava = pytest.mark.skipif(
    importlib.util.find_spec("lava") is None, reason="Lava is not installed; `make lava` does it"
)
