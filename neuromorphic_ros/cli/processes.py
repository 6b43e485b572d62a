"""Child processes as one: their output side by side, their end together."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from queue import SimpleQueue
from types import FrameType
from typing import NamedTuple, TextIO

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Nodes publish zeros for a second before they end.
GRACE_S = 5.0
# Only for those that do not end when asked.
INSISTENCE_S = ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0))


class Command(NamedTuple):
    """What to run, under a name that is put before its output.

    on_terminal: standard output is left as it is, for what draws there.
    """

    name: str
    arguments: Sequence[str]
    on_terminal: bool = False


class Ended(NamedTuple):
    """A child that has ended; code: as of subprocess, negative for a signal."""

    name: str
    code: int

    def __str__(self) -> str:
        how = f"exit code {self.code}" if self.code >= 0 else signal.Signals(-self.code).name
        return f"{self.name} has ended with {how}"


def run_together(
    commands: Sequence[Command],
    environment: Mapping[str, str],
    output: TextIO,
    may_end: Collection[str] = (),
) -> int:
    """Run commands until a signal comes or one of them ends, then end all of them.

    may_end: names of those whose end with 0 is a success.
    Returns 0 if the end was asked for or is a success and all have ended as asked, else 1.
    Raises OSError if a command cannot be started.
    """
    # Handlers interrupt whatever runs: a put may happen within another.
    events: SimpleQueue[signal.Signals | Ended] = SimpleQueue()
    lines = _Lines(output)

    def ask(number: int, frame: FrameType | None) -> None:
        events.put(signal.Signals(number))

    previous = {number: signal.signal(number, ask) for number in SIGNALS}
    children: list[_Child] = []
    event: signal.Signals | Ended = signal.SIGINT
    try:
        for command in commands:
            children.append(_Child(command, environment, lines, events.put))
        event = events.get()
    finally:
        # A hang-up would end the children before they have stopped the robot.
        asked = signal.SIGTERM if event == signal.SIGTERM else signal.SIGINT
        if isinstance(event, Ended):
            lines.write(f"neuromorphic: {event}; stopping the others\n")
        failures = _end(children, asked)
        for number, handler in previous.items():
            signal.signal(number, handler)
    for failure in failures:
        if failure != event:
            lines.write(f"neuromorphic: {failure}\n")
    if isinstance(event, Ended) and not (event.code == 0 and event.name in may_end):
        return 1
    return int(bool(failures))


class _Lines:
    """Write whole lines from several threads."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        # A closed output must not keep a robot from being stopped.
        with self._lock, contextlib.suppress(OSError):
            self._output.write(line)
            self._output.flush()


class _Child:
    def __init__(
        self,
        command: Command,
        environment: Mapping[str, str],
        lines: _Lines,
        report: Callable[[Ended], None],
    ) -> None:
        self._name = command.name
        self._lines = lines
        self._report = report
        # A session of its own: the terminal's Ctrl-C reaches it through the parent, once.
        self._process = subprocess.Popen(
            command.arguments,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=None if command.on_terminal else subprocess.PIPE,
            stderr=subprocess.PIPE if command.on_terminal else subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name=command.name, daemon=True)
        self._reader.start()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ended(self, until_s: float) -> Ended | None:
        """Wait for the end until a time of time.monotonic()."""
        try:
            code = self._process.wait(max(0.0, until_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None
        self._reader.join()
        return Ended(self._name, code)

    def _read(self) -> None:
        output = self._process.stdout or self._process.stderr
        assert output
        for line in output:
            self._lines.write(f"[{self._name}] {line.rstrip()}\n")
        self._report(Ended(self._name, self._process.wait()))


def _end(children: Sequence[_Child], asked: signal.Signals) -> list[Ended]:
    """End all children and return those that did not end as they should."""
    running = list(children)
    failures = []
    for number, patience_s in ((asked, GRACE_S), *INSISTENCE_S):
        for child in running:
            child.signal(number)
        until_s = time.monotonic() + patience_s
        ends = {child: child.ended(until_s) for child in running}
        # One that is still starting has no handler yet and dies of the signal.
        orderly = {0, -asked} if number == asked else set()
        failures += [end for end in ends.values() if end and end.code not in orderly]
        running = [child for child, end in ends.items() if end is None]
    return failures
