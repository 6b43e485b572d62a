"""Seven exercises of the shoulder, told from the accelerations and turns of a watch."""

from __future__ import annotations

import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.encoding.population import activations
from neuromorphic_ros.learning.samples import LearningError, Samples
from neuromorphic_ros.pipeline.recipes.recipe import Labelled, Source
from neuromorphic_ros.pipeline.recipes.surrogate_recipe import SurrogateRecipe
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.weights import Normal

CLASSES = ("PEN", "ABD", "FEL", "IR", "ER", "TRAP", "ROW")
AXES, FIELDS, HIDDEN = 6, 12, 96
# Of 50 Hz, every second is taken.
STRIDE, TICK_MS = 2, 40.0
WINDOW, HOP = 100, 50
# Ranges of acceleration [g] and angular velocity [rad/s].
RANGES = np.array([2.0, 1.5, 2.0, 3.0, 5.0, 3.0])
# A left arm mirrors a right one: the axis along the arm and the turns about the others change sign.
MIRROR = np.array([-1.0, 1.0, 1.0, 1.0, -1.0, -1.0])
MAX_SERIES, MAX_ROWS = 100_000, 100_000_000
VARIANTS, TILT_RAD, SPEED, GAIN = 8, 0.2, 0.7, 0.15

FloatArray = npt.NDArray[np.float64]

SLOW = Lif(tau_mem_ms=Array(np.geomspace(40.0, 1000.0, HIDDEN)), reset="subtract")
NETWORK = NetworkSpec(
    name="watch_exercises",
    dt_ms=TICK_MS,
    inputs=(Input("imu", (AXES, FIELDS)),),
    populations=(
        Population("hidden", (HIDDEN,), SLOW),
        Population("deeper", (HIDDEN,), SLOW),
        Population("output", (len(CLASSES), 8), Lif(tau_mem_ms=500.0, reset="subtract")),
    ),
    projections=(
        Projection("imu", "hidden", Normal(0.0, 0.2)),
        Projection("hidden", "deeper", Normal(0.0, 0.1)),
        Projection("deeper", "output", Normal(0.0, 0.05)),
    ),
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
    """Cut series into windows of 4 s, half of each in the next; shorter series give none.

    Raises LearningError if no series is long enough.
    """
    samples = _windows(labelled)
    if not samples.size:
        raise LearningError(f"no series lasts {WINDOW * TICK_MS * 1e-3:g} s")
    return samples


def train(labelled: Labelled, seed: int) -> Samples:
    """Take the series as they are, and variants: other speeds, tilts of the watch and gains."""
    generator = np.random.default_rng((seed, 1))
    seen = [encode(labelled)]
    for _ in range(VARIANTS):
        varied = [_varied(series, generator) for series in labelled.content]
        seen.append(_windows(labelled._replace(content=varied)))
    return Samples(*map(np.concatenate, zip(*seen, strict=True)))


def fields_of(series: FloatArray) -> npt.NDArray[np.uint8]:
    """Return a spike of the receptive field that answers most, per axis and row.

    series: float64[rows, 6]. Returns uint8[rows, 6, fields].
    """
    relative = np.clip((series / RANGES + 1.0) / 2.0, 0.0, 1.0)
    response = activations(relative.reshape(-1), FIELDS, 1.0)
    fired = np.zeros(response.shape, np.uint8)
    fired[np.arange(len(response)), response.argmax(axis=1)] = 1
    return fired.reshape(len(series), AXES, FIELDS)


def _windows(labelled: Labelled) -> Samples:
    windows = [np.zeros((0, WINDOW, AXES, FIELDS), np.uint8)]
    label: list[int] = []
    for series, true in zip(labelled.content, labelled.label, strict=True):
        coded = fields_of(series[::STRIDE])
        starts = range(0, len(coded) - WINDOW + 1, HOP)
        windows += [coded[None, start : start + WINDOW] for start in starts]
        label += [true] * len(starts)
    return Samples(np.concatenate(windows), np.array(label, np.int64))


def _varied(series: FloatArray, generator: np.random.Generator) -> FloatArray:
    turn = _small_rotation(generator.normal(0.0, TILT_RAD, 3))
    speed = float(np.exp(generator.uniform(-SPEED, SPEED)))
    acceleration, velocity = series[:, :3] @ turn.T, series[:, 3:] @ turn.T
    # Gravity stays; what moves the arm grows with speed, less than its square in these data.
    mean = acceleration.mean(axis=0)
    moved = mean + (acceleration - mean) * (1.0 + 0.3 * (speed - 1.0))
    gains = generator.uniform(1 - GAIN, 1 + GAIN, AXES)
    both = np.concatenate([moved, velocity * speed], axis=1) * gains
    rows = max(2, round(len(both) / speed))
    at = np.linspace(0, len(both) - 1, rows)
    return np.stack([np.interp(at, np.arange(len(both)), axis) for axis in both.T], axis=1)


def _small_rotation(angles: FloatArray) -> FloatArray:
    x, y, z = angles
    left, _, right = np.linalg.svd(np.array([[1, -z, y], [z, 1, -x], [-y, x, 1]]))
    return np.asarray(left @ right)


RECIPE = SurrogateRecipe(
    name="watch_exercises",
    task="seven exercises of the shoulder from the accelerations and turns of a watch, in 4 s",
    classes=CLASSES,
    source=Source(
        name="shoulder exercises of seglearn's watch dataset, subjects 1 to 3",
        citation="Burns & Whyne, Seglearn, Journal of Machine Learning Research 19(83), 1 (2018)",
        licence="BSD-3-Clause",
        file="imu_watch_exercises/watch_subjects_1_3.npz",
        ships=True,
        licence_of_weights="Apache-2.0",
    ),
    split="each subject in turn by a network trained on the others; the one shipped has seen all",
    spec=NETWORK,
    parameters={
        "epochs": 4,
        "learning_rate": 2e-3,
        "rate_cost": 0.1,
        "label_smoothing": 0.1,
        "logit_scale": 0.3,
    },
    read=read,
    folds=folds,
    encode=encode,
    train=train,
)
