"""Follow a recipe: hold out, train, measure on the robot's engine, and fill in the card."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from neuromorphic_ros.learning.classification import Evaluation, evaluate
from neuromorphic_ros.learning.samples import LearningError, Samples
from neuromorphic_ros.learning.surrogate import SurrogateTraining, Work
from neuromorphic_ros.parameters import build
from neuromorphic_ros.pipeline.models import Data, ModelCard, energy_by_hardware
from neuromorphic_ros.pipeline.recipes.recipe import Recipe
from neuromorphic_ros.snn.spec import NetworkSpec


class Prepared(NamedTuple):
    """What a recipe made of its data."""

    work: Work
    held_out: Samples


def prepare(recipe: Recipe, path: Path, seed: int, epochs: int | None = None) -> Prepared:
    """Read and encode the data of a recipe.

    epochs: other than the recipe says. Raises LearningError if data or parameters cannot be used.
    """
    changes = {"seed": seed} | ({} if epochs is None else {"epochs": epochs})
    where = f"recipe '{recipe.name}'"
    parameters = build(SurrogateTraining, recipe.parameters | changes, where, LearningError)
    labelled = recipe.read(path)
    held_out = recipe.held_out(labelled, seed)
    if held_out.all() or not held_out.any():
        raise LearningError(f"{path}: {len(labelled)} recordings are too few to hold some out")
    samples = recipe.train(labelled.take(~held_out), seed)
    work = Work(recipe.spec, samples, parameters, augment=recipe.augment)
    return Prepared(work, recipe.encode(labelled.take(held_out)))


def measured_card(
    recipe: Recipe, spec: NetworkSpec, held_out: Samples, command: str
) -> tuple[ModelCard, Evaluation]:
    """Measure a trained network on what was held out."""
    found = evaluate(spec, held_out)
    low, high = found.ci95
    sample_ms = held_out.inputs.shape[1] * spec.dt_ms
    neurons = found.counts.neuron_updates > 0
    card = ModelCard(
        name=recipe.name,
        task=recipe.task,
        recipe=recipe.name,
        data=Data(recipe.source.name, recipe.source.citation, recipe.source.licence, recipe.split),
        licence=recipe.source.licence_of_weights,
        classes=recipe.classes,
        metric="accuracy",
        value=round(found.accuracy, 4),
        ci95=(round(low, 4), round(high, 4)),
        samples=found.samples,
        neurons=spec.neurons,
        synaptic_operations=round(float(found.counts.synaptic_events.sum()) / found.samples, 1),
        spikes=round(float(found.counts.spikes[neurons].sum()) / found.samples, 1),
        sample_ms=sample_ms,
        energy=energy_by_hardware(found.counts, found.samples, sample_ms),
        command=command,
    )
    return card, found
