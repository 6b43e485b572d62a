"""Compress shipped models and tell what they still get right of samples that they never saw.

Weights on grids of few bits, synapses pruned, and neurons taken out, each as it is and trained
again; accuracy with Wilson's 95 % interval, output spikes that are the same in the same tick, and
what the weights take. Data: NEUROMORPHIC_DATA.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from reporting import Row, markdown, table

from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.pipeline.calibration import Calibration, labelled_calibration
from neuromorphic_ros.pipeline.compression import Compression, compress
from neuromorphic_ros.pipeline.compression_report import CompressionReport, report
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.recipes.registry import data_path, find_recipe
from neuromorphic_ros.pipeline.recipes.surrogate_recipe import SurrogateRecipe
from neuromorphic_ros.snn.state_bits import StateBits
from neuromorphic_ros.snn.weight_grid import WeightGrid

MODELS = {"digits": 2000, "nmnist": 600}
"""So many of the samples of its recipe, drawn at random, train a model again."""
EPOCHS = 3
LEARNING_RATE = 2e-3
BITS = (8, 6, 5, 4, 3, 2)
SHARES = (0.5, 0.8, 0.9, 0.95)
NEURONS = (0.25, 0.5, 0.75)
FIGURE_DPI = 110


class Case(NamedTuple):
    """A compression, what it is called, and how hard it is."""

    kind: str
    amount: float
    wanted: Compression


def cases() -> Iterator[Case]:
    """Yield what is measured, without training."""
    yield Case("float32", 32, Compression())
    for bits in BITS:
        yield Case("bits", bits, Compression(grid=WeightGrid(bits=bits)))
        own = WeightGrid(bits=bits, per_channel=True, step="mse")
        yield Case("bits, per channel, least error", bits, Compression(grid=own))
    for membrane, current in ((24, 24), (16, 16), (16, 8), (8, 8)):
        state = StateBits(membrane=membrane, current=current)
        grid = WeightGrid(bits=8)
        yield Case(f"8 bits, current {current}", membrane, Compression(grid=grid, state=state))
    for share in SHARES:
        yield Case("synapses pruned", share, Compression(weights=share))
        everywhere = Compression(weights=share, scope="network")
        yield Case("synapses pruned, globally", share, everywhere)
    for share in NEURONS:
        yield Case("neurons pruned", share, Compression(neurons=share))
    both = Compression(weights=0.8, grid=WeightGrid(bits=4, per_channel=True, step="mse"))
    yield Case("4 bits, per channel, least error, pruned", 0.8, both)


def trained_again(case: Case) -> bool:
    """Tell whether a case is measured after training too."""
    return case.wanted.state is None and case.kind != "float32"


def measure(name: str) -> Iterator[Row]:
    """Compress one model in all ways."""
    model = find_model(name)
    recipe = find_recipe(model.card.recipe)
    assert isinstance(recipe, SurrogateRecipe)
    calibration = labelled_calibration(recipe, data_path(recipe), 0, train=True)
    assert calibration.again is not None
    samples = calibration.again.samples
    chosen = np.random.default_rng(0).permutation(samples.size)[: MODELS[name]]
    again = calibration.again._replace(samples=samples.take(chosen))
    calibration = calibration._replace(again=again)
    for case in cases():
        for epochs in (0, EPOCHS) if trained_again(case) else (0,):
            wanted = dataclasses.replace(case.wanted, epochs=epochs, learning_rate=LEARNING_RATE)
            found = compressed(name, wanted, calibration)
            print(f"{name}: {case.kind} {case.amount:g}, {epochs} epochs", file=sys.stderr)
            yield row(name, case, epochs, found)


def compressed(name: str, wanted: Compression, calibration: Calibration) -> CompressionReport:
    """Compress a model and compare it with itself as it was."""
    spec = find_model(name).spec()
    made = compress(spec, wanted, calibration.pieces, calibration.again)
    return report(spec, made, wanted.grid, calibration)


def row(name: str, case: Case, epochs: int, found: CompressionReport) -> Row:
    """Return what was found as a row."""
    assert found.accuracy is not None
    low, high = found.accuracy.ci95
    output = next(each for each in found.populations if each.population == "output")
    return {
        "model": name,
        "kind": case.kind,
        "amount": case.amount,
        "epochs": epochs,
        "accuracy": found.accuracy.value,
        "low": low,
        "high": high,
        "samples": found.accuracy.samples,
        "same_spikes": output.same_spikes,
        "distance": output.distance,
        "neurons": found.after.neurons,
        "synapses": found.after.synapses,
        "bytes": found.after.weight_bits / 8,
    }


def main() -> None:
    """Measure and print, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--markdown", action="store_true", help="print tables as the docs have them"
    )
    parser.add_argument("--rows", type=Path, help="print rows that were measured, as JSON")
    parser.add_argument("--model", action="append", choices=MODELS, help="only this one")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    try:
        if arguments.rows:
            rows = json.loads(arguments.rows.read_text("utf-8"))
        else:
            rows = [each for name in arguments.model or MODELS for each in measure(name)]
    except LearningError as missing:
        print(missing, file=sys.stderr)
        rows = []
    if arguments.json:
        print(json.dumps(rows))
    elif arguments.markdown:
        for name in dict.fromkeys(row["model"] for row in rows):
            print(f"\n{name}\n\n{markdown(beside(rows, name))}")
    else:
        print(table(rows))


def beside(rows: list[Row], name: str) -> list[Row]:
    """Return the rows of a model with what training again gives beside what there was before."""
    mine = [each for each in rows if each["model"] == name]
    found = []
    for plain in (each for each in mine if not each["epochs"]):
        key = plain["kind"], plain["amount"]
        again = [each for each in mine if each["epochs"] and (each["kind"], each["amount"]) == key]
        found.append(
            {
                "compression": _named(plain),
                "bytes": f"{plain['bytes']:,.0f}",
                "accuracy": _accuracy(plain),
                "trained again": _accuracy(again[0]) if again else "",
                "same output spikes": f"{100 * plain['same_spikes']:.0f} %",
                "of the trained": f"{100 * again[0]['same_spikes']:.0f} %" if again else "",
            }
        )
    return found


def _named(row: Row) -> str:
    kind, amount = str(row["kind"]), float(row["amount"])
    if kind == "float32":
        return kind
    if kind.startswith("bits"):
        return f"{amount:g} {kind}"
    if "current" in kind:
        return kind.replace("current", f"membrane {amount:g}, current")
    share = f"{100 * amount:.0f} %"
    return f"{kind} {share}" if "bits" in kind else f"{share} of {kind}"


def _accuracy(row: Row) -> str:
    value, low, high = (100 * float(row[name]) for name in ("accuracy", "low", "high"))
    return f"{value:.1f} % ({low:.1f} to {high:.1f})"


if __name__ == "__main__":
    main()
