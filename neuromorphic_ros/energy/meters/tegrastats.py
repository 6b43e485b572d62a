"""tegrastats, NVIDIA's program that prints the state of a Jetson board, line by line."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time
import weakref
from contextlib import suppress
from pathlib import Path

from neuromorphic_ros.energy.meter import MeterError, Reading
from neuromorphic_ros.energy.meters.jetson_rails import UNUSED, total_rails

PROGRAM = "usr/bin/tegrastats"
INTERVAL_MS = 100
# A board that is busy prints late; one that says nothing for longer hangs.
SILENCE_S = 2.0
FIRST_RESTART_S, LAST_RESTART_S = 1.0, 60.0
REAP_S = 1.0
CHUNK_BYTES, MOST_CHUNKS = 65536, 16

# Present power, then its average and in JetPack 7 a third: `POM_5V_IN 900/943`, `VDD_IN
# 4542mW/4000mW`, `VDD_IN 3588mW/3588mW/3588mW`; some print the first alone. Memory, which is
# `RAM 613/3964MB`, has another unit.
_RAIL = re.compile(r"(?<!\S)([A-Z]\w*) (-?\d+)(?:mW(?:/-?\d+mW)*|(?:/-?\d+)+)(?!\S)")


def parse_rails(line: str) -> dict[str, float]:
    """Read the present power of each rail [W] from a line; empty if it has none."""
    return {
        name: int(milliwatts) / 1e3
        for name, milliwatts in _RAIL.findall(line)
        if name not in UNUSED
    }


class Tegrastats:
    """Read the rails that `tegrastats` under `root` prints."""

    name = "tegrastats"

    def __init__(self, root: Path) -> None:
        """Start the program; raises MeterError if it is missing or prints no power in time."""
        self._path = root / PROGRAM
        self._program: _Program | None = _Program(self._path)
        self._rails = parse_rails(self._program.first_line(SILENCE_S))
        self._total = total_rails(self._rails)
        self._heard_ns: int | None = None
        self._restart_s = FIRST_RESTART_S
        self._restart_ns = 0
        if not self._total:
            self.close()
            raise MeterError(f"{self._path} prints no power: run as root, or use another meter")

    def read(self, stamp_ns: int) -> Reading:
        """Return what was printed last, without waiting; a program that ended is started again."""
        if self._program is None:
            self._start(stamp_ns)
        assert self._program is not None
        if self._heard_ns is None:
            self._heard_ns = stamp_ns
        ended = self._program.exit_code()
        line = self._program.newest_line()
        if line:
            self._rails, self._heard_ns = parse_rails(line), stamp_ns
            if self._rails:
                self._restart_s = FIRST_RESTART_S
        elif ended is not None:
            raise self._stopped(stamp_ns, f"ended with exit code {ended}")
        elif stamp_ns - self._heard_ns > SILENCE_S * 1e9:
            raise self._stopped(stamp_ns, f"printed nothing for {SILENCE_S:g} s")
        if not self._rails:
            raise MeterError(f"{self._path} prints no power")
        return Reading(stamp_ns, self._rails, {}, self._total)

    def close(self) -> None:
        """End the program, as happens too when this object goes."""
        if self._program is not None:
            self._program.end()
            self._program = None

    def _start(self, stamp_ns: int) -> None:
        if stamp_ns < self._restart_ns:
            wait_s = (self._restart_ns - stamp_ns) / 1e9
            raise MeterError(f"{self._path} does not run: it is started again in {wait_s:.0f} s")
        self._rails, self._heard_ns = {}, stamp_ns
        try:
            self._program = _Program(self._path)
        except MeterError as refused:
            raise self._stopped(stamp_ns, str(refused)) from None

    def _stopped(self, stamp_ns: int, reason: str) -> MeterError:
        self.close()
        wait_s = self._restart_s
        self._restart_ns = stamp_ns + round(wait_s * 1e9)
        self._restart_s = min(2 * wait_s, LAST_RESTART_S)
        return MeterError(f"{self._path}: {reason}; it is started again in {wait_s:g} s")


class _Program:
    """A running program and what it printed."""

    def __init__(self, path: Path) -> None:
        try:
            process = subprocess.Popen(
                [str(path), "--interval", str(INTERVAL_MS)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise MeterError(f"no tegrastats at {path}") from None
        except OSError as refused:
            raise MeterError(f"{path} cannot be run: {refused.strerror}") from None
        assert process.stdout is not None
        self._process = process
        self._output = process.stdout.fileno()
        self._rest = b""
        os.set_blocking(self._output, False)
        # No program outlives its meter, whether that is closed, dropped or left at exit.
        self.end = weakref.finalize(self, _end, process)

    def exit_code(self) -> int | None:
        return self._process.poll()

    def first_line(self, timeout_s: float) -> str:
        """Wait for a line; empty if there is none in time or the program ends without one."""
        deadline_s = time.monotonic() + timeout_s
        while (left_s := deadline_s - time.monotonic()) > 0:
            ended = self.exit_code() is not None
            if line := self.newest_line():
                return line
            if ended:
                break
            select.select([self._output], [], [], min(left_s, 0.05))
        return ""

    def newest_line(self) -> str:
        """Return the last whole line printed since the last call, empty if none."""
        for _ in range(MOST_CHUNKS):
            try:
                chunk = os.read(self._output, CHUNK_BYTES)
            except BlockingIOError:
                break
            if not chunk:
                break
            self._rest += chunk
        *lines, rest = self._rest.split(b"\n")
        self._rest = rest[-CHUNK_BYTES:]
        return lines[-1].decode("utf-8", "replace") if lines else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(REAP_S)
    if process.stdout is not None:
        process.stdout.close()
