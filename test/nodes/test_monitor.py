"""The monitor, as `neuromorphic top` starts it, beside a robot of which it shows all."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from harness import NodeProcess, Robot, eventually

from .driving import Drive

pytestmark = pytest.mark.ros

# It looks for ten seconds before it gives up, and a busy machine starts it late.
LONG_S = 60.0

composed = pytest.mark.parametrize("shared_driving", ["composed"], indirect=True)


def test_it_ends_with_0_when_interrupted_twice(robot: Robot) -> None:
    process = robot.start("monitor")
    process.signal(signal.SIGINT)
    process.signal(signal.SIGINT)
    assert process.wait(LONG_S) == 0, process.output
    assert "Traceback" not in process.output


def test_nodes_are_shown_until_after_their_end(robot: Robot) -> None:
    ended, running = robot.start("energy_monitor"), robot.start("power_manager")
    monitor = robot.start("monitor", {"once": True})
    eventually(lambda: {"/energy", "/power_status"} <= watched(robot), "it follows the nodes")
    robot.stop(ended)
    # Without a network it looks to the end.
    assert monitor.wait(LONG_S) == 0, monitor.output
    text = " ".join(monitor.output.split())
    assert "/energy_monitor gone" in text
    assert "/power_manager active" in text
    assert running.is_alive


def test_one_picture_shows_a_driving_robot(driving: Drive, tmp_path: Path) -> None:
    process = once(driving)
    text = " ".join(process.output.split())
    assert text.startswith("forward ")
    for node in driving.processes:
        assert f"/{node} active" in text
    assert "/scan " in text
    assert "/cmd_vel " in text
    assert "motor 3 " in text
    assert "tick p50 " in text
    assert "/monitor" not in text
    picture = tmp_path / "new" / "top.svg"
    assert once(driving, svg=picture).output == ""
    assert "/cmd_vel" in picture.read_text(encoding="utf-8")


@composed
def test_a_file_that_cannot_be_written_is_named(driving: Drive, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    process = driving.robot.start("monitor", {"svg": blocked / "top.svg"}, until="")
    assert process.wait(LONG_S) == 1, process.output
    assert "top.svg: cannot be written" in process.output


@composed
def test_without_a_terminal_it_prints_lines(driving: Drive) -> None:
    monitor = driving.robot.start("monitor")
    eventually(lambda: "cmd_vel" in monitor.output, "a line with what the robot is sent")
    assert driving.robot.stop(monitor) == 0
    assert all(" | tick: " in line for line in monitor.output.splitlines())


@composed
def test_watching_makes_nobody_work(driving: Drive) -> None:
    monitor = driving.robot.start("monitor")
    eventually(lambda: "/rates" in watched(driving.robot), "the monitor follows the network")
    assert not [topic for topic in watched(driving.robot) if topic.startswith("/spikes/")]
    assert driving.robot.stop(monitor) == 0


def watched(robot: Robot) -> set[str]:
    """Return the topics that the monitor listens to."""
    node = robot.listener.node
    return {
        topic
        for topic, _ in node.get_topic_names_and_types()
        if any(info.node_name == "monitor" for info in node.get_subscriptions_info_by_topic(topic))
    }


def once(driving: Drive, **parameters: object) -> NodeProcess:
    """Return the monitor after it has shown one picture."""
    process = driving.robot.start("monitor", {"once": True, **parameters}, until="")
    assert process.wait(LONG_S) == 0, process.output
    return process
