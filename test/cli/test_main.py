"""The `neuromorphic` command."""

from __future__ import annotations

import pytest

from neuromorphic_ros.cli.main import main


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["replay"], ["replay", "a", "--nothing"]])
def test_what_is_no_command_exits_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: neuromorphic" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        "compress",
        "convert",
        "demo",
        "encode",
        "export",
        "inspect",
        "replay",
        "report",
        "run",
        "show",
        "simulate",
        "top",
        "up",
    ],
)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: neuromorphic {command}" in capsys.readouterr().out


def test_an_error_is_one_line_and_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "nowhere.mcap", "--network", "robot"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "neuromorphic: nowhere.mcap: does not exist; check the path"
    ]
