"""What an array in an .npy or .npz file says of itself, before any of it is read."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterable
from typing import IO, Any, NamedTuple

import numpy as np


class ArrayHeader(NamedTuple):
    """Shape and type of an array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def declared_bytes(self) -> int:
        """Size of the array in memory."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(file: IO[bytes]) -> ArrayHeader:
    """Read the header of an array, and leave the file at its content; raises ValueError."""
    if np.lib.format.read_magic(file) == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    else:
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    return ArrayHeader(shape, dtype)


def check_declared(archive: zipfile.ZipFile, members: Iterable[str], most_bytes: int) -> None:
    """Raise ValueError if arrays of an archive are larger together, before they take memory.

    Raises as `read_header` and zipfile do if they cannot be read.
    """
    declared = 0
    for member in members:
        with archive.open(member) as file:
            declared += read_header(file).declared_bytes
    if declared > most_bytes:
        raise ValueError(f"declares {declared} bytes, more than {most_bytes}")
