"""What several nodes print, kept in a file."""

from __future__ import annotations

import io
from collections import defaultdict, deque
from pathlib import Path

from neuromorphic_ros.errors import NeuromorphicError

SHOWN_LINES = 12
# What `run_together` says of the node whose end was that of all.
FIRST_TO_END = "; stopping the others"


class LogError(NeuromorphicError):
    """A log that cannot be written."""


class NodeLog(io.TextIOWrapper):
    """A text file for lines `[node] text`, which remembers the last ones of each node."""

    def __init__(self, path: Path) -> None:
        """Begin the file anew; raises LogError if that fails."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            super().__init__(path.open("wb"), encoding="utf-8")
        except OSError as error:
            raise LogError(f"{path}: cannot be written: {error.strerror}") from None
        self._last: defaultdict[str, deque[str]] = defaultdict(lambda: deque(maxlen=SHOWN_LINES))
        self._verdicts: list[str] = []

    def write(self, line: str) -> int:
        """Add a line."""
        name, bracket, text = line.rstrip("\n").partition("] ")
        if bracket and name.startswith("["):
            self._last[name[1:]].append(text)
        else:
            self._verdicts.append(line.strip().removeprefix("neuromorphic: "))
        return super().write(line)

    @property
    def was_interrupted(self) -> bool:
        """Tell whether the end was asked for, not that of a node."""
        return not any(verdict.endswith(FIRST_TO_END) for verdict in self._verdicts)

    def failure(self) -> str:
        """Return which node has failed, with the last lines that it printed."""
        verdict = self._verdicts[0] if self._verdicts else "a node has failed"
        lines = self._last.get(verdict.split()[0], ["(it printed nothing)"])
        return "\n".join([verdict.removesuffix(FIRST_TO_END), *lines])
