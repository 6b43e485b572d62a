"""Attempts to change the board: when, how often, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from boards import calls, nano, write_files, write_program

from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.pipeline.power_control import LONGEST_WAIT_NS, PowerControl, Wanted
from neuromorphic_ros.power.board_program import BoardProgramError
from neuromorphic_ros.power.nvpmodel import PowerModeError, RebootRequiredError

SECOND = 1_000_000_000
FIVE, MAXN = Wanted("5W"), Wanted("MAXN")


def control(root: Path, *, allowed: bool = True) -> PowerControl:
    return PowerControl(root, allowed=allowed, timeout_s=10.0)


def test_a_board_is_changed_if_that_is_allowed_and_needed(tmp_path: Path) -> None:
    board = control(nano(tmp_path))
    assert board.read() == "MAXN"
    assert board.is_due(FIVE, "MAXN", 0)
    assert not board.is_due(MAXN, "MAXN", 0)
    assert not board.is_due(Wanted(), "MAXN", 0)
    board.apply(FIVE)
    board.applied(FIVE, None, 0)
    assert board.read() == "5W"
    assert board.health("5W").level == "ok"


def test_a_board_is_never_touched_unless_allowed(tmp_path: Path) -> None:
    board = control(nano(tmp_path), allowed=False)
    assert not board.is_due(FIVE, "MAXN", 0)
    with pytest.raises(PowerModeError, match="'5W' is not set: allow_hardware_control is false"):
        board.require("5W")
    assert board.health("MAXN").message == "power mode MAXN is left as it is"
    assert calls(tmp_path) == []


def test_a_mode_that_failed_is_tried_again_later_and_later(tmp_path: Path) -> None:
    board = control(nano(tmp_path))
    now_ns, waits = 0, []
    for _ in range(10):
        board.applied(FIVE, BoardProgramError("tool fails"), now_ns)
        assert not board.is_due(FIVE, "MAXN", now_ns)
        assert board.is_due(MAXN, "5W", now_ns)
        begun_ns = now_ns
        while not board.is_due(FIVE, "MAXN", now_ns):
            now_ns += SECOND
        waits.append(now_ns - begun_ns)
    assert waits == sorted(waits)
    assert waits[0] == 5 * SECOND
    assert waits[-1] == LONGEST_WAIT_NS
    assert (board.health("MAXN").level, board.health("MAXN").message) == ("error", "tool fails")
    board.applied(FIVE, None, now_ns)
    assert board.is_due(FIVE, "MAXN", now_ns)


def test_clocks_are_held_and_let_go_although_the_mode_stays(tmp_path: Path) -> None:
    board = control(nano(tmp_path))
    fast = Wanted("MAXN", hold_clocks=True)
    assert board.is_due(fast, "MAXN", 0)
    board.apply(fast)
    assert not board.is_due(fast, "MAXN", 0)
    assert board.is_due(MAXN, "MAXN", 0)
    board.release()
    assert calls(tmp_path) == [
        "jetson_clocks --store",
        "jetson_clocks ",
        "jetson_clocks --restore",
    ]
    assert not board.is_due(MAXN, "MAXN", 0)


def test_a_mode_that_is_asked_for_is_tried_at_once(tmp_path: Path) -> None:
    board = control(nano(tmp_path))
    board.applied(FIVE, BoardProgramError("tool fails"), 0)
    board.retry()
    assert board.is_due(FIVE, "MAXN", 0)


def test_a_mode_that_takes_a_reboot_is_not_tried_again(tmp_path: Path) -> None:
    board = control(nano(tmp_path))
    board.applied(FIVE, RebootRequiredError("reboot"), 0)
    assert not board.is_due(FIVE, "MAXN", 10**18)
    assert board.is_due(MAXN, "5W", 0)


@pytest.mark.parametrize(
    ("files", "level", "words"),
    [
        ({"etc/nvpmodel.conf": "rubbish"}, "warn", "defines no POWER_MODEL"),
        ({"var/lib/nvpmodel/status": "rubbish"}, "warn", "does not say"),
    ],
)
def test_a_board_that_cannot_be_read_says_why(
    files: dict[str, str], level: str, words: str, tmp_path: Path
) -> None:
    board = control(write_files(nano(tmp_path), files))
    assert board.read() == ""
    assert board.health("").level == level
    assert words in board.health("").message


def test_a_board_that_vanishes_while_it_runs_says_so_and_comes_back(tmp_path: Path) -> None:
    board = control(nano(tmp_path))
    status = tmp_path / "var/lib/nvpmodel/status"
    status.unlink()
    assert board.read() == ""
    assert board.health("").level == "warn"
    status.write_text("pmode:0001\n")
    assert board.read() == "5W"
    assert board.health("5W").level == "ok"


def test_a_machine_without_modes_is_well_and_has_none_to_choose(tmp_path: Path) -> None:
    board = control(tmp_path)
    assert board.read() == ""
    assert not board.is_due(Wanted(), "", 0)
    assert board.health("") == ("ok", "this machine has no power modes", board.health("").values)
    with pytest.raises(PowerModeError, match="this machine has no power modes"):
        board.require("5W")


def test_unknown_modes_are_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(NeuromorphicError, match="there are MAXN, 5W"):
        control(nano(tmp_path)).require("10W")


def test_a_tool_that_fails_tells_the_caller(tmp_path: Path) -> None:
    write_program(nano(tmp_path), "usr/sbin/nvpmodel", "#!/bin/sh\nexit 1\n")
    with pytest.raises(BoardProgramError, match="exit code 1"):
        control(tmp_path).apply(FIVE)
