"""What a recipe says: where data come from, how they become spikes, and what learns from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.learning.samples import Amounts, Samples
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


class Recipe(NamedTuple):
    """From recordings to a trained network.

    split: how recordings are held out, in words. read: from a file or folder; raises LearningError.
    folds: true for those that
    are held out to measure accuracy, from a seed; of several folds each trains a network to be
    measured, and one more is trained on everything. encode: as the robot would; train:
    the same or more, varied by the seed. augment: by place in the batch, see
    `learning.samples.Augment`. parameters: fields of `learning.surrogate.SurrogateTraining`.
    """

    name: str
    task: str
    classes: tuple[str, ...]
    source: Source
    split: str
    spec: NetworkSpec
    parameters: dict[str, Any]
    read: Callable[[Path], Labelled]
    folds: Callable[[Labelled, int], list[npt.NDArray[np.bool_]]]
    encode: Callable[[Labelled], Samples]
    train: Callable[[Labelled, int], Samples]
    augment: Callable[[Amounts, np.random.Generator], Amounts] | None = None
