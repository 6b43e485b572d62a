"""`neuromorphic compress`: fewer neurons, synapses and bits, and what they cost."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuromorphic_ros.cli.assignments import ArgumentError, add_topic_argument, assignments
from neuromorphic_ros.learning.classification import evaluate
from neuromorphic_ros.parameters import build
from neuromorphic_ros.pipeline.calibration import (
    Calibration,
    labelled_calibration,
    recorded_calibration,
)
from neuromorphic_ros.pipeline.compression import Compressed, Compression, Size, compress
from neuromorphic_ros.pipeline.compression_report import CompressionReport, report
from neuromorphic_ros.pipeline.measurement import of_classes
from neuromorphic_ros.pipeline.models import (
    CARD,
    find_model,
    measured_card,
    model_names,
    write_card,
)
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.recipes.recipe import Made
from neuromorphic_ros.pipeline.recipes.registry import data_path, find_recipe
from neuromorphic_ros.pipeline.recipes.surrogate_recipe import SurrogateRecipe
from neuromorphic_ros.snn.network_folder import write_folder
from neuromorphic_ros.snn.spec import NetworkSpec

# Those that decide what becomes of a network, as its card tells them.
OPTIONS = (
    "bits",
    "per_channel",
    "step",
    "percentile",
    "prune",
    "across",
    "prune_below",
    "prune_neurons",
    "epochs",
    "learning_rate",
    "seed",
)


def add_parser(subparsers: Any) -> None:
    """Add the `compress` subcommand."""
    parser = subparsers.add_parser(
        "compress",
        help="take neurons, synapses and bits from a network, and tell what that costs",
        description="Prune a network, train it again, round its weights to few bits, and compare "
        "its size, spikes and answers with those before. A model is calibrated, trained and "
        "measured on the data of its recipe; another network on a recording, without training. "
        "Training and state in few bits need torch.",
    )
    parser.add_argument("network", help="name or file of a network, or a model")
    parser.add_argument(
        "--calibration", type=Path, help="recording; of a model its data (default: as in train)"
    )
    add_topic_argument(parser)
    parser.add_argument("--bits", type=int, help="bits of a weight, 2 to 8 (default: float32)")
    parser.add_argument("--per-channel", action="store_true", help="a step for each target")
    parser.add_argument(
        "--step", help="end of the grid: max (default), percentile, or mse, of the least error"
    )
    parser.add_argument("--percentile", type=float, help="of magnitudes, for --step percentile")
    parser.add_argument(
        "--prune", type=float, metavar="SHARE", help="of weights that become zero, the smallest"
    )
    parser.add_argument(
        "--across",
        choices=("projection", "network"),
        help="whose share --prune is of (default: projection)",
    )
    parser.add_argument(
        "--prune-below", type=float, metavar="MAGNITUDE", help="weights of less become zero"
    )
    parser.add_argument(
        "--prune-neurons", type=float, metavar="SHARE", help="of hidden neurons, taken out"
    )
    parser.add_argument("--membrane-bits", type=int, help="of a membrane, 4 to 24")
    parser.add_argument("--current-bits", type=int, help="of a current, 4 to 24")
    parser.add_argument("--epochs", type=int, help="of training by what is left (default: 0)")
    parser.add_argument("--learning-rate", type=float, help="of training (default: 0.0005)")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (default: 0)")
    parser.add_argument("--out", type=Path, help="folder to write the network to")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compress, compare, write and print.

    Raises NeuromorphicError if the network, its data or what is wanted cannot be used.
    """
    wanted = _wanted(arguments)
    spec, recipe = _network(arguments.network)
    calibration = _calibration(arguments, spec, recipe, wanted)
    compressed = compress(spec, wanted, calibration.pieces, calibration.again)
    found = report(spec, compressed, wanted.grid, calibration)
    if arguments.out:
        _write(arguments, compressed, recipe, calibration)
    if arguments.json:
        print(json.dumps(found.document()))
        return 0
    for line in lines(found):
        print(line)
    if calibration.seen:
        print(f"accuracy flatters: {calibration.seen}", file=sys.stderr)
    return 0


def lines(found: CompressionReport) -> Iterator[str]:
    """Yield figures for people."""
    yield f"{_size(found.before)} -> {_size(found.after)}: {found.reduction:.1f} times smaller"
    exact = sum(not rounding.largest for rounding in found.roundings)
    for rounding in found.roundings:
        if rounding.largest:
            yield (
                f"  {rounding.projection}: weights are off by {rounding.rms:.2%} (rms), "
                f"{rounding.lost:.1%} became zero"
            )
    if exact:
        yield f"  {exact} of {len(found.roundings)} projections have the weights that they had"
    for each in found.populations:
        yield (
            f"  {each.population}: {each.spikes} spikes for {each.reference_spikes}, "
            f"{each.same_spikes:.1%} the same, {each.same_rates:.1%} within 100 ms, "
            f"{each.distance:.3f} apart"
        )
    if found.accuracy and found.accuracy_before:
        low, high = found.accuracy.ci95
        yield (
            f"accuracy {found.accuracy_before.value:.2%} -> {found.accuracy.value:.2%} "
            f"({low:.2%} to {high:.2%}) of {found.accuracy.samples} samples"
        )


def _size(size: Size) -> str:
    return f"{size.neurons} neurons, {size.synapses} synapses, {size.weight_bits / 8:,.0f} bytes"


def _wanted(arguments: argparse.Namespace) -> Compression:
    grid = {
        "bits": arguments.bits,
        "per_channel": arguments.per_channel or None,
        "step": arguments.step,
        "percentile": arguments.percentile,
    }
    state = {"membrane": arguments.membrane_bits, "current": arguments.current_bits}
    given = {
        "neurons": arguments.prune_neurons,
        "weights": arguments.prune,
        "scope": arguments.across,
        "below": arguments.prune_below,
        "epochs": arguments.epochs,
        "learning_rate": arguments.learning_rate,
        "grid": _given(grid) or None,
        "state": _given(state) or None,
        "seed": arguments.seed,
    }
    if given["grid"] and arguments.bits is None:
        raise ArgumentError(f"--bits is missing beside {', '.join(_given(grid))}")
    wanted = build(Compression, _given(given), "compression", ArgumentError)
    if wanted == Compression(seed=wanted.seed):
        raise ArgumentError("nothing is asked for: give --bits, --prune or another reduction")
    return wanted


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _network(name: str) -> tuple[NetworkSpec, SurrogateRecipe | None]:
    """Return a network, and the recipe that it was trained by if that is one of surrogates."""
    if name in model_names() or (Path(name) / CARD).is_file():
        model = find_model(name)
        recipe = find_recipe(model.card.recipe)
        return model.spec(), recipe if isinstance(recipe, SurrogateRecipe) else None
    return find_network(name), None


def _calibration(
    arguments: argparse.Namespace,
    spec: NetworkSpec,
    recipe: SurrogateRecipe | None,
    wanted: Compression,
) -> Calibration:
    if recipe is not None:
        path = data_path(recipe, arguments.calibration)
        return labelled_calibration(recipe, path, wanted.seed, train=bool(wanted.epochs))
    if arguments.calibration is None:
        raise ArgumentError(
            f"--calibration is missing: '{spec.name}' has no recipe whose data could be taken"
        )
    return recorded_calibration(spec, arguments.calibration, assignments(arguments.topic))


def _write(
    arguments: argparse.Namespace,
    compressed: Compressed,
    recipe: SurrogateRecipe | None,
    calibration: Calibration,
) -> None:
    path = write_folder(compressed.spec, arguments.out)
    if recipe is not None and calibration.held_out is not None:
        samples = calibration.held_out
        sample_ms = samples.inputs.shape[1] * compressed.spec.dt_ms
        measured = of_classes(evaluate(compressed.spec, samples), sample_ms)
        made = Made(compressed.spec, measured)
        write_card(measured_card(recipe, made, _command(arguments)), arguments.out)
    print(path, file=sys.stderr)


def _command(arguments: argparse.Namespace) -> str:
    words = ["neuromorphic", "compress", arguments.network]
    for name in OPTIONS:
        value = getattr(arguments, name)
        if value is not None and value is not False:
            words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return " ".join(words)
