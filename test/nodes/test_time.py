"""Clocks that jump, stand or lag."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import Robot, eventually

from .driving import TWIST_STAMPED, Lidar, drive, moves, wait_for_motion, write_network, write_scans

pytestmark = pytest.mark.ros


def test_a_recording_in_a_loop_makes_the_robot_move_each_time(robot: Robot, tmp_path: Path) -> None:
    seconds = 3
    bag = write_scans(tmp_path / "scans", seconds)
    commands = robot.listener.collect("cmd_vel", TWIST_STAMPED)
    clock = robot.listener.collect("/clock", "rosgraph_msgs/msg/Clock")
    process = robot.start("pipeline", {"network": write_network(tmp_path), "use_sim_time": True})
    robot.start("bag_player", {"path": bag, "wait_for": ["/scan"], "loop": True}, until="")

    def rounds() -> list[float]:
        """Return when the clock went back."""
        seconds = [item.message.clock.sec for item in clock]
        return [
            clock[index].at_s
            for index in range(1, len(seconds))
            if seconds[index] < seconds[index - 1]
        ]

    eventually(lambda: len(rounds()) >= 2, "two rounds are over")
    first, second = rounds()[:2]
    moving = [item.at_s for item in commands if moves(item.message)]
    share = sum(first < at_s < second for at_s in moving)
    assert share > 0.5 * seconds * 50
    assert process.is_alive
    assert int(robot.listener.status_values("pipeline: core")["late_spikes"]) == 0


def test_sensors_without_stamps_are_taken_as_fresh(robot: Robot, tmp_path: Path) -> None:
    robot.start("pipeline", {"network": write_network(tmp_path)})
    commands = robot.listener.collect("cmd_vel", TWIST_STAMPED)
    Lidar(robot.listener, stamped=False)
    eventually(lambda: commands and moves(commands[-1].message), "the robot moves")


@pytest.mark.parametrize("composed", [True, False], ids=["composed", "separate"])
def test_spikes_that_come_too_late_are_counted_dropped_and_reported(
    robot: Robot, tmp_path: Path, composed: bool
) -> None:
    driving = drive(robot, write_network(tmp_path), composed=composed)
    core = "pipeline" if composed else "spiking_core"
    driving.lidar.delay_ns = 400_000_000
    robot.listener.reports(f"{core}: core", "later than core.max_lateness_ms")
    assert int(robot.listener.status_values(f"{core}: core")["late_spikes"]) > 0
    driving.lidar.delay_ns = 0
    robot.listener.reports(f"{core}: core", "running")
    wait_for_motion(driving)


def test_without_a_clock_nothing_moves_and_the_reason_is_given(
    robot: Robot, tmp_path: Path
) -> None:
    robot.start("pipeline", {"network": write_network(tmp_path), "use_sim_time": True})
    commands = robot.listener.collect("cmd_vel", TWIST_STAMPED)
    Lidar(robot.listener)
    said = robot.listener.reports("pipeline: core", "/clock")
    assert "use_sim_time" in said
    assert not any(moves(item.message) for item in commands)
