"""Where there is no torch, whatever trains says how to get it, and the rest works."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import importlib, sys
sys.modules["torch"] = None
try:
    importlib.import_module(sys.argv[1])
except Exception as error:
    print(type(error).__name__, error)
"""


def imported(module: str) -> str:
    command = [sys.executable, "-c", SCRIPT, f"neuromorphic_ros.learning.{module}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


@pytest.mark.parametrize(
    "module", ["surrogate", "checkpoint", "goodness", "forward_forward", "scff"]
)
def test_training_says_how_to_get_torch(module: str) -> None:
    assert imported(module).startswith("BackendError training needs torch")


@pytest.mark.parametrize("module", ["samples", "classification"])
def test_evaluation_needs_none(module: str) -> None:
    assert imported(module) == ""
