"""Digits of MNIST, recorded by a real event camera that looked along saccades: N-MNIST."""

from __future__ import annotations

import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.bags.event_recording import nanoseconds, spikes_from_columns
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.learning.samples import (
    Amounts,
    LearningError,
    Samples,
    binned,
    split_by_class,
)
from neuromorphic_ros.pipeline.recipes.class_readout import class_readout
from neuromorphic_ros.pipeline.recipes.recipe import Labelled, Source
from neuromorphic_ros.pipeline.recipes.surrogate_recipe import SurrogateRecipe
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.patterns import Conv2d
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.weights import Normal

PIXELS, CLASSES = 34, 10
NAMES = tuple(map(str, range(CLASSES)))
TICKS, DT_NS = 31, 10_000_000
MAX_SAMPLES = 100_000
# So many passes with other distortions make one epoch.
PASSES = 8
TURN_DEG, STRETCH, SLANT, SHIFT, DROPPED = 15.0, 0.15, 0.2, 2.5, 0.3

NEURON = Lif(tau_mem_ms=40.0, reset="subtract")
NETWORK = NetworkSpec(
    name="nmnist",
    dt_ms=DT_NS / 1e6,
    # Every event counts, as in the recordings.
    inputs=(Input("dvs", (2, PIXELS, PIXELS), "camera", "dvs", parameters={"binning": 0.0}),),
    populations=(
        Population("edges", (12, 15, 15), NEURON),
        Population("shapes", (32, 7, 7), NEURON),
        Population("output", (CLASSES, 4), NEURON),
    ),
    projections=(
        Projection(
            "dvs",
            "edges",
            Normal(0.0, 0.15),
            Conv2d((5, 5), stride=(2, 2)),
        ),
        Projection("edges", "shapes", Normal(0.0, 0.12), Conv2d((3, 3), stride=(2, 2))),
        Projection("shapes", "output", Normal(0.0, 0.04)),
    ),
    readouts=(class_readout(NAMES, TICKS * DT_NS),),
)


def read(path: Path) -> Labelled:
    """Read a collection of labelled recordings (.npz with `offset` and `label`).

    Raises LearningError if it is none, or of another camera.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            label, offset = arrays["label"].astype(np.int64), arrays["offset"].astype(np.int64)
            x, y, step_us = arrays["x"], arrays["y"], arrays["dt_us"]
            is_on = np.unpackbits(arrays["p"]).astype(np.bool_)
            size = int(arrays["height"]), int(arrays["width"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as wrong:
        raise LearningError(f"{path}: is no labelled collection of events: {wrong}") from None
    if size != (PIXELS, PIXELS):
        raise LearningError(f"{path}: is of a camera {size}, not {PIXELS}x{PIXELS}")
    bounds = [*pairwise(offset)]
    if label.ndim != 1 or len(bounds) != len(label) or not 0 < len(label) <= MAX_SAMPLES:
        raise LearningError(f"{path}: has {len(bounds)} recordings and labels {label.shape}")
    if min(map(len, (x, y, step_us, is_on))) < offset.max() or np.any(np.diff(offset) < 0):
        raise LearningError(f"{path}: breaks off; fetch the file again")
    if label.min() < 0 or label.max() >= CLASSES:
        raise LearningError(f"{path}: labels are {label.min()} to {label.max()}, not 0 to 9")
    try:
        content = [
            spikes_from_columns(
                NETWORK.inputs[0].shape,
                x[low:high],
                y[low:high],
                is_on[low:high],
                nanoseconds(np.cumsum(step_us[low:high], dtype=np.int64)),
            )
            for low, high in bounds
        ]
    except BagError as wrong:
        raise LearningError(f"{path}: {wrong}") from None
    return Labelled(content, label, np.zeros(len(label), np.int64))


def folds(labelled: Labelled, seed: int) -> list[npt.NDArray[np.bool_]]:
    """Hold out a fifth of each class, once."""
    return [split_by_class(labelled.label, 0.2, seed)]


def encode(labelled: Labelled) -> Samples:
    """Count the events of each tick."""
    return Samples(binned(labelled.content, TICKS, DT_NS), labelled.label)


def train(labelled: Labelled, seed: int) -> Samples:
    """Take each recording several times; `augment` makes others of them."""
    once = encode(labelled)
    return once.take(np.tile(np.arange(once.size), PASSES))


def augment(inputs: Amounts, generator: np.random.Generator) -> Amounts:
    """Turn, stretch, slant and shift each recording, and drop events; uint8 as it was."""
    size = inputs.shape[-1]
    middle = (size - 1) / 2
    rows, columns = np.mgrid[:size, :size] - middle
    made = np.zeros_like(inputs)
    for before, after in zip(inputs, made, strict=True):
        turn = np.deg2rad(generator.uniform(-TURN_DEG, TURN_DEG))
        (tall, wide), slant = (
            generator.uniform(1 - STRETCH, 1 + STRETCH, 2),
            generator.uniform(-SLANT, SLANT),
        )
        down, right = generator.uniform(-SHIFT, SHIFT, 2)
        # Where each pixel looks in the recording, so that none is left without.
        y = np.rint((np.cos(turn) * rows + np.sin(turn) * columns) * tall + down + middle)
        x = np.rint(
            (np.cos(turn) * columns - (np.sin(turn) - slant) * rows) * wide + right + middle
        )
        inside = (y >= 0) & (y < size) & (x >= 0) & (x < size)
        y, x = (np.clip(each, 0, size - 1).astype(np.intp) for each in (y, x))
        after[:] = before[..., y, x] * inside
    kept = generator.random(inputs.shape, np.float32) >= generator.uniform(0, DROPPED)
    return made * kept


RECIPE = SurrogateRecipe(
    name="nmnist",
    task="handwritten digits, recorded by an event camera along saccades (N-MNIST)",
    classes=NAMES,
    source=Source(
        name="N-MNIST, the first 300 training samples",
        citation="Orchard et al., Frontiers in Neuroscience 9:437 (2015)",
        licence="CC BY-SA 4.0",
        file="events_nmnist/nmnist_train_0001_0300.npz",
        ships=True,
        licence_of_weights="CC BY-SA 4.0",
    ),
    split="a fifth of each class at random, no part in training or in its choice of epochs",
    spec=NETWORK,
    parameters={
        "epochs": 12,
        "batch": 32,
        "learning_rate": 3e-3,
        "label_smoothing": 0.05,
        "rate_cost": 0.1,
    },
    read=read,
    folds=folds,
    encode=encode,
    train=train,
    augment=augment,
)
