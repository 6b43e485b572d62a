"""`neuromorphic models`: the shipped models, what they do and how well."""

from __future__ import annotations

import argparse
import json
from typing import Any

from neuromorphic_ros.pipeline.models import find_model, listed, model_names


def add_parser(subparsers: Any) -> None:
    """Add the `models` subcommand."""
    parser = subparsers.add_parser(
        "models",
        help="list the shipped models",
        description="List the shipped models with what was measured on samples that they were not "
        "trained with, its 95 % interval, and the synaptic operations of a sample.",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Read the cards and print; raises ModelError if one cannot be read."""
    cards = [find_model(name).card for name in model_names()]
    if arguments.json:
        print(json.dumps([listed(card) for card in cards]))
        return 0
    for card in cards:
        low, high = card.ci95
        print(
            f"{card.name}: {card.task}\n"
            f"  {card.metric} {card.value:.2%} ({low:.2%} to {high:.2%}) of {card.samples} "
            f"samples, {card.synaptic_operations:,.0f} synaptic operations each\n"
            f"  made by {card.command}, licence {card.licence}, data: {card.data.name}"
        )
    return 0
