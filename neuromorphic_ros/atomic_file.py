"""Files that are there as a whole or not at all."""

from __future__ import annotations

import glob
import os
from contextlib import suppress
from pathlib import Path

PARTIAL = ".partial"


def write_atomically(path: Path, content: bytes) -> None:
    """Put a file in place of the one that is there, if any, once it is complete on the disk.

    Whenever the process or the machine stops, `path` holds the old content or the new one. Of two
    processes that write at once one may fail.
    Raises OSError if it cannot be written; the old file is then as before.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A process that was killed leaves its own behind.
        for left in path.parent.glob(f".{glob.escape(path.name)}.*{PARTIAL}"):
            left.unlink(missing_ok=True)
        with scratch.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    except OSError:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # Without it a power cut may bring the old name back. Not every file system can.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
