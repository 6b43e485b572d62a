"""Handwritten digits of 8 x 8 pixels, seen through the saccades of an event camera."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.encoding.dvs import DvsParameters
from neuromorphic_ros.encoding.saccades import Affine, Saccades, saccade_events
from neuromorphic_ros.learning.samples import Samples, binned, split_by_class
from neuromorphic_ros.pipeline.recipes.class_readout import class_readout
from neuromorphic_ros.pipeline.recipes.images import read_images
from neuromorphic_ros.pipeline.recipes.recipe import Labelled, Source
from neuromorphic_ros.pipeline.recipes.surrogate_recipe import SurrogateRecipe
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.weights import Normal

PICTURE, CLASSES = 8, 10
NAMES = tuple(map(str, range(CLASSES)))
TICKS, DT_NS = 30, 5_000_000
SACCADES = Saccades()
SENSOR = DvsParameters(pos_thres=0.4, neg_thres=0.4, sigma_thres=0.0)
MISMATCHED = DvsParameters(pos_thres=0.4, neg_thres=0.4, sigma_thres=0.05)
VARIANTS = 6
TURN_DEG, STRETCH, SLANT, SHIFT = 12.0, 0.15, 0.15, 0.6

NEURON = Lif(tau_mem_ms=30.0, reset="subtract")
NETWORK = NetworkSpec(
    name="digits",
    dt_ms=DT_NS / 1e6,
    inputs=(
        Input(
            "dvs",
            (2, SACCADES.size, SACCADES.size),
            "camera",
            "dvs",
            parameters={
                name: getattr(SENSOR, name) for name in ("pos_thres", "neg_thres", "sigma_thres")
            },
        ),
    ),
    populations=(
        Population("hidden", (128,), NEURON),
        Population("output", (CLASSES, 4), NEURON),
    ),
    projections=(
        Projection("dvs", "hidden", Normal(0.0, 0.06)),
        Projection("hidden", "output", Normal(0.0, 0.1)),
    ),
    readouts=(class_readout(NAMES, TICKS * DT_NS),),
)


def read(path: Path) -> Labelled:
    """Read digits, an archive or a folder of images; raises LearningError."""
    return read_images(path, PICTURE, CLASSES)


def folds(labelled: Labelled, seed: int) -> list[npt.NDArray[np.bool_]]:
    """Hold out a fifth of each class, once."""
    return [split_by_class(labelled.label, 0.2, seed)]


def encode(labelled: Labelled) -> Samples:
    """See each picture by three saccades."""
    return _seen(labelled, SENSOR, 0, None)


def train(labelled: Labelled, seed: int) -> Samples:
    """See each picture as it is, and variants of it by sensors with mismatch."""
    generator = np.random.default_rng((seed, 1))
    seen = [encode(labelled)]
    for _ in range(VARIANTS):
        moved = distortions(labelled.size, generator)
        seen.append(_seen(labelled, MISMATCHED, int(generator.integers(2**31)), moved))
    return Samples(*map(np.concatenate, zip(*seen, strict=True)))


def distortions(count: int, generator: np.random.Generator) -> Affine:
    """Draw small turns, stretches, slants and shifts, float64[count, 2, 3]."""
    turn = np.deg2rad(generator.uniform(-TURN_DEG, TURN_DEG, count))
    stretch = generator.uniform(1 - STRETCH, 1 + STRETCH, (count, 2))
    slant = generator.uniform(-SLANT, SLANT, count)
    cosine, sine = np.cos(turn), np.sin(turn)
    moved = np.empty((count, 2, 3))
    moved[:, 0, 0], moved[:, 0, 1] = cosine * stretch[:, 0], slant - sine * stretch[:, 1]
    moved[:, 1, 0], moved[:, 1, 1] = sine * stretch[:, 0], cosine * stretch[:, 1]
    moved[:, :, 2] = generator.uniform(-SHIFT, SHIFT, (count, 2))
    return moved


def _seen(labelled: Labelled, sensor: DvsParameters, seed: int, moved: Affine | None) -> Samples:
    events = saccade_events(labelled.content, SACCADES, sensor, seed, moved)
    return Samples(binned(events, TICKS, DT_NS), labelled.label)


RECIPE = SurrogateRecipe(
    name="digits",
    task="handwritten digits, 8 x 8 pixels, through the saccades of an emulated event camera",
    classes=NAMES,
    source=Source(
        name="Optical Recognition of Handwritten Digits, as in scikit-learn (1797 digits)",
        citation="Alpaydin & Kaynak, UCI Machine Learning Repository, 1998, doi:10.24432/C50P49",
        licence="CC BY 4.0",
        file="digits_uci_8x8/digits.npz",
        ships=True,
        licence_of_weights="Apache-2.0",
    ),
    split="a fifth of each class at random, no part in training or in its choice of epochs",
    spec=NETWORK,
    parameters={"epochs": 20, "learning_rate": 2e-3, "rate_cost": 0.5},
    read=read,
    folds=folds,
    encode=encode,
    train=train,
)
