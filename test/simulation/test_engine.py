from __future__ import annotations

import os
import subprocess
import sys

import pytest

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation import engine


def test_a_missing_mujoco_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mujoco", None)

    with pytest.raises(BackendError, match=r"pip install 'neuromorphic_ros\[simulation\]'"):
        engine.load_mujoco()


def test_without_opengl_only_the_camera_is_missing() -> None:
    pytest.importorskip("mujoco", reason="needs pip install 'neuromorphic_ros[simulation]'")
    program = """
from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation import engine

engine._GL_LIBRARIES = ("libabsent.so.1",)
from neuromorphic_ros.simulation.wheeled_robot import WheeledRobot

assert WheeledRobot(0, camera=False).scan().ranges.size == 360
try:
    WheeledRobot(0)
except BackendError as error:
    print(error)
"""
    environment = {name: value for name, value in os.environ.items() if name != "MUJOCO_GL"}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert "libegl1 libgl1" in done.stdout
