"""What a recipe says: where data come from, and how a model is made of them and measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.pipeline.measurement import Measurement
from neuromorphic_ros.snn.spec import NetworkSpec


class Labelled(NamedTuple):
    """Recordings with their classes.

    content: of each recording, as its recipe reads it. label: int64[n]. group: int64[n], who or
    what was recorded.
    """

    content: Any
    label: npt.NDArray[np.int64]
    group: npt.NDArray[np.int64]

    @property
    def size(self) -> int:
        """Number of recordings."""
        return len(self.label)

    def take(self, chosen: npt.NDArray[np.bool_]) -> Labelled:
        """Return the recordings where `chosen` is true."""
        if isinstance(self.content, np.ndarray):
            content: Any = self.content[chosen]
        else:
            content = [each for each, take in zip(self.content, chosen, strict=True) if take]
        return Labelled(content, self.label[chosen], self.group[chosen])


class Source(NamedTuple):
    """Where data come from and under which licence.

    file: below the folder of data. ships: whether a network trained on them may be shipped.
    licence_of_weights: under which.
    """

    name: str
    citation: str
    licence: str
    file: str
    ships: bool
    licence_of_weights: str


class Training(NamedTuple):
    """How a recipe is followed.

    seed: of everything random. epochs: other than the recipe says; none: as it says.
    checkpoints: folder to keep what is not complete in, and to go on from. tell: takes what a
    person should know. progress: takes what is done, and how many of how many steps are.
    """

    seed: int
    epochs: int | None
    checkpoints: Path
    tell: Callable[[str], None]
    progress: Callable[[str, int, int], None]


class Made(NamedTuple):
    """A model, and how well networks made like it did on samples that they had not seen."""

    spec: NetworkSpec
    measured: Measurement


class Recipe(Protocol):
    """From data to a model, and from a model to a measurement.

    split: how samples are held out to measure, in words.
    """

    @property
    def name(self) -> str:
        """Name of the recipe, and of the model that it makes."""
        ...

    @property
    def task(self) -> str:
        """What the model does."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """What it tells apart."""
        ...

    @property
    def source(self) -> Source:
        """Where its data come from."""
        ...

    @property
    def split(self) -> str:
        """How samples are held out."""
        ...

    def make(self, path: Path, training: Training) -> Made:
        """Train on a file or folder; raises NeuromorphicError if that or `training` is unfit."""
        ...

    def measure(self, spec: NetworkSpec, path: Path) -> Measurement:
        """Measure a model on all of a file or folder, on the robot's engine; raises as `make`."""
        ...
