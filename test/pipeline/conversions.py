"""A small conventional network with samples that it tells apart, in files."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from neuromorphic_ros.compression.ann.layers import Architecture, Linear, Relu, ann_of
from neuromorphic_ros.compression.ann.weights_file import write_ann


class Files(NamedTuple):
    """A network of six inputs and three classes, and samples: two inputs are large per class."""

    model: Path
    data: Path


def write_files(folder: Path, labelled: bool = True) -> Files:
    """Write both."""
    hidden = np.kron(np.eye(3), np.ones((1, 2))).astype(np.float32)
    tensors = {
        "hidden.weight": hidden,
        "hidden.bias": np.full(3, -0.5, np.float32),
        "out.weight": np.eye(3, dtype=np.float32) - np.float32(0.25),
    }
    layers = (Linear("hidden"), Relu(), Linear("out"))
    write_ann(ann_of(Architecture((6,), layers), tensors), folder / "net.safetensors")
    generator = np.random.default_rng(0)
    label = np.arange(60) % 3
    inputs = generator.uniform(0, 0.5, (60, 6))
    inputs[np.arange(60), 2 * label] += 2
    inputs[np.arange(60), 2 * label + 1] += 2
    arrays = {"inputs": inputs.astype(np.float32)} | ({"labels": label} if labelled else {})
    np.savez(folder / "data.npz", **arrays)
    return Files(folder / "net.safetensors", folder / "data.npz")
