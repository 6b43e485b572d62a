"""Classify with the shipped models on the simulated cores of TrueNorth, beside float.

Forty recordings of the data of each model that fits, drawn at random, most of which it has learned
from: what counts is whether both find the same. `shared_rates`: spikes of the same neurons in the
same sample that both fire, over the mean of all. Data: NEUROMORPHIC_DATA.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from reporting import Row, main

from neuromorphic_ros.backends.base import Runner
from neuromorphic_ros.backends.truenorth.runner import TrueNorthRunner
from neuromorphic_ros.backends.truenorth.truenorth import examine
from neuromorphic_ros.learning.samples import Samples, addresses_of, tick_spikes
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.recipes.recipe import Labelled
from neuromorphic_ros.pipeline.recipes.registry import data_path, find_recipe
from neuromorphic_ros.pipeline.recipes.surrogate_recipe import SurrogateRecipe
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

MODELS = ("watch_exercises", "digits", "gestures", "nmnist")
SAMPLES = 40


def drawn(recipe: SurrogateRecipe, labelled: Labelled) -> Samples:
    """Return some recordings as the network hears them."""
    chosen = np.zeros(labelled.size, np.bool_)
    generator = np.random.default_rng(0)
    chosen[generator.choice(labelled.size, min(SAMPLES, labelled.size), replace=False)] = True
    return recipe.encode(labelled.take(chosen))


def counted(runner: Runner, samples: Samples, lag_ticks: int) -> npt.NDArray[np.int64]:
    """Return how often each neuron fires in each sample; int64[samples, neurons].

    lag_ticks: ticks to run on after a sample, in which the last spikes come.
    """
    counts = []
    for sequence in samples.inputs:
        spikes = tick_spikes(sequence).one_by_one()
        silence = np.full(lag_ticks, spikes.first[-1])
        runner.reset()
        fired = runner.run(TickSpikes(spikes.address, np.append(spikes.first, silence)))
        counts.append(np.bincount(fired.address, minlength=runner.spec.neurons))
    return np.array(counts)


def rows() -> Iterator[Row]:
    """Yield a row for each model."""
    for name in MODELS:
        model = find_model(name)
        spec, recipe = model.spec(), find_recipe(model.card.recipe)
        assert isinstance(recipe, SurrogateRecipe)
        samples = drawn(recipe, recipe.read(data_path(recipe)))
        fit, output = examine(spec), addresses_of(spec, "output")
        lag_ticks = max(fit.lag_ticks.values())
        here = counted(StreamingNetwork(spec), samples, 0)
        there = counted(TrueNorthRunner(spec), samples, lag_ticks)
        classes = spec.population("output").shape[0]
        found = [
            votes[:, output].reshape(len(votes), classes, -1).sum(axis=2).argmax(axis=1)
            for votes in (here, there)
        ]
        yield {
            "model": name,
            "samples": samples.size,
            "cores": fit.cores,
            "accumulators": fit.details["accumulators"],
            "weight_error": fit.weight_error,
            "lag_ticks": lag_ticks,
            "right_float": float(np.mean(found[0] == samples.label)),
            "right_truenorth": float(np.mean(found[1] == samples.label)),
            "same_class": float(np.mean(found[0] == found[1])),
            "shared_rates": 2 * float(np.minimum(here, there).sum() / (here.sum() + there.sum())),
        }


if __name__ == "__main__":
    main(__doc__, lambda: list(rows()))
