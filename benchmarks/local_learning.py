"""Layers that learn without backpropagation, on digits, or MNIST from its IDX files.

Forward-forward (Hinton 2022) and its self-contrastive form (Chen et al. 2025) with dense layers,
and with spiking ones on the events of saccades; beside the same readout on layers as they were
drawn. Held-out accuracy with its 95 % interval. --mnist FOLDER runs the dense ones on all of MNIST
with 4 and 2 layers of 2000, which takes hours on a CPU. Data: NEUROMORPHIC_DATA.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from reporting import Row, table

from neuromorphic_ros.learning.classification import wilson
from neuromorphic_ros.learning.forward_forward import (
    predict_forward_forward,
    train_forward_forward,
)
from neuromorphic_ros.learning.goodness import DenseLayer, Layer, LocalTraining, SpikingLayer
from neuromorphic_ros.learning.samples import Labels, LearningError, Samples
from neuromorphic_ros.learning.scff import fit_readout, read_out, strengths_of, train_scff
from neuromorphic_ros.pipeline.recipes import digits
from neuromorphic_ros.pipeline.recipes.idx import read_mnist
from neuromorphic_ros.pipeline.recipes.registry import data_path
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.surrogate import Arctan
from neuromorphic_ros.snn.weights import Normal

CLASSES = 10
STRENGTH = 6.0
DENSE_FF = LocalTraining(epochs=30, learning_rate=2e-3)
DENSE_SCFF = LocalTraining(epochs=20, threshold_positive=1.0, threshold_negative=1.0)
SPIKING_FF = LocalTraining(
    epochs=50,
    learning_rate=4e-3,
    threshold_positive=0.1,
    threshold_negative=0.1,
    sharpness=60.0,
)
SPIKING_SCFF = LocalTraining(
    epochs=6,
    threshold_positive=0.1,
    threshold_negative=0.1,
    sharpness=30.0,
)


class Split(NamedTuple):
    """What is trained with and what is measured on."""

    train: Samples
    held_out: Samples


def dense(inputs: int, sizes: Sequence[int]) -> list[Layer]:
    """Return rectified layers."""
    pairs = zip((inputs, *sizes), sizes, strict=False)
    return [DenseLayer(pre, post, seed) for seed, (pre, post) in enumerate(pairs)]


def spiking(inputs: int, sizes: Sequence[int]) -> list[Layer]:
    """Return layers of the neurons of the recipe for digits."""
    layers: list[Layer] = []
    for seed, (pre, post) in enumerate(zip((inputs, *sizes), sizes, strict=False)):
        spread = 0.05 if seed == 0 else 0.15
        spec = NetworkSpec(
            name=f"layer{seed}",
            dt_ms=digits.NETWORK.dt_ms,
            inputs=(Input("spikes", (pre,)),),
            populations=(Population("layer", (post,), digits.NEURON),),
            projections=(Projection("spikes", "layer", Normal(0.0, spread)),),
            seed=seed,
        )
        layers.append(SpikingLayer(spec, Arctan()))
    return layers


def by_forward_forward(layers: list[Layer], data: Split, p: LocalTraining, told: float) -> Labels:
    """Train with labels and ask for the best one."""
    train_forward_forward(layers, data.train, CLASSES, p, told)
    return predict_forward_forward(layers, data.held_out, CLASSES, told)


def by_scff(layers: list[Layer], data: Split, p: LocalTraining | None) -> Labels:
    """Train without labels, or not at all, and read out."""
    if p is not None:
        train_scff(layers, data.train.inputs, p)
    readout = fit_readout(strengths_of(layers, data.train.inputs), data.train, CLASSES)
    return read_out(readout, strengths_of(layers, data.held_out.inputs))


def row(method: str, layers: list[Layer], data: Split, run: Callable[[], Labels]) -> Row:
    """Run a method and say how often it was right."""
    begun = time.perf_counter()
    right = int(np.sum(run() == data.held_out.label))
    low, high = wilson(right, data.held_out.size)
    return {
        "method": method,
        "layers": len(layers),
        "accuracy": right / data.held_out.size,
        "low": low,
        "high": high,
        "samples": data.held_out.size,
        "s": time.perf_counter() - begun,
    }


def measured_dense(data: Split, ff: Sequence[int], scff: Sequence[int]) -> list[Row]:
    """Measure the methods with rectified layers."""
    pixels = data.train.inputs.shape[1]
    told, free, drawn = dense(pixels + CLASSES, ff), dense(pixels, scff), dense(pixels, scff)
    return [
        row(
            "forward-forward, dense",
            told,
            data,
            lambda: by_forward_forward(told, data, DENSE_FF, 2.0),
        ),
        row("SCFF, dense", free, data, lambda: by_scff(free, data, DENSE_SCFF)),
        row("readout only, dense", drawn, data, lambda: by_scff(drawn, data, None)),
    ]


def measured_spiking(data: Split) -> list[Row]:
    """Measure the methods with spiking layers."""
    channels = data.train.inputs.shape[2]
    told = spiking(channels + CLASSES, (400,))
    free, drawn = spiking(channels, (256, 256)), spiking(channels, (256, 256))
    return [
        row(
            "forward-forward, spiking",
            told,
            data,
            lambda: by_forward_forward(told, data, SPIKING_FF, STRENGTH),
        ),
        row("SCFF, spiking", free, data, lambda: by_scff(free, data, SPIKING_SCFF)),
        row("readout only, spiking", drawn, data, lambda: by_scff(drawn, data, None)),
    ]


def measure(mnist: Path | None) -> list[Row]:
    """Measure on digits, or on MNIST."""
    torch.set_num_threads(1)
    if mnist is not None:
        data = Split(read_mnist(mnist, "train"), read_mnist(mnist, "test"))
        return measured_dense(data, (2000,) * 4, (2000,) * 2)
    try:
        labelled = digits.read(data_path(digits.RECIPE))
    except LearningError as missing:
        print(missing, file=sys.stderr)
        return []
    (held_out,) = digits.folds(labelled, 0)
    train, rest = labelled.take(~held_out), labelled.take(held_out)
    pictures = Split(
        *(Samples(each.content.reshape(each.size, -1), each.label) for each in (train, rest))
    )
    events = Split(_flat(digits.encode(train)), _flat(digits.encode(rest)))
    return measured_dense(pictures, (500, 500), (500, 500)) + measured_spiking(events)


def _flat(samples: Samples) -> Samples:
    return Samples(samples.inputs.reshape(*samples.inputs.shape[:2], -1), samples.label)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--mnist", type=Path, help="folder of the four IDX files of MNIST")
    arguments = parser.parse_args()
    rows = measure(arguments.mnist)
    print(json.dumps(rows) if arguments.json else table(rows))
