"""Whatever goes wrong, cmd_vel is zero in time, then silent, and comes back by itself."""

from __future__ import annotations

import itertools
import signal
import sys
import time
from pathlib import Path

import pytest
from harness import Robot, eventually

from .driving import (
    DRIVE,
    INPUT_TIMEOUT_S,
    SCAN_HZ,
    SLACK_S,
    TROUBLE,
    TWIST,
    TWIST_STAMPED,
    Drive,
    Lidar,
    drive,
    moves,
    speed,
    stopped_after,
    wait_for_motion,
    write_network,
    write_scans,
)

pytestmark = pytest.mark.ros

# On top of the timeout: the guard looks every 10 ms, decisions come every 20 ms.
REACTION_S = 0.15
FAILING_NODE = Path(__file__).with_name("failing_node.py")


def tell(what: str, seconds: float) -> None:
    print(f"zero {1000 * seconds:.0f} ms after {what}")


def test_motion_stops_when_the_lidar_falls_silent_and_goes_on_with_it(driving: Drive) -> None:
    since_s = driving.lidar.stop()
    taken_s = stopped_after(driving.commands, since_s)
    tell("the last scan", taken_s)
    assert taken_s < INPUT_TIMEOUT_S + REACTION_S + SLACK_S
    driving.robot.listener.reports(driving.motion, "input_timeout_s")
    driving.lidar.resume()
    wait_for_motion(driving)
    driving.robot.listener.reports(driving.motion, "moving is allowed")


@pytest.mark.parametrize(
    ("ranges", "reason"),
    [([float("nan")] * 8, "no valid beam"), ([], "shape (0,)")],
    ids=["nan", "no beams"],
)
def test_motion_stops_when_scans_are_unusable(
    driving: Drive, ranges: list[float], reason: str
) -> None:
    since_s = time.monotonic()
    driving.lidar.ranges = ranges
    taken_s = stopped_after(driving.commands, since_s)
    tell("unusable scans", taken_s)
    assert taken_s < INPUT_TIMEOUT_S + REACTION_S + SLACK_S
    driving.robot.listener.reports(f"{driving.encoder_node}: input scan", reason)
    driving.lidar.ranges = DRIVE
    wait_for_motion(driving)
    driving.robot.listener.reports(f"{driving.encoder_node}: input scan", "receiving")


def test_a_deactivated_node_stops_the_robot(driving: Drive) -> None:
    wait_for_motion(driving)
    since_s = time.monotonic()
    assert driving.robot.listener.transition(driving.motion_node, "deactivate")
    taken_s = stopped_after(driving.commands, since_s)
    tell("deactivation was asked for", taken_s)
    assert taken_s < REACTION_S + SLACK_S
    assert driving.robot.listener.transition(driving.motion_node, "activate")
    wait_for_motion(driving)


def test_limits_hold_from_the_next_tick_on(driving: Drive) -> None:
    ask = driving.robot.listener
    assert ask.set_parameters(driving.motion_node, limits__max_linear_m_s=0.1) == [""]
    changed_s = time.monotonic()
    eventually(lambda: driving.commands[-1].at_s > changed_s + 0.5, "commands go on")
    later = [speed(item.message) for item in driving.commands if item.at_s > changed_s + 0.3]
    assert max(later) == pytest.approx(0.1)
    assert ask.set_parameters(
        driving.motion_node, limits__max_linear_m_s=0.5, limits__max_linear_m_s2=0.2
    ) == [
        "",
        "",
    ]
    changed_s = time.monotonic()
    eventually(lambda: driving.commands[-1].at_s > changed_s + 0.5, "commands go on")
    rising = [
        (item.message.header.stamp, speed(item.message))
        for item in driving.commands
        if changed_s < item.at_s < changed_s + 0.4
    ]
    steps = [after[1] - before[1] for before, after in itertools.pairwise(rising)]
    # Decisions are 20 ms apart, or less where a scan triggers one.
    assert max(steps) <= 0.2 * 0.020 + 1e-9
    assert rising[-1][1] > rising[0][1]
    assert ask.set_parameters(driving.motion_node, limits__max_linear_m_s2=2.5) == [""]


@pytest.mark.parametrize(
    "signals",
    [[signal.SIGINT], [signal.SIGINT, signal.SIGINT], [signal.SIGTERM]],
    ids=["interrupted", "interrupted twice", "terminated"],
)
def test_a_signal_stops_the_robot_and_ends_the_node_with_0(
    driving: Drive, signals: list[signal.Signals]
) -> None:
    node = driving.processes[driving.motion_node]
    since_s = time.monotonic()
    for number in signals:
        node.signal(number)
    taken_s = stopped_after(driving.commands, since_s)
    tell(" and ".join(number.name for number in signals), taken_s)
    assert node.wait() == 0, node.output
    assert taken_s < 0.1 + SLACK_S
    assert not moves(driving.commands[-1].message)
    assert "Traceback" not in node.output
    driving.restart(driving.motion_node)


@pytest.mark.parametrize("victim", ["scan_encoder", "spiking_core"])
def test_motion_stops_when_an_upstream_node_is_killed(driving: Drive, victim: str) -> None:
    if victim not in driving.processes:
        pytest.skip("in one process there is nothing upstream")
    since_s = time.monotonic()
    driving.processes[victim].signal(signal.SIGKILL)
    taken_s = stopped_after(driving.commands, since_s)
    tell(f"{victim} was killed", taken_s)
    assert taken_s < INPUT_TIMEOUT_S + REACTION_S + SLACK_S
    driving.robot.listener.reports(driving.motion, "input_timeout_s")
    driving.restart(victim)


@pytest.mark.parametrize("composed", [True, False], ids=["composed", "separate"])
def test_motion_stops_while_the_network_is_too_slow(
    robot: Robot, tmp_path: Path, composed: bool
) -> None:
    driving = drive(robot, write_network(tmp_path, load=4000), composed=composed)
    since_s = time.monotonic()
    driving.lidar.ranges = TROUBLE
    zero = eventually(
        lambda: next(
            (item for item in driving.commands if item.at_s > since_s and not moves(item.message)),
            None,
        ),
        "zero",
    )
    tell("the network became too slow", zero.at_s - since_s)
    assert zero.at_s - since_s < INPUT_TIMEOUT_S + REACTION_S + SLACK_S
    # Between processes, only the age of the input tells.
    robot.listener.reports(driving.motion, "too slow" if composed else "input_timeout_s")
    driving.lidar.ranges = DRIVE
    wait_for_motion(driving)
    assert robot.stop(driving.processes["pipeline" if composed else "spiking_core"]) == 0


@pytest.mark.parametrize("composed", [True, False], ids=["composed", "separate"])
def test_motion_stops_while_the_core_fails(robot: Robot, tmp_path: Path, composed: bool) -> None:
    core = "pipeline" if composed else "spiking_core"
    driving = drive(
        robot,
        write_network(tmp_path),
        composed=composed,
        commands={core: [sys.executable, FAILING_NODE, "core", core]},
    )
    since_s = time.monotonic()
    driving.lidar.ranges = TROUBLE
    taken_s = stopped_after(driving.commands, since_s)
    tell("the core failed", taken_s)
    # The scan that makes it fail comes with the next sweep.
    assert taken_s < 1 / SCAN_HZ + (0.0 if composed else INPUT_TIMEOUT_S) + REACTION_S + SLACK_S
    robot.listener.reports(f"{core}: core", "the chip does not answer")
    driving.lidar.ranges = DRIVE
    wait_for_motion(driving)
    robot.listener.reports(f"{core}: core", "running")


@pytest.mark.parametrize("composed", [True, False], ids=["composed", "separate"])
def test_motion_stops_while_a_node_trips_over_a_bug(
    robot: Robot, tmp_path: Path, composed: bool
) -> None:
    encoder = "pipeline" if composed else "scan_encoder"
    driving = drive(
        robot,
        write_network(tmp_path),
        composed=composed,
        commands={encoder: [sys.executable, FAILING_NODE, "encoder", encoder]},
    )
    since_s = time.monotonic()
    driving.lidar.ranges = TROUBLE
    taken_s = stopped_after(driving.commands, since_s)
    tell("a callback failed", taken_s)
    assert taken_s < INPUT_TIMEOUT_S + REACTION_S + SLACK_S
    robot.listener.reports(f"{encoder}: callback", "ZeroDivisionError('a bug')")
    assert "failing_node.py" in driving.processes[encoder].output, "the log has the trace"
    driving.lidar.ranges = DRIVE
    wait_for_motion(driving)
    assert robot.stop(driving.processes[encoder]) == 0


def test_motion_stops_when_the_bag_player_is_killed_and_the_clock_stands_still(
    robot: Robot, tmp_path: Path
) -> None:
    network, bag = write_network(tmp_path), write_scans(tmp_path / "scans", seconds=60)
    commands = robot.listener.collect("cmd_vel", TWIST_STAMPED)
    robot.start("pipeline", {"network": network, "use_sim_time": True})
    player = robot.start("bag_player", {"path": bag, "wait_for": ["/scan"]}, until="")
    eventually(lambda: commands and moves(commands[-1].message), "the robot moves")
    since_s = time.monotonic()
    player.signal(signal.SIGKILL)
    taken_s = stopped_after(commands, since_s)
    tell("the bag_player was killed", taken_s)
    assert taken_s < INPUT_TIMEOUT_S + REACTION_S + SLACK_S
    robot.listener.reports("pipeline: motion", "input_timeout_s")


def test_a_base_that_takes_unstamped_twists_is_stopped_as_well(
    robot: Robot, tmp_path: Path
) -> None:
    commands = robot.listener.collect("cmd_vel", TWIST)
    robot.start("pipeline", {"network": write_network(tmp_path), "stamped": False})
    lidar = Lidar(robot.listener)
    eventually(lambda: commands and moves(commands[-1].message), "the robot moves")
    taken_s = stopped_after(commands, lidar.stop())
    tell("the last scan, as Twist", taken_s)
    assert taken_s < INPUT_TIMEOUT_S + REACTION_S + SLACK_S
