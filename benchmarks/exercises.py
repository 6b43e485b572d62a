"""Tell exercises of the watch: of subjects whose earlier repetitions were seen.

The recipe `watch_exercises` measures subjects that were never seen; this trains its network with
the first three quarters of each recording and measures the last. Data: NEUROMORPHIC_DATA.
"""

from __future__ import annotations

import sys

import torch
from reporting import Row, main

from neuromorphic_ros.learning.classification import evaluate
from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.learning.surrogate import (
    SurrogateTraining,
    Work,
    advance,
    is_over,
    start,
    trained,
)
from neuromorphic_ros.pipeline.recipes import watch_exercises
from neuromorphic_ros.pipeline.recipes.recipe import Labelled
from neuromorphic_ros.pipeline.recipes.registry import data_path

SHARE = 0.75


def part(labelled: Labelled, low: float, high: float) -> Labelled:
    """Return a part of each recording, from 0 to 1."""
    content = [each[int(low * len(each)) : int(high * len(each))] for each in labelled.content]
    return Labelled(content, labelled.label, labelled.group)


def measure() -> list[Row]:
    """Train and measure once."""
    torch.set_num_threads(1)
    recipe = watch_exercises.RECIPE
    try:
        labelled = recipe.read(data_path(recipe))
    except LearningError as missing:
        print(missing, file=sys.stderr)
        return []
    samples = recipe.train(part(labelled, 0.0, SHARE), 0)
    work = Work(recipe.spec, samples, SurrogateTraining(**recipe.parameters))
    state = start(work)
    while not is_over(work, state):
        state = advance(work, state)
    found = evaluate(trained(work, state), recipe.encode(part(labelled, SHARE, 1.0)))
    low, high = found.ci95
    return [
        {
            "held out": "last quarter of each recording",
            "accuracy": found.accuracy,
            "low": low,
            "high": high,
            "samples": found.samples,
        }
    ]


if __name__ == "__main__":
    main(__doc__, measure)
