"""Power modes by name, through the real process of a tool that may do anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from boards import NANO_MODES, calls, nano, orin_nano, write_files, write_program
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.power.board_program import BoardProgramError
from neuromorphic_ros.power.nvpmodel import (
    NvpMode,
    PowerModeError,
    RebootRequiredError,
    has_modes,
    read_mode,
    read_modes,
    set_mode,
)

# Printed by boards that were asked for a mode that gates other parts of the GPU; the answer was no.
REBOOT = """\
echo 'NVPM WARN: Golden image context is already created'
echo 'NVPM WARN: Reboot required for changing to this power mode: 1'
echo 'NVPM WARN: DO YOU WANT TO REBOOT NOW? enter YES/yes to confirm:'
read answer || echo 'NVPM ERROR: bad input!'
echo 'NVPM ERROR: optMask is 1, no request for power mode'
exit 255
"""


def tool(root: Path, body: str) -> None:
    write_program(root, "usr/sbin/nvpmodel", f"#!/bin/sh\n{body}")


def test_modes_have_names_and_limits(tmp_path: Path) -> None:
    nano(tmp_path)
    assert read_modes(tmp_path) == (NvpMode(0, "MAXN", 4, -1), NvpMode(1, "5W", 2, 918_000))


def test_the_mode_in_force_is_read_in_both_formats(tmp_path: Path) -> None:
    orin_nano(tmp_path)
    modes = read_modes(tmp_path)
    assert read_mode(tmp_path, modes).name == "25W"
    write_files(tmp_path, {"var/lib/nvpmodel/status": "pmode:0002\n"})
    assert read_mode(tmp_path, modes).name == "MAXN_SUPER"


def test_a_mode_is_set_by_name_and_only_if_it_is_another(tmp_path: Path) -> None:
    orin_nano(tmp_path)
    set_mode(tmp_path, "25W")
    assert calls(tmp_path) == []
    set_mode(tmp_path, "MAXN_SUPER")
    assert calls(tmp_path) == ["nvpmodel -m 2"]
    assert read_mode(tmp_path, read_modes(tmp_path)).name == "MAXN_SUPER"


def test_a_board_that_does_not_say_its_mode_is_set_all_the_same(tmp_path: Path) -> None:
    nano(tmp_path)
    (tmp_path / "var/lib/nvpmodel/status").unlink()
    set_mode(tmp_path, "MAXN")
    assert calls(tmp_path) == ["nvpmodel -m 0"]


def test_an_unknown_mode_is_refused_with_those_there_are(tmp_path: Path) -> None:
    nano(tmp_path)
    with pytest.raises(PowerModeError, match="'10W' is unknown; there are MAXN, 5W"):
        set_mode(tmp_path, "10W")
    assert calls(tmp_path) == []


@pytest.mark.parametrize(
    ("conf", "words"),
    [
        ("", "defines no POWER_MODEL"),
        ("\0\1\2", "defines no POWER_MODEL"),
        (NANO_MODES.replace("ID=1", "ID=one"), "line 20: '< POWER_MODEL ID=one NAME=5W >'"),
        (NANO_MODES.replace(" NAME=5W", ""), "line 20: '< POWER_MODEL ID=1 >'"),
        (NANO_MODES.replace("ID=1", "ID=0"), "ID=0 is defined twice"),
    ],
)
def test_a_file_of_rubbish_is_named(conf: str, words: str, tmp_path: Path) -> None:
    write_files(nano(tmp_path), {"etc/nvpmodel.conf": conf})
    with pytest.raises(PowerModeError, match=words):
        read_modes(tmp_path)


def test_a_machine_without_modes_says_so(tmp_path: Path) -> None:
    assert not has_modes(tmp_path)
    with pytest.raises(PowerModeError, match="this board has no power modes"):
        read_modes(tmp_path)
    (tmp_path / "etc/nvpmodel.conf").mkdir(parents=True)
    with pytest.raises(PowerModeError, match="cannot be read: Is a directory"):
        read_modes(tmp_path)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("", "does not say"),
        ("mode 1", "does not say"),
        ("pmode:", "does not say"),
        ("pmode:0009", "names power mode 9"),
    ],
)
def test_a_status_of_rubbish_is_named(status: str, words: str, tmp_path: Path) -> None:
    write_files(nano(tmp_path), {"var/lib/nvpmodel/status": status})
    with pytest.raises(PowerModeError, match=words):
        read_mode(tmp_path, read_modes(tmp_path))


def test_a_mode_that_takes_a_reboot_is_not_begun(tmp_path: Path) -> None:
    tool(nano(tmp_path), REBOOT)
    with pytest.raises(RebootRequiredError, match="'5W' takes a reboot: run 'sudo nvpmodel -m 1'"):
        set_mode(tmp_path, "5W")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("echo 'NVPM ERROR: Error opening emc_iso_cap: 13'", "saying: NVPM ERROR: Error opening"),
        ("exit 255", "failed with exit code 255, saying: nothing"),
        ("sleep 60", "was not done after"),
    ],
)
def test_a_tool_that_fails_or_hangs_is_named(body: str, words: str, tmp_path: Path) -> None:
    tool(nano(tmp_path), body)
    with pytest.raises(BoardProgramError, match=words):
        set_mode(tmp_path, "5W", timeout_s=1.0 if "sleep" in body else 10.0)


def test_a_tool_that_only_claims_to_have_changed_the_mode_is_not_believed(tmp_path: Path) -> None:
    tool(nano(tmp_path), "exit 0")
    with pytest.raises(PowerModeError, match="'MAXN' is in force, not '5W'"):
        set_mode(tmp_path, "5W")


def test_a_board_without_the_tool_is_named(tmp_path: Path) -> None:
    (nano(tmp_path) / "usr/sbin/nvpmodel").unlink()
    with pytest.raises(BoardProgramError, match="nvpmodel is missing"):
        set_mode(tmp_path, "5W")


@given(st.lists(st.sampled_from([*NANO_MODES.splitlines(), "< POWER_MODEL", "<>", "x"])))
def test_any_mixture_of_lines_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    root = write_files(tmp_path_factory.getbasetemp(), {"etc/nvpmodel.conf": "\n".join(lines)})
    try:
        modes = read_modes(root)
    except PowerModeError:
        return
    assert {mode.name for mode in modes} <= {"MAXN", "5W"}
