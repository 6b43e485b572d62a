"""Recorded input by which a network is compressed, and other input on which that is measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.learning.samples import LearningError, Samples, tick_spikes
from neuromorphic_ros.pipeline.compression import Trainer
from neuromorphic_ros.pipeline.recipes.surrogate_recipe import SurrogateRecipe
from neuromorphic_ros.pipeline.recorded_input import recorded_input
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.tick_spikes import TickSpikes

MAX_PIECES = 256
"""So many samples, evenly spread, calibrate: ranges change little with more."""


class Calibration(NamedTuple):
    """Input of a network.

    pieces: each from rest, to calibrate with. measured: pieces to measure with, those of `held_out`
    if there are labels. again: for training. seen: why the network is no stranger to `held_out`;
    empty: it is.
    """

    pieces: tuple[TickSpikes, ...]
    measured: tuple[TickSpikes, ...]
    held_out: Samples | None = None
    again: Trainer | None = None
    seen: str = ""


def recorded_calibration(spec: NetworkSpec, path: Path, topics: Mapping[str, str]) -> Calibration:
    """Take what the encoders make of a recording, all of it for both.

    Raises BagError if the recording cannot be used.
    """
    with open_recording(path) as recording:
        pieces = recorded_input(spec, recording, topics)
    return Calibration(pieces, pieces)


def labelled_calibration(
    recipe: SurrogateRecipe, path: Path, seed: int, train: bool
) -> Calibration:
    """Take the data of a recipe; what it holds out first measures, the rest calibrates and trains.

    train: whether samples for training are made. Raises LearningError if the data cannot be used.
    """
    labelled = recipe.read(path)
    held_out, *others = recipe.folds(labelled, seed)
    if held_out.all() or not held_out.any():
        raise LearningError(f"{path}: {labelled.size} recordings are too few to hold some out")
    rest, measured = (recipe.encode(labelled.take(each)) for each in (~held_out, held_out))
    chosen = np.unique(np.linspace(0, rest.size - 1, min(MAX_PIECES, rest.size)).astype(np.int64))
    again = None
    if train:
        samples = recipe.train(labelled.take(~held_out), seed)
        again = Trainer(samples, recipe.parameters, recipe.augment)
    return Calibration(
        pieces=_pieces(rest.take(chosen)),
        measured=_pieces(measured),
        held_out=measured,
        again=again,
        seen="the network that is shipped was trained on all samples" if others else "",
    )


def _pieces(samples: Samples) -> tuple[TickSpikes, ...]:
    return tuple(tick_spikes(sequence) for sequence in samples.inputs)
