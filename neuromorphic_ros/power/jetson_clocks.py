"""The clocks of a Jetson, held at their maximum by NVIDIA's `jetson_clocks`."""

from __future__ import annotations

from pathlib import Path

from neuromorphic_ros.power.board_program import (
    TIMEOUT_S,
    BoardProgramError,
    failure,
    run_program,
)

JETSON_CLOCKS = "usr/bin/jetson_clocks"
# Outlives the process that holds the clocks, and not the boot that sets them anew.
STORE = "run/neuromorphic_ros_clocks.conf"


def are_held(root: Path) -> bool:
    """Tell whether the clocks of the board are held and can be given back."""
    return (root / STORE).is_file()


def maximise(root: Path, timeout_s: float = TIMEOUT_S) -> None:
    """Hold the clocks at the maximum of the present power mode, after storing what they were.

    root: folder of the files of the board. Raises BoardProgramError if the program fails.
    """
    if not are_held(root):
        _run(root, timeout_s, "--store", str(root / STORE))
        if not are_held(root):
            raise BoardProgramError(
                f"{root / JETSON_CLOCKS} stored no clocks in {root / STORE}; they are left alone"
            )
    _run(root, timeout_s)


def restore(root: Path, timeout_s: float = TIMEOUT_S) -> None:
    """Let the clocks follow the load again, as they were stored; nothing if they are not held.

    Another power mode has other limits, so this comes before a change of it.
    Raises BoardProgramError if the program fails; the clocks are still held then.
    """
    if are_held(root):
        _run(root, timeout_s, "--restore", str(root / STORE))
        # The program asks before it stores into a file that exists, and nobody would answer.
        (root / STORE).unlink(missing_ok=True)


def _run(root: Path, timeout_s: float, *arguments: str) -> None:
    program = root / JETSON_CLOCKS
    ended = run_program(program, arguments, timeout_s)
    # It ends with 0 also after clocks that it could not set.
    if ended.code or "Error" in ended.printed:
        raise failure(program, arguments, ended)
