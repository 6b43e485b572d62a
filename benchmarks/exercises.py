"""Tell exercises of the watch: of subjects that were never seen, and of those seen earlier.

The recipe `watch_exercises` trained with other seeds, on one subject alone, and on the earlier
windows of each series, of which the last quarter is told. `series` are told by the class of most
of their windows. Data: NEUROMORPHIC_DATA.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from reporting import Row, main

from neuromorphic_ros.learning.classification import evaluate, wilson
from neuromorphic_ros.learning.samples import LearningError, Samples
from neuromorphic_ros.learning.surrogate import (
    SurrogateTraining,
    Work,
    advance,
    is_over,
    start,
    trained,
)
from neuromorphic_ros.pipeline.recipes import watch_exercises
from neuromorphic_ros.pipeline.recipes.registry import data_path

RECIPE = watch_exercises.RECIPE
SEEDS = (0, 1, 2)
# Windows between which nothing is shared.
APART = -(-watch_exercises.WINDOW // watch_exercises.HOP)


class Series(NamedTuple):
    """The windows of one series, and whose it is."""

    windows: Samples
    subject: int


def told(train: Sequence[Series], test: Sequence[Series], seed: int) -> list[npt.NDArray[np.int64]]:
    """Train with some series and return the classes that are found for each window of others."""
    parameters = SurrogateTraining(**(RECIPE.parameters | {"seed": seed}))
    work = Work(RECIPE.spec, joined(train), parameters)
    state = start(work)
    while not is_over(work, state):
        state = advance(work, state)
    found = evaluate(trained(work, state), joined(test)).predicted
    return np.split(found, np.cumsum([each.windows.size for each in test])[:-1])


def joined(series: Sequence[Series]) -> Samples:
    """Return the windows of several series as one."""
    parts = zip(*(each.windows for each in series), strict=True)
    return Samples(*map(np.concatenate, parts))


def rows(
    held_out: str, test: Sequence[Series], found: Sequence[npt.NDArray[np.int64]]
) -> list[Row]:
    """Return how many windows, and how many series by their windows, were told right."""
    true = [int(each.windows.label[0]) for each in test]
    windows = [each == label for each, label in zip(found, true, strict=True)]
    most = [
        int(np.bincount(each).argmax()) == label for each, label in zip(found, true, strict=True)
    ]
    return [
        row(held_out, "windows", np.concatenate(windows)),
        row(held_out, "series", np.array(most)),
    ]


def row(held_out: str, what: str, right: npt.NDArray[np.bool_]) -> Row:
    """Return a share with its interval."""
    low, high = wilson(int(right.sum()), right.size)
    return {
        "held out": held_out,
        "of": what,
        "accuracy": float(right.mean()),
        "low": low,
        "high": high,
        "samples": right.size,
    }


def measure() -> list[Row]:
    """Train and measure each way."""
    torch.set_num_threads(1)
    try:
        labelled = RECIPE.read(data_path(RECIPE))
    except LearningError as missing:
        print(missing, file=sys.stderr)
        return []
    places = np.arange(labelled.size)
    series = [
        Series(RECIPE.encode(labelled.take(places == place)), int(labelled.group[place]))
        for place in places
    ]
    subjects = np.unique(labelled.group)
    result: list[Row] = []
    for seed in SEEDS:
        result += turns(f"each subject, seed {seed}", series, subjects, seed, alone=False)
    result += turns("all but the one subject seen", series, subjects, 0, alone=True)
    last = [max(1, each.windows.size // 4) for each in series]
    early = [
        Series(each.windows.take(slice(0, max(0, 1 - APART - count + each.windows.size))), 0)
        for each, count in zip(series, last, strict=True)
    ]
    late = [
        Series(each.windows.take(slice(-count, None)), 0)
        for each, count in zip(series, last, strict=True)
    ]
    return result + rows("last quarter of each series", late, told(early, late, 0))


def turns(
    held_out: str, series: Sequence[Series], subjects: npt.NDArray[np.int64], seed: int, alone: bool
) -> list[Row]:
    """Take each subject in turn: told by the others, or, `alone`, telling the others."""
    test: list[Series] = []
    found: list[npt.NDArray[np.int64]] = []
    for subject in subjects:
        seen = [each for each in series if (each.subject == subject) == alone]
        unseen = [each for each in series if (each.subject == subject) != alone]
        test += unseen
        found += told(seen, unseen, seed)
    return rows(held_out, test, found)


if __name__ == "__main__":
    main(__doc__, measure)
