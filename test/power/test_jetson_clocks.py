"""Clocks at their maximum and back, through the real process."""

from __future__ import annotations

from pathlib import Path

import pytest
from boards import calls, nano, write_program

from neuromorphic_ros.power.board_program import BoardProgramError
from neuromorphic_ros.power.jetson_clocks import are_held, maximise, restore


def test_clocks_are_stored_before_and_given_back_after(tmp_path: Path) -> None:
    nano(tmp_path)
    restore(tmp_path)
    assert calls(tmp_path) == []
    maximise(tmp_path)
    assert are_held(tmp_path)
    restore(tmp_path)
    assert not are_held(tmp_path)
    maximise(tmp_path)
    once = ["jetson_clocks --store", "jetson_clocks "]
    assert calls(tmp_path) == [*once, "jetson_clocks --restore", *once]


def test_what_is_stored_stays_what_it_was_before_they_were_held(tmp_path: Path) -> None:
    nano(tmp_path)
    maximise(tmp_path)
    maximise(tmp_path)
    assert calls(tmp_path).count("jetson_clocks --store") == 1


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo Error: Run this script as a root user && exit 1", "failed with exit code 1"),
        ("echo Error: Failed to max GPU frequency!", "Failed to max GPU"),
        ("exit 0", "stored no clocks"),
    ],
)
def test_a_program_that_fails_is_named(script: str, words: str, tmp_path: Path) -> None:
    write_program(nano(tmp_path), "usr/bin/jetson_clocks", f"#!/bin/sh\n{script}\n")
    with pytest.raises(BoardProgramError, match=words):
        maximise(tmp_path)
    assert not are_held(tmp_path)


def test_clocks_that_could_not_be_given_back_are_still_held(tmp_path: Path) -> None:
    maximise(nano(tmp_path))
    write_program(tmp_path, "usr/bin/jetson_clocks", "#!/bin/sh\nexit 1\n")
    with pytest.raises(BoardProgramError):
        restore(tmp_path)
    assert are_held(tmp_path)


def test_a_board_without_the_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(BoardProgramError, match="jetson_clocks is missing"):
        maximise(tmp_path)
