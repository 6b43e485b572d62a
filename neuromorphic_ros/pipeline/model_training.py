"""Follow a recipe of surrogate gradients: hold out, train, and measure on the robot's engine."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from neuromorphic_ros.learning import surrogate
from neuromorphic_ros.learning.checkpoint import fingerprint, load_checkpoint, save_checkpoint
from neuromorphic_ros.learning.classification import evaluate
from neuromorphic_ros.learning.samples import LearningError, Samples
from neuromorphic_ros.learning.surrogate import SurrogateTraining, Work
from neuromorphic_ros.parameters import build
from neuromorphic_ros.pipeline.measurement import of_classes, pooled
from neuromorphic_ros.pipeline.recipes.recipe import Labelled, Made, Training
from neuromorphic_ros.pipeline.recipes.surrogate_recipe import SurrogateRecipe
from neuromorphic_ros.snn.spec import NetworkSpec

CHECKPOINT = "training_{}.safetensors"


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


def make(recipe: SurrogateRecipe, path: Path, training: Training) -> Made:
    """Train and measure; checkpoints are removed at the end.

    Raises LearningError if data, parameters or a checkpoint cannot be used.
    """
    planned = plan(recipe, path, training.seed, training.epochs)
    works = [fold.work for fold in planned.folds]
    works += [] if planned.whole is None else [planned.whole]
    names = [str(number) for number in range(len(planned.folds))] + ["whole"]
    files = [training.checkpoints / CHECKPOINT.format(name) for name in names[: len(works)]]
    specs = [_trained(work, file, training) for work, file in zip(works, files, strict=True)]
    if recipe.complete:
        specs = [recipe.complete(spec) for spec in specs]
    found = [
        evaluate(spec, fold.held_out) for spec, fold in zip(specs, planned.folds, strict=False)
    ]
    for file in files:
        file.unlink(missing_ok=True)
    ticks = planned.folds[0].held_out.inputs.shape[1]
    return Made(specs[-1], of_classes(pooled(found), ticks * recipe.spec.dt_ms))


def plan(recipe: SurrogateRecipe, path: Path, seed: int, epochs: int | None = None) -> Plan:
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


def _trained(work: Work, checkpoint: Path, training: Training) -> NetworkSpec:
    state, of = surrogate.start(work), fingerprint(work)
    if checkpoint.exists():
        state = load_checkpoint(checkpoint, of, state)
        training.tell(f"going on after epoch {len(state.history)}")
    training.progress("training", len(state.history), work.parameters.epochs)
    while not surrogate.is_over(work, state):
        state = surrogate.advance(work, state)
        save_checkpoint(checkpoint, of, state)
        last, done = state.history[-1], len(state.history)
        words = f"epoch {done}: loss {last.loss:.4f}, accuracy {last.accuracy:.2%}"
        training.progress(words, done, work.parameters.epochs)
    return surrogate.trained(work, state)
