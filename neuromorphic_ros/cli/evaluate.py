"""`neuromorphic evaluate`: how well a model does on a file."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuromorphic_ros.pipeline.measurement import Measurement
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
    found = find_recipe(model.card.recipe).measure(model.spec(), arguments.data)
    if arguments.json:
        print(json.dumps(found.document()))
        return 0
    for line in lines(found, model.card):
        print(line)
    return 0


def lines(found: Measurement, card: ModelCard) -> Iterator[str]:
    """Yield figures and confusion for people."""
    low, high = found.ci95
    interval = {found.metric: f" ({low:.2%} to {high:.2%})"}
    for name, share in found.figures.items():
        words = name.replace("_", " ")
        yield f"{words} {share:.2%}{interval.get(name, '')} of {found.samples} samples"
    yield "true class: what it was taken for"
    for name, row in zip(card.classes, found.confusion, strict=True):
        taken = [f"{card.classes[place]} {times}" for place, times in enumerate(row) if times]
        yield f"  {name}: {', '.join(taken) or 'no samples'}"
