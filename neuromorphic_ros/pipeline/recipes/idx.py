"""Read MNIST as it is distributed: IDX files, gzipped or not."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.learning.samples import LearningError, Samples

UNSIGNED_BYTES = 8
MAX_BYTES = 2**30
FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


def read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """Read an array of bytes: 0, 0, type, dimensions, extents (big-endian, 32 bits), values.

    Format: LeCun, Cortes & Burges, the MNIST database. A path without .gz is tried with it too.
    Raises LearningError if it cannot be read or its size does not fit.
    """
    if not path.exists() and path.with_name(path.name + ".gz").exists():
        path = path.with_name(path.name + ".gz")
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as wrong:
        raise LearningError(f"{path}: cannot be read: {wrong}") from None
    if len(content) < 4 or content[:3] != bytes((0, 0, UNSIGNED_BYTES)):
        raise LearningError(f"{path}: is no IDX file of unsigned bytes")
    begin = 4 + 4 * content[3]
    extents = content[4:begin] if len(content) >= begin else b""
    shape = [int(extent) for extent in np.frombuffer(extents, ">u4")]
    if not shape or math.prod(shape) != len(content) - begin:
        raise LearningError(f"{path}: breaks off or is no IDX file: {len(content)} bytes")
    return np.frombuffer(content, np.uint8, offset=begin).reshape(shape)


def read_mnist(folder: Path, part: str) -> Samples:
    """Read `train` or `test` as float32[n, pixels] from 0 to 1; raises LearningError."""
    images, label = (read_idx(folder / name) for name in FILES[part])
    if images.ndim != 3 or label.shape != images.shape[:1] or not label.size or label.max() > 9:
        raise LearningError(f"{folder}: images {images.shape} and labels {label.shape} do not fit")
    flat = images.reshape(len(images), -1).astype(np.float32) / 255
    return Samples(flat, label.astype(np.int64))
