"""Every scenario started by ROS's launch; without it, test_scenarios_by_up.py has them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("launch_pytest", reason="no launch_pytest here: `up` runs the same scenarios")

import launch_pytest
from harness import Listener
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription, RegisterEventHandler
from launch.event_handlers import OnProcessExit
from scenarios import ROOT, SCENARIOS, Observer

pytestmark = [pytest.mark.ros, pytest.mark.slow]


# As `ros2 launch` does; not in this process, whose output launch keeps a hold of.
LAUNCH = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
service = LaunchService()
service.include_launch_description(LaunchDescription([IncludeLaunchDescription(sys.argv[1])]))
sys.exit(service.run())
"""


def path_of(file: str) -> str:
    return str(ROOT / "launch" / f"{file}.launch.py")


class Launched(LaunchDescription):
    """A launch file under observation; codes: exit codes of the processes that have ended."""

    def __init__(self, name: str, listener: Listener) -> None:
        scenario = SCENARIOS[name]
        self.observer = Observer(scenario, listener)
        self.processes = len(scenario.nodes)
        self.codes: dict[str, int] = {}
        super().__init__(
            [
                RegisterEventHandler(OnProcessExit(on_exit=self._note)),
                IncludeLaunchDescription(
                    path_of(scenario.file), launch_arguments=scenario.arguments.items()
                ),
            ]
        )

    def _note(self, event, context) -> None:
        self.codes[event.process_name] = event.returncode


@launch_pytest.fixture(params=SCENARIOS)
def launched(request: pytest.FixtureRequest, listener: Listener) -> Launched:
    return Launched(request.param, listener)


@pytest.mark.launch(fixture=launched)
def test_a_launch_file_runs_and_ends_with_0_and_the_motors_stopped(
    launched: Launched,
) -> Iterator[None]:
    launched.observer.wait_until_running()
    yield
    assert list(launched.codes.values()) == [0] * launched.processes, launched.codes
    launched.observer.assert_motors_are_stopped()
