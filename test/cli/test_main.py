"""The `neuromorphic` command."""

from __future__ import annotations

import subprocess
import sys

import pytest

from neuromorphic_ros.cli.main import COMMANDS, main


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["replay"], ["replay", "a", "--nothing"]])
def test_what_is_no_command_exits_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: neuromorphic" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: neuromorphic {command}" in capsys.readouterr().out


def test_all_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = capsys.readouterr().out
    assert all(f"\n    {command} " in listed for command in COMMANDS)


def test_a_command_does_not_wait_for_what_another_needs() -> None:
    script = (
        "import contextlib, sys\n"
        "from neuromorphic_ros.cli.main import main\n"
        "with contextlib.suppress(SystemExit):\n"
        "    main(['up', '--help'])\n"
        "sys.exit('matplotlib' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)


def test_an_error_is_one_line_and_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "nowhere.mcap", "--network", "robot"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "neuromorphic: nowhere.mcap: does not exist; check the path"
    ]
