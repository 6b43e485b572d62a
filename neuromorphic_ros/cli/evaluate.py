"""`neuromorphic evaluate`: how well a model does on a file."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuromorphic_ros.learning.classification import Evaluation, evaluate
from neuromorphic_ros.pipeline.models import ModelCard, find_model
from neuromorphic_ros.pipeline.recipes.registry import find_recipe


def add_parser(subparsers: Any) -> None:
    """Add the `evaluate` subcommand."""
    parser = subparsers.add_parser(
        "evaluate",
        help="evaluate a model on a file",
        description="Run the labelled samples of a file through a model, on the engine that runs "
        "on the robot, and count how often it is right. It needs no torch.",
    )
    parser.add_argument("name", help="shipped model, or the folder of one")
    parser.add_argument("--data", type=Path, required=True, help="file or folder of its kind")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate and print; raises NeuromorphicError if model or data cannot be used."""
    model = find_model(arguments.name)
    recipe = find_recipe(model.card.recipe)
    found = evaluate(model.spec(), recipe.encode(recipe.read(arguments.data)))
    if arguments.json:
        print(json.dumps(document(found)))
        return 0
    for line in lines(found, model.card):
        print(line)
    return 0


def document(found: Evaluation) -> dict[str, Any]:
    """Return what was found as JSON has it; rows of the confusion are the true classes."""
    return {
        "accuracy": found.accuracy,
        "samples": found.samples,
        "confusion": found.confusion.tolist(),
        "ci95": found.ci95,
        "synaptic_operations": int(found.counts.synaptic_events.sum()) / found.samples,
    }


def lines(found: Evaluation, card: ModelCard) -> Iterator[str]:
    """Yield accuracy and confusion for people."""
    low, high = found.ci95
    yield f"accuracy {found.accuracy:.2%} ({low:.2%} to {high:.2%}) of {found.samples} samples"
    yield "true class: what it was taken for"
    for name, row in zip(card.classes, found.confusion, strict=True):
        taken = [f"{card.classes[place]} {times}" for place, times in enumerate(row) if times]
        yield f"  {name}: {', '.join(taken) or 'no samples'}"
