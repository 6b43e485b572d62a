"""Train networks on digits, convert them for all hardware, and ask how soon they are right.

Shares are of the held-out fifths of three seeds together, after so many ticks, on the engine of
this machine with the weights, thresholds and reset of the target.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from reporting import Row, main

from neuromorphic_ros.compression.ann.forward import outputs
from neuromorphic_ros.compression.ann_to_snn import ConversionParameters, convert
from neuromorphic_ros.learning.samples import split_by_class
from neuromorphic_ros.pipeline.accuracy_by_ticks import accuracy_by_ticks
from neuromorphic_ros.pipeline.ann_conversion import TARGETS, Target
from neuromorphic_ros.pipeline.labelled_vectors import LabelledVectors, read_vectors
from neuromorphic_ros.pipeline.recipes.ann_training import AnnTraining, trained
from neuromorphic_ros.pipeline.recipes.converted_digits import (
    CLASSES,
    EPOCHS,
    HELD_OUT,
    LARGEST,
    LEVELS,
    RECIPE,
)
from neuromorphic_ros.pipeline.recipes.registry import data_path
from neuromorphic_ros.snn.streaming import StreamingNetwork

SHAPES: dict[Any, tuple[int, ...]] = {"dense": (64,), "convolutional": (1, 8, 8)}
ACTIVATIONS = {"relu": 0, "qcfs": LEVELS}
SEEDS = (0, 1, 2)
TICKS = 64
SHOWN = (1, 4, 8, 16, 32, 64)


class Right(NamedTuple):
    """How many samples were right: by the conventional network, and by ticks by the other."""

    conventional: int
    by_ticks: Any
    samples: int


def parameters(target: Target) -> ConversionParameters:
    """Return how a network is converted for a target."""
    return ConversionParameters(
        bits=target.bits, reset=target.reset, per_channel=target.per_channel
    )


def found(kind: Any, levels: int, seed: int) -> Iterator[tuple[str, Right]]:
    """Train, and yield what each target makes of the network."""
    data = read_vectors(data_path(RECIPE), SHAPES[kind])
    assert data.label is not None
    chosen = split_by_class(data.label, HELD_OUT, seed)
    seen, held_out = data.take(~chosen), data.take(chosen)
    ann = trained(seen, CLASSES, AnnTraining(kind, EPOCHS, levels, LARGEST, seed))
    right = int(np.sum(outputs(ann, held_out.samples).argmax(axis=1) == held_out.label))
    for name, target in TARGETS.items():
        converted = convert(ann, seen.samples, parameters(target), "net")
        yield name, Right(right, by_ticks(converted, held_out), held_out.size)


def by_ticks(converted: Any, data: LabelledVectors) -> Any:
    """Return how many samples are right after each number of ticks."""
    runner = StreamingNetwork(converted.spec)
    return accuracy_by_ticks(runner, data, converted.largest_input, TICKS).right


def row(kind: str, activation: str, target: str, rights: list[Right]) -> Row:
    """Return the shares of all seeds together, in percent."""
    samples = sum(each.samples for each in rights)
    share = 100 * np.sum([each.by_ticks for each in rights], axis=0) / samples
    conventional = 100 * sum(each.conventional for each in rights) / samples
    return {
        "network": kind,
        "activation": activation,
        "target": target,
        "samples": samples,
        "conventional": f"{conventional:.1f} %",
        **{f"{ticks} ticks": f"{share[ticks - 1]:.1f} %" for ticks in SHOWN},
    }


def measure() -> list[Row]:
    """Return a row for each network, activation and target."""
    rows = []
    for kind in SHAPES:
        for activation, levels in ACTIVATIONS.items():
            rights: dict[str, list[Right]] = {name: [] for name in TARGETS}
            for seed in SEEDS:
                for name, right in found(kind, levels, seed):
                    rights[name].append(right)
            rows += [row(kind, activation, name, rights[name]) for name in TARGETS]
    return rows


if __name__ == "__main__":
    main(__doc__, measure)
