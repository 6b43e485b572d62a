"""How often shipped models are right on each kind of hardware, beside the same in float.

Of the first recordings that are held out by the seed that the models were trained with; those of a
model that is trained on everything in the end are not held out from it. `same_class`: share of the
recordings that are taken for the same class as in float. `spikes`: of the output, over those in
float.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from reporting import Row, main

from neuromorphic_ros.backends.base import Runner
from neuromorphic_ros.backends.registry import BACKENDS
from neuromorphic_ros.learning.samples import LearningError, Samples, addresses_of, tick_spikes
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.recipes.registry import data_path, find_recipe
from neuromorphic_ros.pipeline.recipes.surrogate_recipe import SurrogateRecipe
from neuromorphic_ros.snn.streaming import StreamingNetwork

MODELS = ("digits", "gestures", "nmnist", "watch_exercises")
REFERENCE = "jetson"
SEED = 0
MOST_SAMPLES = 400

Votes = npt.NDArray[np.int64]


def held_out(recipe: SurrogateRecipe) -> Samples:
    """Return recordings that are held out, as spikes."""
    labelled = recipe.read(data_path(recipe))
    samples = recipe.encode(labelled.take(recipe.folds(labelled, SEED)[0]))
    return samples.take(slice(0, MOST_SAMPLES))


def votes(network: Runner, samples: Samples, lag_ticks: int) -> Votes:
    """Return the spikes for each class, int64[samples, classes], the last as late as they come."""
    place, shape = addresses_of(network.spec, "output"), network.spec.population("output").shape
    found = np.empty((samples.size, shape[0]), np.int64)
    for index, sequence in enumerate(samples.inputs):
        network.reset()
        spikes = tick_spikes(sequence).one_by_one()
        late = np.append(spikes.first, np.repeat(spikes.first[-1], lag_ticks))
        fired = network.run(spikes._replace(first=late)).address.astype(np.int64)
        mine = fired[(fired >= place.start) & (fired < place.stop)] - place.start
        counted = np.bincount(mine, minlength=place.stop - place.start)
        found[index] = counted.reshape(shape[0], -1).sum(axis=1)
    return found


def rows() -> Iterator[Row]:
    """Yield a row for each model and each backend that it fits and that works here."""
    for name in MODELS:
        recipe = find_recipe(name)
        assert isinstance(recipe, SurrogateRecipe)
        try:
            samples = held_out(recipe)
        except LearningError as missing:
            print(f"skipped: {missing}", file=sys.stderr)
            continue
        spec = find_model(name).spec()
        float_votes = votes(StreamingNetwork(spec), samples, 0)
        reference = float_votes.argmax(axis=1)
        for backend in BACKENDS.values():
            fit = backend.examine(spec)
            if backend.name == REFERENCE or backend.here != "works" or not fit.fits:
                continue
            counted = votes(backend.compiled(spec), samples, fit.lag_ticks["output"])
            predicted = counted.argmax(axis=1)
            yield {
                "model": name,
                "backend": backend.name,
                "samples": samples.size,
                "accuracy": float(np.mean(predicted == samples.label)),
                "in_float": float(np.mean(reference == samples.label)),
                "same_class": float(np.mean(predicted == reference)),
                "spikes": float(counted.sum() / float_votes.sum()),
            }


if __name__ == "__main__":
    main(__doc__, lambda: list(rows()))
