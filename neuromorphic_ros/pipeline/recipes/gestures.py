"""Gestures of one person in front of an event camera: DVS128 Gesture."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.bags.event_npz import open_event_npz
from neuromorphic_ros.encoding.event_camera.binning import Binning
from neuromorphic_ros.encoding.event_camera.resize import Resize
from neuromorphic_ros.learning.samples import Amounts, LearningError, Samples, binned
from neuromorphic_ros.pipeline.recipes.class_readout import class_readout
from neuromorphic_ros.pipeline.recipes.files import files_of
from neuromorphic_ros.pipeline.recipes.recipe import Labelled, Source
from neuromorphic_ros.pipeline.recipes.surrogate_recipe import SurrogateRecipe
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.patterns import Conv2d
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.weights import Normal
from neuromorphic_ros.spikes import SpikeBatch, merge

CLASSES = (
    "hand_clap",
    "right_hand_wave",
    "right_arm_cw",
    "left_arm_cw",
    "arm_roll",
    "air_guitar",
)
SENSOR, PIXELS = (2, 128, 128), 32
# Of the pixels of a cell, whose events make one.
BINNING = 0.25
TICKS, DT_NS = 20, 10_000_000
WINDOW_NS, HOP_NS = TICKS * DT_NS, TICKS * DT_NS // 2
TRAINED_SHARE = 0.7
SHIFT, DROPPED, PASSES = 3, 0.3, 8

NEURON = Lif(tau_mem_ms=40.0, reset="subtract")
NETWORK = NetworkSpec(
    name="gestures",
    dt_ms=DT_NS / 1e6,
    inputs=(Input("dvs", (2, PIXELS, PIXELS), "camera", "dvs", parameters={"binning": BINNING}),),
    populations=(
        Population("edges", (8, 15, 15), NEURON),
        Population("shapes", (16, 7, 7), NEURON),
        Population("output", (len(CLASSES), 4), NEURON),
    ),
    projections=(
        Projection("dvs", "edges", Normal(0.0, 0.15), Conv2d((4, 4), stride=(2, 2))),
        Projection("edges", "shapes", Normal(0.0, 0.12), Conv2d((3, 3), stride=(2, 2))),
        Projection("shapes", "output", Normal(0.0, 0.04)),
    ),
    readouts=(class_readout(CLASSES, WINDOW_NS),),
)
TRAINED, HELD_OUT = 0, 1


def read(path: Path) -> Labelled:
    """Read windows of 200 ms, half of each in the next, of a recording (.npz) or those of a folder.

    A recording has a `label` beside its events. Its first 70 % and the rest are cut each for
    itself, group 0 and 1.
    Raises BagError, or LearningError if a recording has no such label, is of another camera or too
    short.
    """
    content: list[SpikeBatch] = []
    label: list[int] = []
    group: list[int] = []
    for file in files_of(path, ".npz"):
        name, recording = _label(file), open_event_npz(file)
        if recording.shape != SENSOR:
            raise LearningError(f"{file}: is of a camera {recording.shape[1:]}, not {SENSOR[1:]}")
        spikes = _seen([*recording])
        end_ns = int(spikes.time_ns[-1]) + 1 if len(spikes) else 0
        border_ns = round(TRAINED_SHARE * end_ns)
        for part, start_ns, stop_ns in ((TRAINED, 0, border_ns), (HELD_OUT, border_ns, end_ns)):
            windows = _windows(spikes, start_ns, stop_ns)
            content += windows
            label += [CLASSES.index(name)] * len(windows)
            group += [part] * len(windows)
    if not content:
        raise LearningError(f"{path}: no recording lasts {WINDOW_NS / TRAINED_SHARE * 1e-9:g} s")
    return Labelled(content, np.array(label, np.int64), np.array(group, np.int64))


def _label(file: Path) -> str:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            name = str(arrays["label"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as wrong:
        raise LearningError(f"{file}: is no recording with a label: {wrong}") from None
    if name not in CLASSES:
        raise LearningError(f"{file}: its label '{name[:40]}' is none of {', '.join(CLASSES)}")
    return name


def _seen(batches: list[SpikeBatch]) -> SpikeBatch:
    """Return the events as the encoder of the network passes them to it."""
    cell = SENSOR[1] // PIXELS
    resize = Resize(SENSOR, PIXELS, PIXELS)
    threshold = np.full((PIXELS, PIXELS), round(BINNING * cell * cell), np.int64)
    binning = Binning(resize.shape, threshold)
    passed = [binning(resize(batch)) for batch in batches]
    return merge([SpikeBatch.empty(binning.shape), *passed])


def _windows(spikes: SpikeBatch, start_ns: int, stop_ns: int) -> list[SpikeBatch]:
    windows = []
    for first_ns in range(start_ns, stop_ns - WINDOW_NS + 1, HOP_NS):
        window = spikes.between(first_ns, first_ns + WINDOW_NS)
        windows.append(SpikeBatch(window.shape, window.address, window.time_ns - first_ns))
    return windows


def folds(labelled: Labelled, seed: int) -> list[npt.NDArray[np.bool_]]:
    """Hold out what came last of each recording."""
    del seed
    return [labelled.group == HELD_OUT]


def encode(labelled: Labelled) -> Samples:
    """Count the events of each tick."""
    return Samples(binned(labelled.content, TICKS, DT_NS), labelled.label)


def train(labelled: Labelled, seed: int) -> Samples:
    """Take each window several times; `augment` makes others of them."""
    del seed
    once = encode(labelled)
    return once.take(np.tile(np.arange(once.size), PASSES))


def augment(inputs: Amounts, generator: np.random.Generator) -> Amounts:
    """Shift each window by some pixels and drop events; uint8 as it was."""
    made = np.zeros_like(inputs)
    size = inputs.shape[-1]
    for before, after in zip(inputs, made, strict=True):
        down, right = generator.integers(-SHIFT, SHIFT + 1, 2)
        rows, columns = (slice(max(0, s), size + min(0, s)) for s in (down, right))
        from_rows, from_columns = (slice(max(0, -s), size + min(0, -s)) for s in (down, right))
        after[..., rows, columns] = before[..., from_rows, from_columns]
    kept = generator.random(inputs.shape, np.float32) >= generator.uniform(0, DROPPED)
    return made * kept


RECIPE = SurrogateRecipe(
    name="gestures",
    task="six gestures of a person in front of an event camera, in 200 ms",
    classes=CLASSES,
    source=Source(
        name="DVS128 Gesture, six recordings of 1.45 s of one person",
        citation="Amir et al., A Low Power, Fully Event-Based Gesture Recognition System, "
        "CVPR 2017",
        licence="CC BY 4.0",
        file="events_dvs128_gesture",
        ships=True,
        licence_of_weights="CC BY 4.0",
    ),
    split="windows of the last 30 % of each recording, which overlap by half; the same person and "
    "place, so that it says nothing of others",
    spec=NETWORK,
    parameters={"epochs": 15, "batch": 32, "learning_rate": 3e-3, "rate_cost": 0.1},
    read=read,
    folds=folds,
    encode=encode,
    train=train,
    augment=augment,
)
