"""Which power mode a board has, and attempts to give it another one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from neuromorphic_ros.pipeline.health import Health
from neuromorphic_ros.power import jetson_clocks
from neuromorphic_ros.power.mode_change import change_mode
from neuromorphic_ros.power.nvpmodel import (
    NvpMode,
    PowerModeError,
    RebootRequiredError,
    find_mode,
    has_modes,
    read_mode,
    read_modes,
)
from neuromorphic_ros.sensors.backoff import Backoff

# A tool that failed once seldom works a moment later, and each attempt takes a process.
FIRST_WAIT_NS = 5_000_000_000
LONGEST_WAIT_NS = 300_000_000_000
_FIRST = Backoff(FIRST_WAIT_NS, LONGEST_WAIT_NS)


class Wanted(NamedTuple):
    """What a board is to be changed to; an empty mode: to nothing."""

    mode: str = ""
    hold_clocks: bool = False


class _Failure(NamedTuple):
    """What the last attempt was for, why it failed and when the next one is due."""

    wanted: Wanted
    reason: str
    backoff: Backoff
    due_ns: int


class PowerControl:
    """Watch the power mode of a board and tell when to change it.

    Only `apply` touches the board, and only if that is allowed.
    """

    def __init__(self, root: Path, *, allowed: bool, timeout_s: float) -> None:
        """Read the modes. root: folder of the files of the board. timeout_s: of its programs."""
        self._root = root
        self._allowed = allowed
        self._timeout_s = timeout_s
        self._problem = ""
        self._failure: _Failure | None = None
        self.modes: tuple[NvpMode, ...] = ()
        if has_modes(root):
            try:
                self.modes = read_modes(root)
            except PowerModeError as unreadable:
                self._problem = str(unreadable)

    def read(self) -> str:
        """Return the name of the mode in force; empty: the board has none or does not say."""
        if not self.modes:
            return ""
        try:
            mode = read_mode(self._root, self.modes).name
        except PowerModeError as unreadable:
            self._problem = str(unreadable)
            return ""
        self._problem = ""
        return mode

    def require(self, name: str) -> None:
        """Raise PowerModeError with the reason if a mode cannot be chosen by name."""
        if not self.modes:
            raise PowerModeError(
                self._problem or f"power mode '{name}' is unknown: this machine has no power modes"
            )
        find_mode(self.modes, name)
        if not self._allowed:
            raise PowerModeError(
                f"power mode '{name}' is not set: allow_hardware_control is false; start the node "
                "with true to let it change the board"
            )

    def is_due(self, wanted: Wanted, in_force: str, now_ns: int) -> bool:
        """Tell whether the board is to be changed now."""
        if not self._allowed or not wanted.mode:
            return False
        if wanted == (in_force, jetson_clocks.are_held(self._root)):
            return False
        failure = self._failure
        return failure is None or failure.wanted != wanted or now_ns >= failure.due_ns

    def apply(self, wanted: Wanted) -> None:
        """Change the board, which may take as long as its programs do.

        Raises the errors of power.mode_change.
        """
        change_mode(
            self._root,
            wanted.mode,
            hold_clocks=wanted.hold_clocks,
            timeout_s=self._timeout_s,
        )

    def applied(self, wanted: Wanted, error: Exception | None, now_ns: int) -> None:
        """Keep what became of an attempt, for the next one."""
        if error is None:
            self._failure = None
            return
        before = self._failure
        backoff = before.backoff if before and before.wanted == wanted else _FIRST
        backoff = backoff.failed(0)
        # However often it is asked, the board will not change before it is started again.
        final = isinstance(error, RebootRequiredError)
        due_ns = sys.maxsize if final else now_ns + backoff.wait_ns
        self._failure = _Failure(wanted, str(error), backoff, due_ns)

    def retry(self) -> None:
        """Let the next attempt be due at once."""
        self._failure = None

    def release(self) -> None:
        """Let clocks that are held go; raises BoardProgramError if they cannot be."""
        if self._allowed:
            jetson_clocks.restore(self._root, self._timeout_s)

    def health(self, in_force: str) -> Health:
        """Return what is to be said of the board."""
        values: dict[str, object] = {
            "mode": in_force,
            "modes": ", ".join(mode.name for mode in self.modes),
            "allow_hardware_control": self._allowed,
        }
        if self._failure:
            return Health("error", self._failure.reason, values)
        if self._problem:
            return Health("warn", self._problem, values)
        if not self.modes:
            return Health("ok", "this machine has no power modes", values)
        allowed = "may be changed" if self._allowed else "is left as it is"
        return Health("ok", f"power mode {in_force} {allowed}", values)
