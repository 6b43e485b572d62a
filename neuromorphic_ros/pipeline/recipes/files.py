"""The data files that a person names: one, or all of a folder."""

from __future__ import annotations

from pathlib import Path

from neuromorphic_ros.learning.samples import LearningError


def files_of(path: Path, suffix: str) -> list[Path]:
    """Return a file as it is, or the files of a folder with a suffix, by name.

    Raises LearningError if the folder has none.
    """
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.iterdir() if each.suffix.lower() == suffix)
    if not found:
        raise LearningError(f"{path}: has no {suffix} files")
    return found
