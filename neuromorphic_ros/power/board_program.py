"""Programs of a board's vendor, run with a time limit and without anybody to answer them."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from neuromorphic_ros.errors import NeuromorphicError

TIMEOUT_S = 10.0
# Bounds how long a killed program, which may be stuck in the kernel, is waited for.
REAP_S = 1.0
MOST_OUTPUT_BYTES = 4096
MOST_REASON_CHARACTERS = 300


class BoardProgramError(NeuromorphicError):
    """A program of the board that is missing, cannot be run, fails or hangs."""


class Ended(NamedTuple):
    """How a program ended and what it printed, errors included."""

    code: int
    printed: str


def run_program(path: Path, arguments: Sequence[str], timeout_s: float = TIMEOUT_S) -> Ended:
    """Run a program to its end; whatever it asks finds no answer.

    Raises BoardProgramError if it is missing, cannot be run or is not done in time; then it is
    killed with all that it started.
    """
    # A pipe would be held open by whatever a killed program leaves behind.
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                [str(path), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise BoardProgramError(f"{path} is missing: this board has no such tool") from None
        except OSError as refused:
            raise BoardProgramError(f"{path} cannot be run: {refused.strerror}") from None
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                process.wait(REAP_S)
            raise BoardProgramError(
                f"'{_command(path, arguments)}' was not done after {timeout_s:g} s and was killed"
            ) from None
        output.seek(0)
        return Ended(code, output.read(MOST_OUTPUT_BYTES).decode("utf-8", "replace"))


def failure(path: Path, arguments: Sequence[str], ended: Ended) -> BoardProgramError:
    """Return the error of a program that failed: how, what it said, what to do."""
    said = " ".join(ended.printed.split())[:MOST_REASON_CHARACTERS] or "nothing"
    remedy = "" if os.geteuid() == 0 else "; it needs root, so start this program as root"
    return BoardProgramError(
        f"'{_command(path, arguments)}' failed with exit code {ended.code}, saying: {said}{remedy}"
    )


def _command(path: Path, arguments: Sequence[str]) -> str:
    return " ".join([str(path), *arguments])
