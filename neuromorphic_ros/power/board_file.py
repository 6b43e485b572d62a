"""Small files by which a kernel or a vendor tells of a machine."""

from __future__ import annotations

import math
from pathlib import Path

# One page, which is what a file of sysfs holds at most.
MOST_BYTES = 4096


def read_text(path: Path, most_bytes: int = MOST_BYTES) -> str:
    """Return the content without NULs and blanks at its ends; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes)
    except OSError:
        return ""
    return content.decode("utf-8", "replace").strip("\0 \t\r\n")


def read_number(path: Path) -> float:
    """Return the number that a file holds; NaN if it cannot be read or is none."""
    try:
        value = float(read_text(path))
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def folders(parent: Path, pattern: str) -> list[Path]:
    """List what matches below a folder, sorted; nothing if the folder cannot be read."""
    try:
        return sorted(parent.glob(pattern))
    except OSError:
        return []
