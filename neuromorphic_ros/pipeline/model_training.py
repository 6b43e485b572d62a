"""Follow a recipe: hold out, train, measure on the robot's engine, and fill in the card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from neuromorphic_ros.learning.classification import Evaluation
from neuromorphic_ros.learning.samples import LearningError, Samples
from neuromorphic_ros.learning.surrogate import SurrogateTraining, Work
from neuromorphic_ros.parameters import build
from neuromorphic_ros.pipeline.models import Data, ModelCard, energy_by_hardware
from neuromorphic_ros.pipeline.recipes.recipe import Labelled, Recipe


class Fold(NamedTuple):
    """A training, and the samples that its network is measured on."""

    work: Work
    held_out: Samples


class Plan(NamedTuple):
    """What a recipe makes of its data.

    whole: the training of the network that is shipped; none: that of the only fold.
    """

    folds: tuple[Fold, ...]
    whole: Work | None


def plan(recipe: Recipe, path: Path, seed: int, epochs: int | None = None) -> Plan:
    """Read and encode the data of a recipe.

    epochs: other than the recipe says. Raises LearningError if data or parameters cannot be used.
    """
    changes = {"seed": seed} | ({} if epochs is None else {"epochs": epochs})
    where = f"recipe '{recipe.name}'"
    parameters = build(SurrogateTraining, recipe.parameters | changes, where, LearningError)
    labelled = recipe.read(path)

    def work(chosen: Labelled) -> Work:
        samples = recipe.train(chosen, seed)
        return Work(recipe.spec, samples, parameters, augment=recipe.augment)

    folds = []
    for held_out in recipe.folds(labelled, seed):
        if held_out.all() or not held_out.any():
            raise LearningError(f"{path}: {labelled.size} recordings are too few to hold some out")
        measured_on = recipe.encode(labelled.take(held_out))
        folds.append(Fold(work(labelled.take(~held_out)), measured_on))
    return Plan(tuple(folds), work(labelled) if len(folds) > 1 else None)


def pooled(found: Sequence[Evaluation]) -> Evaluation:
    """Return the evaluations of all folds as one."""
    total = found[0]
    for each in found[1:]:
        total = Evaluation(
            total.predicted,
            total.confusion + each.confusion,
            total.counts.plus(each.counts),
        )
    return total


def measured_card(recipe: Recipe, found: Evaluation, ticks: int, command: str) -> ModelCard:
    """Fill in the card of a model that was measured on held-out samples of so many ticks."""
    low, high = found.ci95
    sample_ms = ticks * recipe.spec.dt_ms
    neurons = found.counts.neuron_updates > 0
    return ModelCard(
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
        neurons=recipe.spec.neurons,
        synaptic_operations=round(float(found.counts.synaptic_events.sum()) / found.samples, 1),
        spikes=round(float(found.counts.spikes[neurons].sum()) / found.samples, 1),
        sample_ms=sample_ms,
        energy=energy_by_hardware(found.counts, found.samples, sample_ms),
        command=command,
    )
