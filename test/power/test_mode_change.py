"""Clocks are free while the mode changes, because other modes have other limits."""

from __future__ import annotations

from pathlib import Path

import pytest
from boards import calls, nano, write_program

from neuromorphic_ros.power.board_program import BoardProgramError
from neuromorphic_ros.power.jetson_clocks import are_held
from neuromorphic_ros.power.mode_change import change_mode


def test_leaving_a_mode_frees_its_clocks_first(tmp_path: Path) -> None:
    nano(tmp_path)
    change_mode(tmp_path, "MAXN", hold_clocks=True)
    change_mode(tmp_path, "5W")
    assert calls(tmp_path) == [
        "jetson_clocks --store",
        "jetson_clocks ",
        "jetson_clocks --restore",
        "nvpmodel -m 1",
    ]
    assert not are_held(tmp_path)


def test_without_held_clocks_their_program_is_not_needed(tmp_path: Path) -> None:
    (nano(tmp_path) / "usr/bin/jetson_clocks").unlink()
    change_mode(tmp_path, "5W")
    assert calls(tmp_path) == ["nvpmodel -m 1"]


def test_a_mode_that_cannot_be_left_is_not_left(tmp_path: Path) -> None:
    change_mode(nano(tmp_path), "MAXN", hold_clocks=True)
    write_program(tmp_path, "usr/bin/jetson_clocks", "#!/bin/sh\nexit 1\n")
    with pytest.raises(BoardProgramError):
        change_mode(tmp_path, "5W")
    assert (tmp_path / "var/lib/nvpmodel/status").read_text() == "pmode:0000\n"
