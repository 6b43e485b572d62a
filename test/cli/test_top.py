"""`neuromorphic top`: what it refuses, and the node that it becomes."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from neuromorphic_ros.cli import node_commands, top
from neuromorphic_ros.cli.domain import own_domain
from neuromorphic_ros.cli.main import main


def command(*arguments: str) -> list[str]:
    parser = argparse.ArgumentParser()
    top.add_parser(parser.add_subparsers())
    return top.monitor_command(parser.parse_args(["top", *arguments]))


def parameters(words: list[str]) -> dict[str, object]:
    pairs = [word.split(":=", 1) for word in words if ":=" in word and not word.startswith("__")]
    return {name: yaml.safe_load(value) for name, value in pairs}


def test_it_watches_everything_by_default() -> None:
    words = command()
    assert parameters(words) == {"use_sim_time": False, "once": False, "svg": ""}
    assert not [word for word in words if word.startswith("__ns")]


def test_arguments_become_parameters(tmp_path: Path) -> None:
    picture = tmp_path / "odd: 'name'.svg"
    words = command("--namespace", "robot_1", "--once", "--use-sim-time", "--svg", str(picture))
    assert parameters(words) == {"use_sim_time": True, "once": True, "svg": str(picture)}
    assert "__ns:=/robot_1" in words


def test_a_picture_is_written_where_the_command_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert parameters(command("--svg", "top.svg"))["svg"] == str(tmp_path / "top.svg")


def test_a_namespace_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["top", "--namespace", "a-b"]) == 2
    assert "namespace 'a-b'" in capsys.readouterr().err


def test_without_ros_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(node_commands.importlib.util, "find_spec", lambda name: None)
    assert main(["top"]) == 2
    assert "need ROS 2" in capsys.readouterr().err


@pytest.mark.ros
@pytest.mark.slow
def test_where_no_node_is_it_says_so_and_fails() -> None:
    pytest.importorskip("rclpy", reason="no ROS 2; run `make`, or source a ROS installation")
    command = [sys.executable, "-m", "neuromorphic_ros.cli.main", "top", "--once"]
    with own_domain() as domain:
        local = {"ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
        ended = subprocess.run(
            command, env={**os.environ, **local}, capture_output=True, text=True, timeout=60
        )
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout.startswith("waiting for the network")
