"""`neuromorphic convert`: from a conventional network to a spiking one for some hardware."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuromorphic_ros.cli.assignments import ArgumentError
from neuromorphic_ros.pipeline.accuracy_by_ticks import AccuracyByTicks, powers_of_two
from neuromorphic_ros.pipeline.ann_conversion import (
    HELD_OUT,
    MAX_MEASURED,
    MAX_TICKS,
    TARGETS,
    Conversion,
    Measured,
    Order,
    convert_model,
    name_of,
    write_network,
)
from neuromorphic_ros.report.accuracy_figure import Curve, accuracy_figure
from neuromorphic_ros.report.html import write_file
from neuromorphic_ros.report.style import png, svg
from neuromorphic_ros.snn.network_folder import NIR_FILE

FIGURES = {".png": png, ".svg": svg}


def add_parser(subparsers: Any) -> None:
    """Add the `convert` subcommand."""
    parser = subparsers.add_parser(
        "convert",
        help="convert a conventional network to a spiking one",
        description="Convert a network of Linear, Conv2d, BatchNorm, ReLU or QCFS, AvgPool, "
        "Flatten and Dropout to spiking neurons, with weights as the hardware has them. "
        f"With labels, a share of {HELD_OUT:g} of each class is held out to measure on. Nothing "
        "in a model file is run.",
    )
    parser.add_argument(
        "model",
        type=Path,
        help=".safetensors or weights-only .pt with an architecture .yaml of the same name, "
        ".pt2 of torch.export, or .onnx",
    )
    parser.add_argument("--target", required=True, help=f"one of {', '.join(TARGETS)}")
    parser.add_argument(
        "--bits", type=int, help="of a weight, its sign included; 0: float32 (default: target's)"
    )
    parser.add_argument(
        "--calibration",
        type=Path,
        required=True,
        help="npz with inputs or images (n, ...), and labels (n) if accuracy is to be told",
    )
    parser.add_argument(
        "--percentile",
        type=float,
        help="of the activations of a layer: fires in every tick (default: 99.9)",
    )
    parser.add_argument(
        "--samples",
        type=int,
        default=MAX_MEASURED,
        help=f"held-out ones to measure on at most (default: {MAX_MEASURED})",
    )
    parser.add_argument(
        "--on-target",
        action="store_true",
        help="measure on the engine of the target too, which may take seconds for each sample",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the samples that are held out")
    parser.add_argument("--out", type=Path, help="folder to write (default: MODEL_TARGET)")
    parser.add_argument("--figure", type=Path, help="draw accuracy against ticks, .png or .svg")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Convert, write and print; raises NeuromorphicError if a file or an argument is wrong."""
    from rich.console import Console

    figure: Path | None = arguments.figure
    if figure and figure.suffix not in FIGURES:
        raise ArgumentError(f"--figure {figure} must end in {' or '.join(FIGURES)}")
    order = Order(
        arguments.model,
        arguments.target,
        arguments.calibration,
        arguments.bits,
        arguments.percentile,
        arguments.seed,
        arguments.samples,
        arguments.on_target,
    )
    if order.most_measured < 1:
        raise ArgumentError(f"--samples {order.most_measured}: give one at least")
    with Console(stderr=True, quiet=arguments.quiet).status("") as status:
        done = convert_model(order, status.update)
    out = arguments.out or Path(f"{name_of(order.model)}_{order.target}")
    write_network(done.converted.spec, out / NIR_FILE)
    if figure:
        _draw(figure, done)
    if arguments.json:
        print(json.dumps(_document(done, out / NIR_FILE), allow_nan=False))
        return 0
    for line in lines(done):
        print(line)
    print(f"written: {out / NIR_FILE}")
    return 0


def lines(done: Conversion) -> Iterator[str]:
    """Yield what became of the network, for people."""
    bits = done.bits
    yield f"weights: {f'{bits} bits' if bits else 'float32'}"
    for layer in done.converted.layers:
        yield (
            f"  {layer.population}: a spike in every tick is {layer.largest:.4g}; "
            f"{layer.clipped:.3%} of the activations are above; rounding changed weights by "
            f"{layer.weight_error:.2%}"
        )
    if done.fit.fits:
        yield f"{done.order.target}: fits, {done.fit.cores} of {done.fit.cores_available} cores"
    else:
        yield f"{done.order.target}: does not fit: {'; '.join(done.fit.reasons)}"
    if done.measured:
        yield from _accuracies(done.measured)


def _accuracies(measured: Measured) -> Iterator[str]:
    samples = measured.here.samples
    yield f"conventional: {measured.ann / samples:.2%} of {samples} held-out samples right"
    shown = list(powers_of_two(MAX_TICKS))
    yield f"{'ticks':<24}" + "".join(f"{tick:>9}" for tick in shown)
    for curve in _curves(measured):
        after = "".join(f"{curve.accuracy.after(tick):>9.2%}" for tick in shown)
        yield f"{curve.label:<24}{after}"
    if isinstance(measured.there, str) and measured.there:
        yield f"the target itself: not run: {measured.there}"


def _curves(measured: Measured) -> list[Curve]:
    curves = [
        Curve("float weights", measured.in_float),
        Curve("weights of the target", measured.here),
    ]
    if isinstance(measured.there, AccuracyByTicks):
        curves.append(Curve("the target itself", measured.there))
    return curves


def _draw(path: Path, done: Conversion) -> None:
    measured = done.measured
    if measured is None:
        raise ArgumentError(f"--figure {path}: accuracy needs labels in the calibration file")
    reference = measured.ann / measured.here.samples
    title = f"{done.converted.spec.name} on {done.order.target}"
    draw = FIGURES[path.suffix]
    write_file(draw(lambda: accuracy_figure(_curves(measured), reference, title)), path)


def _document(done: Conversion, network: Path) -> dict[str, Any]:
    fit, measured = done.fit, done.measured
    found: dict[str, Any] = {
        "network": str(network),
        "target": done.order.target,
        "bits": done.bits,
        "largest_input": done.converted.largest_input,
        "layers": [layer._asdict() for layer in done.converted.layers],
        "fits": fit.fits,
        "cores": fit.cores,
        "cores_available": fit.cores_available,
        "weight_error": None if math.isnan(fit.weight_error) else fit.weight_error,
        "reasons": list(fit.reasons),
    }
    if measured:
        found["samples"] = measured.here.samples
        found["ann_accuracy"] = measured.ann / measured.here.samples
        found["accuracy_by_ticks"] = _shares(measured.here)
        found["float_accuracy_by_ticks"] = _shares(measured.in_float)
        there = measured.there if isinstance(measured.there, AccuracyByTicks) else None
        found["target_accuracy_by_ticks"] = _shares(there) if there else None
    return found


def _shares(accuracy: AccuracyByTicks) -> list[float]:
    return [accuracy.after(tick) for tick in range(1, len(accuracy.right) + 1)]
