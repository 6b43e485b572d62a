from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("irsim", reason="needs pip install 'neuromorphic_ros[simulation]'")
pytest.importorskip("gymnasium", reason="needs pip install 'neuromorphic_ros[simulation]'")
pytest.importorskip("mujoco", reason="needs pip install 'neuromorphic_ros[simulation]'")

import robots

SCRIPT = Path(robots.__file__)


def printed(*arguments: str) -> str:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_scripts_get_the_figures_of_both_drivers() -> None:
    found = json.loads(printed("--worlds", "1", "--seed", "1005", "--task", "navigate", "--json"))
    assert set(found) == {"navigate"}
    ours, baseline = found["navigate"]["ours"], found["navigate"]["baseline"]
    assert {"success", "collisions", "time_s", "path_m", "pj_per_m"} <= ours.keys()
    assert {"success", "collisions", "time_s", "path_m"} <= baseline.keys()


def test_rows_are_for_people() -> None:
    found: dict[str, Any] = {
        "navigate": {"ours": {"success": 0.9, "pj_per_m": 5.0}, "baseline": {"success": 0.8}},
        "balance": {"episodes": 2, "baseline": {"episodes": 2}},
    }
    assert [tuple(row.values()) for row in robots.rows(found)] == [
        ("navigate", "success", 0.9, 0.8),
        ("navigate", "pj_per_m", 5.0, ""),
        ("balance", "episodes", 2, 2),
    ]


def test_what_is_not_known_is_null() -> None:
    assert robots.known({"a": [float("nan"), 1.0], "b": {"c": float("nan")}}) == {
        "a": [None, 1.0],
        "b": {"c": None},
    }


@pytest.mark.parametrize("arguments", [("--worlds", "0"), ("--seed", "-1"), ("--task", "fly")])
def test_what_cannot_be_measured_is_refused(arguments: tuple[str, str]) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        printed(*arguments)
    assert refused.value.returncode == 2
