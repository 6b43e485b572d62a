"""Compare surrogate gradients: the network of the recipe for digits, trained by each.

Held-out accuracy with its 95 % interval (Wilson; over all seeds, as if they were independent), loss
at the end, spikes of a sample, and the time of an epoch. Data: NEUROMORPHIC_DATA.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import torch
from reporting import Row, main

from neuromorphic_ros.learning.classification import evaluate, wilson
from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.learning.surrogate import (
    SURROGATES,
    SurrogateTraining,
    Work,
    advance,
    is_over,
    start,
    trained,
)
from neuromorphic_ros.pipeline.recipes import digits
from neuromorphic_ros.pipeline.recipes.registry import data_path

EPOCHS = 8
SEEDS = (0, 1)


def measure() -> list[Row]:
    """Train by every surrogate, without variants of the samples."""
    torch.set_num_threads(1)
    recipe = digits.RECIPE
    try:
        labelled = recipe.read(data_path(recipe))
    except LearningError as missing:
        print(missing, file=sys.stderr)
        return []
    everything = recipe.encode(labelled)
    rows = []
    for surrogate in SURROGATES:
        right = samples = 0
        losses, spikes, seconds = [], [], []
        for seed in SEEDS:
            (held_out,) = recipe.folds(labelled, seed)
            parameters = SurrogateTraining(epochs=EPOCHS, seed=seed, surrogate=surrogate)  # type: ignore[arg-type]
            work = Work(recipe.spec, everything.take(~held_out), parameters)
            state = start(work)
            begun = time.perf_counter()
            while not is_over(work, state):
                state = advance(work, state)
            seconds.append((time.perf_counter() - begun) / EPOCHS)
            found = evaluate(trained(work, state), everything.take(held_out))
            right += int(np.trace(found.confusion))
            samples += found.samples
            losses.append(state.history[-1].loss)
            spikes.append(int(found.counts.spikes[1:].sum()) / found.samples)
        low, high = wilson(right, samples)
        rows.append(
            {
                "surrogate": surrogate,
                "accuracy": right / samples,
                "low": low,
                "high": high,
                "loss": float(np.mean(losses)),
                "spikes": float(np.mean(spikes)),
                "s/epoch": float(np.mean(seconds)),
            }
        )
    return rows


if __name__ == "__main__":
    main(__doc__, measure)
