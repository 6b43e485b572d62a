"""`neuromorphic train`: from the data of a recipe to a model and its card."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from neuromorphic_ros.pipeline.models import measured_card, write_card
from neuromorphic_ros.pipeline.recipes.recipe import Training
from neuromorphic_ros.pipeline.recipes.registry import RECIPES, data_path, find_recipe
from neuromorphic_ros.snn.network_folder import write_folder


def add_parser(subparsers: Any) -> None:
    """Add the `train` subcommand."""
    parser = subparsers.add_parser(
        "train",
        help="train a network by a recipe",
        description="Train a network by a recipe, measure it on held-out samples and write it with "
        "its card. Training that was interrupted goes on where it was. Recipes of surrogate "
        "gradients need torch.",
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
    from rich.console import Console
    from rich.progress import Progress

    recipe = find_recipe(arguments.recipe)
    out = arguments.out or Path("models") / recipe.name
    path = data_path(recipe, arguments.data)
    with Progress(console=Console(stderr=True), disable=arguments.quiet) as progress:
        task = progress.add_task("reading", total=None)

        def show(words: str, done: int, steps: int) -> None:
            progress.update(task, description=words, completed=done, total=steps)

        training = Training(arguments.seed, arguments.epochs, out, _tell, show)
        made = recipe.make(path, training)
    card = measured_card(recipe, made, _command(arguments))
    network = write_folder(made.spec, out)
    write_card(card, out)
    low, high = card.ci95
    print(
        f"{card.metric} {card.value:.2%} ({low:.2%} to {high:.2%}) of {card.samples} held-out "
        f"samples, {card.synaptic_operations:,.0f} synaptic operations each: {network}"
    )
    if not recipe.source.ships:
        _tell(f"do not publish it: {recipe.source.licence}")
    return 0


def _tell(words: str) -> None:
    print(words, file=sys.stderr)


def _command(arguments: argparse.Namespace) -> str:
    words = ["neuromorphic", "train", arguments.recipe, "--seed", str(arguments.seed)]
    if arguments.epochs is not None:
        words += ["--epochs", str(arguments.epochs)]
    return " ".join(words)
