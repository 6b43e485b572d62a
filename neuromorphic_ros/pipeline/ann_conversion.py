"""Convert the file of a conventional network for some hardware, and measure what that costs."""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from neuromorphic_ros.backends.base import Backend, Runner
from neuromorphic_ros.backends.fit import Fit
from neuromorphic_ros.backends.registry import backend
from neuromorphic_ros.compression.ann.ann_file import load_ann
from neuromorphic_ros.compression.ann.forward import outputs
from neuromorphic_ros.compression.ann.layers import Ann, AnnError
from neuromorphic_ros.compression.ann_to_snn import (
    OUTPUT,
    ConversionParameters,
    Converted,
    convert,
)
from neuromorphic_ros.errors import BackendError, NetworkError
from neuromorphic_ros.learning.samples import split_by_class
from neuromorphic_ros.parameters import build
from neuromorphic_ros.pipeline.accuracy_by_ticks import AccuracyByTicks, accuracy_by_ticks
from neuromorphic_ros.pipeline.labelled_vectors import LabelledVectors, read_vectors
from neuromorphic_ros.snn.nir.writing import write_nir
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork

HELD_OUT = 0.2
"""Share of each class that is measured on and not calibrated with."""
MAX_CALIBRATION = 1000
"""Samples to calibrate with; of more they are drawn from the seed."""
MAX_ACTIVATIONS = 2**27
"""Values that all layers make of the samples to calibrate with."""
MAX_MEASURED = 500
"""Samples to measure on, unless something else is said."""
MAX_TICKS = 64


class Target(NamedTuple):
    """Hardware to convert for.

    bits: of a weight with its sign, unless something else is said; 0: float32. reset: that its
    neurons have. per_channel: neurons have thresholds of their own at no cost.
    """

    backend: str
    bits: int
    reset: Literal["hard", "subtract"] = "subtract"
    per_channel: bool = False


# TrueNorth: weights of four bits are exact there. BrainScaleS-2: 63 steps on each side of zero.
TARGETS = {
    "loihi2": Target("loihi", 8),
    "truenorth": Target("truenorth", 4, per_channel=True),
    "brainscales2": Target("brainscales", 7, reset="hard"),
    "jetson": Target("jetson", 0),
}


class Order(NamedTuple):
    """What is to be converted.

    bits, percentile: other than the target and `ConversionParameters` say; none: as these say.
    seed: of the samples that are held out and of those that are drawn. most_measured: samples to
    measure on. there: whether on the engine of the target too, which may take
    seconds for each.
    """

    model: Path
    target: str
    calibration: Path
    bits: int | None = None
    percentile: float | None = None
    seed: int = 0
    most_measured: int = MAX_MEASURED
    there: bool = False


class Measured(NamedTuple):
    """What was right on labelled samples that the thresholds were not set by.

    ann: of the conventional network. in_float: spiking, before weights were rounded. here: on the
    engine of this machine. there: on that of the target, or why not; empty: nobody asked.
    """

    ann: int
    in_float: AccuracyByTicks
    here: AccuracyByTicks
    there: AccuracyByTicks | str


class Conversion(NamedTuple):
    """A network that was converted.

    bits: of its weights; 0: float32. measured: none, if there were no labels.
    """

    order: Order
    bits: int
    converted: Converted
    fit: Fit
    measured: Measured | None


def convert_model(order: Order, tell: Callable[[str], None] = lambda _: None) -> Conversion:
    """Read, calibrate, convert, map and measure.

    With labels, a fifth of each class is not calibrated with but measured on. tell: is told what is
    being done.
    Raises AnnError, LearningError, NetworkError or BackendError naming what is wrong with the
    files, the target or its bits.
    """
    target = find_target(order.target)
    bits = target.bits if order.bits is None else order.bits
    changes: dict[str, Any] = {
        "bits": bits,
        "reset": target.reset,
        "per_channel": target.per_channel,
    }
    if order.percentile is not None:
        changes["percentile"] = order.percentile
    parameters = build(ConversionParameters, changes, "conversion", AnnError)
    tell("reading")
    ann = load_ann(order.model)
    data = read_vectors(order.calibration, ann.architecture.input)
    calibrated_with, held_out = _divided(data, order, _room(ann))
    given, name = calibrated_with.samples, name_of(order.model)
    tell("calibrating")
    converted = convert(ann, given, parameters, name)
    tell("mapping")
    fit = backend(target.backend).examine(converted.spec)
    measured = None
    if held_out is not None:
        in_float = convert(ann, given, dataclasses.replace(parameters, bits=0), name)
        runs_on = backend(target.backend) if order.there else None
        measured = _measured(ann, converted, in_float, held_out, runs_on, fit, tell)
    return Conversion(order, bits, converted, fit, measured)


def find_target(name: str) -> Target:
    """Return a target by name; raises BackendError that lists the known ones."""
    if name not in TARGETS:
        raise BackendError(f"target '{name}' is unknown; there are {', '.join(TARGETS)}")
    return TARGETS[name]


def name_of(model: Path) -> str:
    """Return a name for the network of a file, of letters, digits and underscores."""
    return re.sub(r"^(?![A-Za-z])", "net_", re.sub(r"\W", "_", model.stem, flags=re.ASCII))[:200]


def write_network(spec: NetworkSpec, path: Path) -> None:
    """Write a NIR file as a whole or not at all; raises NetworkError if it cannot be."""
    scratch = path.with_name(f".{path.stem}.{os.getpid()}.nir")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_nir(spec, scratch)
        os.replace(scratch, path)
    except OSError as unwritable:
        raise NetworkError(f"{path} cannot be written: {unwritable}") from None
    finally:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)


def _room(ann: Ann) -> int:
    """Return how many samples may be calibrated with."""
    values = sum(map(math.prod, ann.shapes))
    return max(1, min(MAX_CALIBRATION, MAX_ACTIVATIONS // values))


def _divided(
    data: LabelledVectors, order: Order, room: int
) -> tuple[LabelledVectors, LabelledVectors | None]:
    """Return what to calibrate with, and what to measure on if there are labels."""
    generator = np.random.default_rng((order.seed, 1))
    held_out = None
    if data.label is not None:
        chosen = split_by_class(data.label, HELD_OUT, order.seed)
        if chosen.all():
            raise AnnError(
                f"{order.calibration}: {data.size} samples are too few to hold some of each class "
                "out; give two of each at least, or no labels"
            )
        held_out = _some(data.take(chosen), order.most_measured, generator)
        data = data.take(~chosen)
    return _some(data, room, generator), held_out


def _some(data: LabelledVectors, most: int, generator: np.random.Generator) -> LabelledVectors:
    if data.size <= most:
        return data
    return data.take(np.sort(generator.choice(data.size, most, replace=False)))


def _measured(
    ann: Ann,
    converted: Converted,
    in_float: Converted,
    data: LabelledVectors,
    runs_on: Backend | None,
    fit: Fit,
    tell: Callable[[str], None],
) -> Measured:
    predicted = outputs(ann, data.samples).reshape(data.size, -1).argmax(axis=1)

    def by_ticks(
        each: Converted, runner: Runner, where: str, lag_ticks: int = 0
    ) -> AccuracyByTicks:
        def done(samples: int) -> None:
            tell(f"measuring {where}: sample {samples} of {data.size}")

        return accuracy_by_ticks(
            runner, data, each.largest_input, MAX_TICKS, OUTPUT, lag_ticks, done
        )

    here = by_ticks(converted, StreamingNetwork(converted.spec), "here")
    exact = by_ticks(in_float, StreamingNetwork(in_float.spec), "in float")
    there: AccuracyByTicks | str = "it does not fit" if runs_on else ""
    if fit.fits and runs_on:
        try:
            runner, lag_ticks = runs_on.compiled(converted.spec), fit.lag_ticks.get(OUTPUT, 0)
            there = by_ticks(converted, runner, f"on {runs_on.name}", lag_ticks)
        except (BackendError, NetworkError) as refused:
            there = str(refused)
    return Measured(int(np.sum(predicted == data.label)), exact, here, there)
