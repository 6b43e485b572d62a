"""Seven exercises of the shoulder, told from the accelerations and turns of a watch."""

from __future__ import annotations

import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.learning.samples import LearningError, Samples
from neuromorphic_ros.pipeline.recipes.motion_statistics import (
    CENTRES,
    RANGES,
    motion_statistics,
)
from neuromorphic_ros.pipeline.recipes.recipe import Labelled, Source
from neuromorphic_ros.pipeline.recipes.surrogate_recipe import SurrogateRecipe
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.weights import Normal

CLASSES = ("PEN", "ABD", "FEL", "IR", "ER", "TRAP", "ROW")
AXES, SIGNS = 6, 2
# Of 50 Hz, two rows are one.
STRIDE, TICK_MS = 2, 40.0
# Ticks before statistics are settled, of a window, and from one to the next.
SETTLING, WINDOW, HOP = 150, 150, 50
# A left arm mirrors a right one: the axis along the arm and the turns about the others change sign.
MIRROR = np.array([-1.0, 1.0, 1.0, 1.0, -1.0, -1.0])
MAX_SERIES, MAX_ROWS = 100_000, 100_000_000

FloatArray = npt.NDArray[np.float64]

NETWORK = NetworkSpec(
    name="watch_exercises",
    dt_ms=TICK_MS,
    inputs=(Input("motion", (SIGNS, len(RANGES))),),
    populations=(
        Population("output", (len(CLASSES), 8), Lif(tau_mem_ms=1000.0, reset="subtract")),
    ),
    projections=(Projection("motion", "output", Normal(0.0, 0.01)),),
)


def read(path: Path) -> Labelled:
    """Read series of a watch (.npz): X (rows, 6) in g and rad/s, offset, y, subject and side.

    Series of side 1 are mirrored. Raises LearningError if it is no such file.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            rows, offset = arrays["X"].astype(np.float64), arrays["offset"].astype(np.int64)
            label, subject = arrays["y"].astype(np.int64), arrays["subject"].astype(np.int64)
            side = arrays["side"].astype(np.int64)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as wrong:
        raise LearningError(f"{path}: is no file of watch exercises: {wrong}") from None
    count = len(label) if label.ndim == 1 else 0
    if not 0 < count <= MAX_SERIES or not offset.shape == (count + 1,):
        raise LearningError(f"{path}: has labels {label.shape} and offsets {offset.shape}")
    if not subject.shape == side.shape == label.shape:
        raise LearningError(f"{path}: has {subject.shape} subjects and {side.shape} sides")
    if rows.ndim != 2 or rows.shape[1] != AXES or len(rows) > MAX_ROWS:
        raise LearningError(f"{path}: X is {rows.shape}; it needs (rows, {AXES})")
    if not np.all(np.isfinite(rows)) or np.any(np.diff(offset) < 0):
        raise LearningError(f"{path}: X is not finite or offset decreases")
    if offset[0] < 0 or offset[-1] > len(rows):
        raise LearningError(f"{path}: breaks off at row {len(rows)} of {offset[-1]}")
    if label.min() < 0 or label.max() >= len(CLASSES):
        raise LearningError(f"{path}: y is {label.min()} to {label.max()}, not 0 to 6")
    series = [rows[low:high] for low, high in pairwise(offset)]
    content = [each * MIRROR if left else each for each, left in zip(series, side, strict=True)]
    return Labelled(content, label, subject)


def folds(labelled: Labelled, seed: int) -> list[npt.NDArray[np.bool_]]:
    """Hold out one subject after the other."""
    del seed
    return [labelled.group == subject for subject in np.unique(labelled.group)]


def encode(labelled: Labelled) -> Samples:
    """Cut what statistics fire, once settled, into windows of 6 s, two thirds of each in the next.

    Raises LearningError if no series is long enough.
    """
    windows: list[npt.NDArray[np.uint8]] = []
    label: list[int] = []
    for series, true in zip(labelled.content, labelled.label, strict=True):
        ticks = len(series) // STRIDE
        starts = range(SETTLING, ticks - WINDOW + 1, HOP)
        if starts:
            rows = series[: ticks * STRIDE].reshape(ticks, STRIDE, AXES).mean(axis=1)
            fired = fire(motion_statistics(rows, TICK_MS * 1e-3))
            windows += [fired[start : start + WINDOW] for start in starts]
            label += [true] * len(starts)
    if not windows:
        raise LearningError(f"no series lasts {(SETTLING + WINDOW) * TICK_MS * 1e-3:g} s")
    return Samples(np.stack(windows), np.array(label, np.int64))


def train(labelled: Labelled, seed: int) -> Samples:
    """Take the series as they are."""
    del seed
    return encode(labelled)


def fire(statistics: FloatArray) -> npt.NDArray[np.uint8]:
    """Return spikes at rates of what statistics are above their centres, and of what below.

    statistics: float64[ticks, n]. Returns uint8[ticks, 2, n], one spike of a tick at the end of the
    range; what is left after a spike counts for the next.
    """
    relative = np.clip((statistics - CENTRES) / RANGES, -1.0, 1.0)
    due = np.cumsum(
        np.stack([np.maximum(relative, 0.0), np.maximum(-relative, 0.0)], axis=1), axis=0
    )
    return np.diff(np.floor(due + 0.5), axis=0, prepend=0.0).astype(np.uint8)


RECIPE = SurrogateRecipe(
    name="watch_exercises",
    task="seven exercises of the shoulder from the accelerations and turns of a watch, in 6 s",
    classes=CLASSES,
    source=Source(
        name="shoulder exercises of seglearn's watch dataset, subjects 1 to 3",
        citation="Burns & Whyne, Seglearn, Journal of Machine Learning Research 19(83), 1 (2018)",
        licence="BSD-3-Clause",
        file="imu_watch_exercises/watch_subjects_1_3.npz",
        ships=True,
        licence_of_weights="Apache-2.0",
    ),
    split="each subject in turn by a network trained on the others, by which statistics and "
    "windows were chosen too; the one shipped has seen all",
    spec=NETWORK,
    parameters={
        "epochs": 12,
        "learning_rate": 2e-3,
        "weight_decay": 0.1,
        "label_smoothing": 0.1,
        "logit_scale": 0.3,
    },
    read=read,
    folds=folds,
    encode=encode,
    train=train,
)
