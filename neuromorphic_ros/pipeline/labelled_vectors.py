"""Samples of amounts with their classes, from an archive of arrays."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.array_header import check_declared
from neuromorphic_ros.learning.samples import Labels, LearningError
from neuromorphic_ros.spikes import Shape

SAMPLES, LABELS = ("inputs", "images"), ("labels", "label")
MAX_BYTES = 2**31
UNREADABLE = (OSError, ValueError, TypeError, EOFError, NotImplementedError, zipfile.BadZipFile)


class LabelledVectors(NamedTuple):
    """Samples, float32 (n, *shape), with their classes, or none if these are not known."""

    samples: npt.NDArray[np.float32]
    label: Labels | None

    @property
    def size(self) -> int:
        """Number of samples."""
        return len(self.samples)

    def take(self, index: npt.NDArray[Any]) -> LabelledVectors:
        """Return some of the samples, by places or a mask."""
        return LabelledVectors(
            self.samples[index], None if self.label is None else self.label[index]
        )


def read_vectors(path: Path, shape: Shape) -> LabelledVectors:
    """Read an .npz file with `inputs` or `images` (n, *shape), and `labels` (n) if it has them.

    shape: of a sample. An axis of 1 may be missing in the file, and a single axis may be several
    there.
    Raises LearningError naming what is missing or does not fit.
    """
    if not path.is_file():
        raise LearningError(f"{path}: is no readable npz file: there is none")
    try:
        arrays = _arrays(path)
    except UNREADABLE as wrong:
        reason = " ".join(str(wrong).split()) or type(wrong).__name__
        raise LearningError(f"{path}: is no readable npz file: {reason}") from None
    given, label = _one_of(arrays, SAMPLES), _one_of(arrays, LABELS)
    if given is None:
        raise LearningError(f"{path}: has no array `inputs` or `images`; it has {[*arrays]}")
    if not _fits(given.shape, shape) or given.dtype.kind not in "fiub":
        raise LearningError(
            f"{path}: samples are {given.dtype}{list(given.shape)}; the network takes numbers of "
            f"(n, {', '.join(map(str, shape))})"
        )
    with np.errstate(over="ignore"):
        samples = given.astype(np.float32).reshape(len(given), *shape)
    if not np.all(np.isfinite(samples)):
        raise LearningError(f"{path}: a sample holds NaN or infinity")
    if label is not None and (
        label.dtype.kind not in "iu" or label.shape != (len(samples),) or label.min() < 0
    ):
        raise LearningError(
            f"{path}: labels are {label.dtype}{list(label.shape)}; give {len(samples)} whole "
            "numbers from 0 on"
        )
    return LabelledVectors(samples, None if label is None else label.astype(np.int64))


def _fits(given: Shape, shape: Shape) -> bool:
    if not given or not given[0]:
        return False
    flat = len(shape) == 1 and math.prod(given[1:]) == shape[0]
    return flat or _squeezed(given[1:]) == _squeezed(shape)


def _squeezed(shape: Shape) -> Shape:
    return tuple(extent for extent in shape if extent != 1)


def _one_of(arrays: Mapping[str, npt.NDArray[Any]], names: tuple[str, ...]) -> Any:
    return next((arrays[name] for name in names if name in arrays), None)


def _arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read the arrays that are looked for, after their declared sizes."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        names = [name for name in (*SAMPLES, *LABELS) if f"{name}.npy" in archive.namelist()]
        check_declared(archive, [f"{name}.npy" for name in names], MAX_BYTES)
        for name in names:
            with archive.open(f"{name}.npy") as file:
                found[name] = np.lib.format.read_array(file, allow_pickle=False)
    return found
