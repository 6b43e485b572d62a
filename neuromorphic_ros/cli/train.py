"""`neuromorphic train`: from the data of a recipe to a model and its card."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuromorphic_ros.learning.classification import evaluate
from neuromorphic_ros.pipeline.models import NETWORK, write_card, write_network
from neuromorphic_ros.pipeline.recipes.registry import RECIPES, data_path, find_recipe

if TYPE_CHECKING:
    from neuromorphic_ros.learning.surrogate import TrainingState, Work

CHECKPOINT = "training_{}.safetensors"


def add_parser(subparsers: Any) -> None:
    """Add the `train` subcommand."""
    parser = subparsers.add_parser(
        "train",
        help="train a network by a recipe",
        description="Train a network by a recipe, measure it on held-out samples and write it with "
        "its card. Training that was interrupted goes on where it was; it needs torch.",
    )
    parser.add_argument("recipe", help=f"one of {', '.join(RECIPES)}")
    parser.add_argument("--data", type=Path, help="file or folder (default: in NEUROMORPHIC_DATA)")
    parser.add_argument("--epochs", type=int, help="other than the recipe says")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (default: 0)")
    parser.add_argument("--out", type=Path, help="folder to write (default: models/RECIPE)")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Train, measure and write.

    Raises NeuromorphicError if there is no torch, no such recipe, its data cannot be used, or
    nothing can be written.
    """
    recipe = find_recipe(arguments.recipe)
    # Only training needs torch.
    from neuromorphic_ros.learning.surrogate import trained
    from neuromorphic_ros.pipeline.model_training import measured_card, plan, pooled

    out = arguments.out or Path("models") / recipe.name
    path = data_path(recipe, arguments.data)
    planned = plan(recipe, path, arguments.seed, arguments.epochs)
    checkpoints, found = [], []
    for number, fold in enumerate(planned.folds):
        checkpoints.append(out / CHECKPOINT.format(number))
        spec = trained(fold.work, _learned(fold.work, checkpoints[-1], arguments.quiet))
        found.append(evaluate(spec, fold.held_out))
    if planned.whole:
        checkpoints.append(out / CHECKPOINT.format("whole"))
        spec = trained(planned.whole, _learned(planned.whole, checkpoints[-1], arguments.quiet))
    ticks = planned.folds[0].held_out.inputs.shape[1]
    card = measured_card(recipe, pooled(found), ticks, _command(arguments))
    write_network(spec, out)
    write_card(card, out)
    for checkpoint in checkpoints:
        checkpoint.unlink(missing_ok=True)
    low, high = card.ci95
    print(
        f"{card.metric} {card.value:.2%} ({low:.2%} to {high:.2%}) of {card.samples} held-out "
        f"samples, {card.synaptic_operations:,.0f} synaptic operations each: {out / NETWORK}"
    )
    if not recipe.source.ships:
        print(f"do not publish it: {recipe.source.licence}", file=sys.stderr)
    return 0


def _learned(work: Work, checkpoint: Path, quiet: bool) -> TrainingState:
    from rich.console import Console
    from rich.progress import Progress

    from neuromorphic_ros.learning.checkpoint import (
        fingerprint,
        load_checkpoint,
        save_checkpoint,
    )
    from neuromorphic_ros.learning.surrogate import advance, is_over, start

    state, of = start(work), fingerprint(work)
    if checkpoint.exists():
        state = load_checkpoint(checkpoint, of, state)
        print(f"going on after epoch {len(state.history)}", file=sys.stderr)
    with Progress(console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task("training", total=work.parameters.epochs)
        progress.update(task, completed=len(state.history))
        while not is_over(work, state):
            state = advance(work, state)
            save_checkpoint(checkpoint, of, state)
            last = state.history[-1]
            words = (
                f"epoch {len(state.history)}: loss {last.loss:.4f}, accuracy {last.accuracy:.2%}"
            )
            progress.update(task, completed=len(state.history), description=words)
    return state


def _command(arguments: argparse.Namespace) -> str:
    words = ["neuromorphic", "train", arguments.recipe, "--seed", str(arguments.seed)]
    if arguments.epochs is not None:
        words += ["--epochs", str(arguments.epochs)]
    return " ".join(words)
