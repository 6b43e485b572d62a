"""`neuromorphic up` refuses in one line and 2 what it cannot start, and starts what was planned."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from neuromorphic_ros.cli import up
from neuromorphic_ros.cli.main import main
from neuromorphic_ros.cli.processes import Command

RECORDING = Path(__file__).resolve().parents[2] / "recordings" / "wheeled_robot"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Command]:
    """Keep what would be started instead of starting it, as if ROS were there."""
    commands: list[Command] = []

    def keep(given: list[Command], *_: Any, **__: Any) -> int:
        for command in given:
            last = len(command.arguments) - command.arguments[::-1].index("--params-file")
            overrides = yaml.safe_load(Path(command.arguments[last]).read_text())
            commands.append(command._replace(arguments=[*command.arguments, overrides]))
        return 0

    monkeypatch.setattr(up, "run_together", keep)
    monkeypatch.setattr(up, "require_ros", lambda: None)
    return commands


def test_the_nodes_of_the_profile_are_started(started: list[Command]) -> None:
    assert main(["up", "--profile", "jetson"]) == 0
    names = [command.name for command in started]
    assert names == ["pipeline", "energy_monitor", "power_manager"]


def test_overrides_are_given_by_the_full_name_of_the_node(started: list[Command]) -> None:
    arguments = ["--namespace", "robot1", "-p", "pipeline.drive.linear_gain_m_s:=1"]
    assert main(["up", *arguments, "--network", "obstacle_avoider"]) == 0
    assert started[0].arguments[-1] == {
        "/robot1/pipeline": {
            "ros__parameters": {"network": "obstacle_avoider", "drive.linear_gain_m_s": 1.0}
        }
    }
    assert "__ns:=/robot1" in started[0].arguments


def test_own_remappings_come_before_those_of_the_recording(started: list[Command]) -> None:
    assert main(["up", "--bag", str(RECORDING), "-r", "scan:=/mine"]) == 0
    rules = [word for word in started[1].arguments if str(word).startswith("scan:=")]
    assert rules == ["scan:=/mine", "scan:=/scan"]


def test_an_installed_executable_is_preferred_to_the_interpreter(
    started: list[Command], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable = tmp_path / "lib" / "neuromorphic_ros" / "pipeline"
    executable.parent.mkdir(parents=True)
    executable.touch(0o755)
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"/nowhere:{tmp_path}")
    assert main(["up"]) == 0
    assert started[0].arguments[0] == str(executable)
    assert started[1].arguments[:2] == [sys.executable, "-c"]
    assert "nodes.energy_monitor import main" in started[1].arguments[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--profile", "jetsn"], "shipped are"),
        (["--network", "robt"], "shipped are"),
        (["--params-file", "nowhere.yaml"], "nowhere.yaml"),
        (["-p", "pipelin.network:=robot"], "there are pipeline, energy_monitor"),
        (["-p", "pipeline.drive.gain:=1"], "drive.linear_gain_m_s"),
        (["-p", "pipeline.drive.linear_gain_m_s:=fast"], "fast"),
        (["-p", "pipeline.drive.linear_gain_m_s:="], "pipeline.drive.linear_gain_m_s"),
        (["-p", "network:=robot"], "NODE.PARAMETER:=VALUE"),
        (["-p", "pipeline"], "'pipeline'"),
        (["-r", "scan=/front"], "FROM:=TO"),
        (["-r", ":=/front"], "FROM:=TO"),
        (["-r", "__node:=other"], "renamed"),
        (["--namespace", "1 robot"], "1 robot"),
        (["--bag", "nowhere.mcap"], "nowhere.mcap"),
        (["--bag", str(RECORDING), "--rate", "0"], "rate is 0.0"),
    ],
)
def test_what_is_wrong_is_refused_in_one_line_before_anything_starts(
    arguments: list[str], words: str, started: list[Command], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["up", *arguments]) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
    assert started == []


@pytest.mark.parametrize("missing", ["rclpy", "neuromorphic_ros.msg"])
def test_without_ros_it_says_what_it_needs(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = importlib.util.find_spec("json")
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == missing else found
    )
    assert main(["up"]) == 2
    assert f"there is no {missing}" in capsys.readouterr().err


def test_a_simulation_and_a_recording_exclude_each_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["up", "--simulation", "--bag", str(RECORDING)])
    assert refused.value.code == 2
    assert "not allowed with" in capsys.readouterr().err
