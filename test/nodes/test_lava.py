"""Lava runs the network of a live node, and ends with it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest
from harness import NodeProcess, Robot
from lava_installed import needs_lava

from .driving import Drive, drive, stopped_after, wait_for_motion, write_network

pytestmark = [pytest.mark.ros, needs_lava]


def lava_drives(robot: Robot, folder: Path) -> tuple[Drive, NodeProcess, list[psutil.Process]]:
    """Start a node that drives by a network in Lava; returns Lava's processes too."""
    network = write_network(folder)
    # A tick takes Lava milliseconds.
    network.write_text(network.read_text().replace("dt_ms: 1.0", "dt_ms: 20.0"))
    driving = drive(robot, network, {"backend": "loihi", "engine": "lava"}, composed=True)
    node = driving.processes["pipeline"]
    processes = psutil.Process(node.pid).children(recursive=True)
    assert len(processes) > 5
    return driving, node, processes


def all_gone(processes: list[psutil.Process]) -> bool:
    """Wait some seconds for the end of processes."""
    return not psutil.wait_procs(processes, timeout=20)[1]


def test_the_robot_stops_if_lava_dies_and_drives_after_a_new_configuration(
    robot: Robot, tmp_path: Path
) -> None:
    driving, node, processes = lava_drives(robot, tmp_path)
    host = psutil.Process(node.pid).children()[0]
    os.kill(host.pid, signal.SIGKILL)
    stopped_after(driving.commands, time.monotonic())
    robot.listener.reports("pipeline: core", "Lava has ended")
    for transition in ("deactivate", "cleanup"):
        assert robot.listener.transition("pipeline", transition)
    assert all_gone(processes)
    for transition in ("configure", "activate"):
        assert robot.listener.transition("pipeline", transition)
    wait_for_motion(driving)
    processes = psutil.Process(node.pid).children(recursive=True)
    assert robot.stop(node) == 0
    assert all_gone(processes)


def test_lava_ends_with_a_node_that_is_killed(robot: Robot, tmp_path: Path) -> None:
    _, node, processes = lava_drives(robot, tmp_path)
    node.signal(signal.SIGKILL)
    assert all_gone(processes)
