"""Every scenario started by `neuromorphic up`, which needs no more than rclpy."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from ament_index_python import get_package_prefix
from harness import PACKAGE, PATIENCE_S, Listener, eventually
from scenarios import SCENARIOS, Observer, Scenario

pytestmark = [pytest.mark.ros, pytest.mark.slow]


class Up(NamedTuple):
    """A running `neuromorphic up` and the file that its output goes to."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text()

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def process_of(self, executable: str) -> int:
        """Return the process id of a node, the child whose executable has this name."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        for child in map(int, children.split()):
            if f"/{executable}\0".encode() in Path(f"/proc/{child}/cmdline").read_bytes():
                return child
        raise AssertionError(f"{executable} does not run")


def command(*arguments: str) -> list[str]:
    return [str(Path(get_package_prefix(PACKAGE), "lib", PACKAGE, "neuromorphic")), *arguments]


@contextlib.contextmanager
def started(arguments: list[str], folder: Path) -> Iterator[Up]:
    log = folder / "up.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command("up", *arguments), stdout=file, stderr=file)
    try:
        yield Up(process, log)
    except AssertionError as failed:
        raise AssertionError(f"{failed}\n{log.read_text()}") from failed
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_S)


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
def test_a_scenario_runs_and_ends_with_0_and_the_motors_stopped(
    scenario: Scenario, listener: Listener, tmp_path: Path
) -> None:
    observer = Observer(scenario, listener)
    with started(scenario.up, tmp_path) as up:
        observer.wait_until_running()
        assert up.end(signal.SIGINT) == 0
        observer.assert_motors_are_stopped()


def test_a_replay_ends_with_its_recording(listener: Listener, tmp_path: Path) -> None:
    arguments = [*SCENARIOS["replay"].up, "--rate", "20"]
    arguments.remove("--loop")
    with started(arguments, tmp_path) as up:
        assert up.process.wait(3 * PATIENCE_S) == 0
        assert "bag_player has ended with exit code 0; stopping the others" in up.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_it_as_ctrl_c_does(
    number: signal.Signals, listener: Listener, tmp_path: Path
) -> None:
    scenario = SCENARIOS["simulation"]
    observer = Observer(scenario, listener)
    with started(scenario.up, tmp_path) as up:
        observer.wait_until_running()
        assert up.end(number) == 0
        observer.assert_motors_are_stopped()


def test_when_a_node_dies_it_is_named_and_the_robot_stopped(
    listener: Listener, tmp_path: Path
) -> None:
    scenario = SCENARIOS["simulation"]
    observer = Observer(scenario, listener)
    with started(scenario.up, tmp_path) as up:
        observer.wait_until_running()
        victim = up.process_of("energy_monitor")
        subprocess.run(["kill", "-KILL", str(victim)], check=True)
        assert up.process.wait(PATIENCE_S) == 1
        assert "neuromorphic: energy_monitor has ended with SIGKILL; stopping" in up.output
        observer.assert_motors_are_stopped()


def test_output_carries_the_name_of_its_node(listener: Listener, tmp_path: Path) -> None:
    with started(["--profile", "jetson"], tmp_path) as up:
        eventually(lambda: "[pipeline] " in up.output, "a line of the pipeline")
        assert up.end(signal.SIGINT) == 0
        named = re.compile(r"\[(pipeline|energy_monitor|power_manager)\] ")
        assert [line for line in up.output.splitlines() if not named.match(line)] == []
