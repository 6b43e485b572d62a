"""The power modes of a Jetson: which there are, which is in force, and the change to another.

The format of `nvpmodel.conf` is described in its own header; a mode is a line
`< POWER_MODEL ID=1 NAME=5W >` with the limits of the clocks below it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.power.board_file import read_text
from neuromorphic_ros.power.board_program import TIMEOUT_S, failure, run_program

CONFIGURATION = "etc/nvpmodel.conf"
STATUS = "var/lib/nvpmodel/status"
NVPMODEL = "usr/sbin/nvpmodel"

MOST_CONFIGURATION_BYTES = 1_000_000
# What the tool says of a mode that gates parts of the chip which only a boot can gate.
REBOOT = "Reboot required"
FAILED = "NVPM ERROR"

_SECTION = re.compile(r"<\s*(\w+)\s+(.*?)\s*>")
_ATTRIBUTE = re.compile(r"(\w+)=(\S+)")
_CPU_MAXIMUM = re.compile(r"CPU_(?!ONLINE)\w+\s+MAX_FREQ\s+(-?\d+)")
_CPU_ONLINE = re.compile(r"CPU_ONLINE\s+CORE_\d+\s+1\b")
_MODE = re.compile(r"\bpmode:(\d+)")


class PowerModeError(NeuromorphicError, ValueError):
    """Power modes that cannot be read, or one that cannot be chosen."""


class RebootRequiredError(PowerModeError):
    """A power mode that the board only changes to when it is started again."""


class NvpMode(NamedTuple):
    """A power mode of a board.

    cores: online; 0: not said. cpu_khz: highest limit of a CPU clock; 0: not said, -1: no limit.
    """

    number: int
    name: str
    cores: int = 0
    cpu_khz: int = 0

    @property
    def clock_khz(self) -> float:
        """Highest clock of all cores together; 0: not said, infinite: no limit."""
        return math.inf if self.cpu_khz < 0 else self.cores * self.cpu_khz


def has_modes(root: Path) -> bool:
    """Tell whether a machine has power modes; root: folder of its files."""
    return (root / CONFIGURATION).exists()


def read_modes(root: Path) -> tuple[NvpMode, ...]:
    """Read the power modes of a board in the order of their numbers.

    Raises PowerModeError if there are none or the file cannot be read.
    """
    path = root / CONFIGURATION
    try:
        with path.open("rb") as file:
            text = file.read(MOST_CONFIGURATION_BYTES).decode("utf-8", "replace")
    except FileNotFoundError:
        raise PowerModeError(f"{path} is missing: this board has no power modes") from None
    except OSError as refused:
        raise PowerModeError(f"{path} cannot be read: {refused.strerror}") from None
    modes: dict[int, NvpMode] = {}
    for mode in _modes(text, path):
        if mode.number in modes:
            raise PowerModeError(f"{path}: POWER_MODEL ID={mode.number} is defined twice")
        modes[mode.number] = mode
    if not modes:
        raise PowerModeError(f"{path} defines no POWER_MODEL")
    return tuple(modes[number] for number in sorted(modes))


def read_mode(root: Path, modes: Sequence[NvpMode]) -> NvpMode:
    """Return which of the modes is in force; needs no root rights.

    Raises PowerModeError if the board does not say.
    """
    path = root / STATUS
    # "pmode:0001", since JetPack 4.3 with the mode of the fan: "pmode:0001 fmode:quiet".
    found = _MODE.search(read_text(path))
    if found is None:
        raise PowerModeError(f"{path} does not say which power mode is in force")
    number = int(found[1])
    for mode in modes:
        if mode.number == number:
            return mode
    raise PowerModeError(f"{path} names power mode {number}, which {CONFIGURATION} does not define")


def find_mode(modes: Sequence[NvpMode], name: str) -> NvpMode:
    """Return a mode by its name; raises PowerModeError that lists those there are."""
    for mode in modes:
        if mode.name == name:
            return mode
    known = ", ".join(mode.name for mode in modes)
    raise PowerModeError(f"power mode '{name}' is unknown; there are {known}")


def set_mode(root: Path, name: str, timeout_s: float = TIMEOUT_S) -> None:
    """Change to a power mode and make sure that the board did; nothing if it is in force.

    Raises PowerModeError if the mode is unknown or another one is in force afterwards,
    RebootRequiredError if it takes a reboot, which is not begun, and BoardProgramError if the tool
    is missing, fails or hangs.
    """
    modes = read_modes(root)
    wanted = find_mode(modes, name)
    if _in_force(root, modes) == wanted:
        return
    program, arguments = root / NVPMODEL, ("-m", str(wanted.number))
    ended = run_program(program, arguments, timeout_s)
    if REBOOT in ended.printed:
        raise RebootRequiredError(
            f"power mode '{name}' takes a reboot: run 'sudo nvpmodel -m {wanted.number}' and "
            "confirm it; nothing has been changed"
        )
    if ended.code or FAILED in ended.printed:
        raise failure(program, arguments, ended)
    now = read_mode(root, modes)
    if now != wanted:
        raise PowerModeError(
            f"'{program} -m {wanted.number}' reported no error, yet power mode '{now.name}' is in "
            f"force, not '{name}'"
        )


def _in_force(root: Path, modes: Sequence[NvpMode]) -> NvpMode | None:
    try:
        return read_mode(root, modes)
    except PowerModeError:
        return None


def _modes(text: str, path: Path) -> Iterator[NvpMode]:
    mode: NvpMode | None = None
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if section := _SECTION.match(line):
            if mode:
                yield mode
            mode = None
            if section[1] == "POWER_MODEL":
                attributes = dict(_ATTRIBUTE.findall(section[2]))
                if not attributes.get("ID", "").isdecimal() or not attributes.get("NAME"):
                    raise PowerModeError(f"{path}, line {number}: '{line}' is no power mode")
                mode = NvpMode(int(attributes["ID"]), attributes["NAME"])
        elif mode and _CPU_ONLINE.match(line):
            mode = mode._replace(cores=mode.cores + 1)
        elif mode and (limit := _CPU_MAXIMUM.match(line)):
            khz = int(limit[1])
            highest = -1 if -1 in (khz, mode.cpu_khz) else max(khz, mode.cpu_khz)
            mode = mode._replace(cpu_khz=highest)
    if mode:
        yield mode
