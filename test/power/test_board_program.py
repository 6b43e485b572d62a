"""Programs that fail, hang, ask and leave children behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from boards import write_files, write_program

from neuromorphic_ros.power.board_program import BoardProgramError, Ended, failure, run_program


def test_what_a_program_prints_and_its_exit_code_are_returned(tmp_path: Path) -> None:
    path = write_program(tmp_path, "tool", '#!/bin/sh\necho "$1 $2"\necho bad >&2\nexit 3\n')
    assert run_program(path, ("-m", "2")) == Ended(3, "-m 2\nbad\n")


def test_a_question_finds_no_answer(tmp_path: Path) -> None:
    path = write_program(tmp_path, "tool", "#!/bin/sh\nread answer || echo none\n")
    assert run_program(path, ()).printed == "none\n"


def test_a_program_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    script = f"#!/bin/sh\nsleep 60 & echo $! > {tmp_path}/child\nwait\n"
    path = write_program(tmp_path, "tool", script)
    begun_s = time.monotonic()
    with pytest.raises(BoardProgramError, match=r"tool -q' was not done after 0\.5 s"):
        run_program(path, ("-q",), timeout_s=0.5)
    assert time.monotonic() - begun_s < 20
    child = Path("/proc", (tmp_path / "child").read_text().strip(), "stat")
    until_s = time.monotonic() + 20
    # Whoever inherits it may let it stay as a zombie.
    while child.exists() and ") Z " not in child.read_text():
        assert time.monotonic() < until_s
        time.sleep(0.01)


def test_a_program_that_is_missing_or_no_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(BoardProgramError, match="tool is missing"):
        run_program(tmp_path / "tool", ())
    write_files(tmp_path, {"tool": "x"})
    with pytest.raises(BoardProgramError, match="tool cannot be run: Permission denied"):
        run_program(tmp_path / "tool", ())
    (tmp_path / "tool").chmod(0o755)
    with pytest.raises(BoardProgramError, match="tool cannot be run: Exec format error"):
        run_program(tmp_path / "tool", ())


def test_endless_output_is_cut(tmp_path: Path) -> None:
    path = write_program(tmp_path, "tool", "#!/bin/sh\nhead -c 100000 /dev/zero | tr '\\0' x\n")
    assert len(run_program(path, ()).printed) == 4096


@pytest.mark.parametrize(("user", "remedy"), [(0, False), (1000, True)])
def test_who_is_not_root_is_told_to_be(
    user: int, remedy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    text = str(failure(Path("/tool"), ("-m", "1"), Ended(255, "NVPM ERROR:\n 13")))
    assert text.startswith("'/tool -m 1' failed with exit code 255, saying: NVPM ERROR: 13")
    assert ("needs root" in text) is remedy
