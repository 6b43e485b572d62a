"""Conventional networks to spiking ones: rates of integrate-and-fire neurons stand for activations.

An input of amount x is a channel that spikes at a share x / largest of the ticks, and a neuron is
to fire at a share of the ticks that stands for its activation in the same way. Weights stay those
of the network; the threshold of each layer is set so that the largest activation fires in every
tick. Sources: Diehl et al., Fast-classifying, high-accuracy spiking deep networks through weight
and threshold balancing, IJCNN 2015; Rueckauer et al., Conversion of continuous-valued deep networks
to efficient event-driven networks for image classification, Frontiers in Neuroscience 11, 682, 2017
(percentile, reset by subtraction, biases as constant input); Bu et al., ICLR 2022 (membranes begin
at half of the threshold).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.compression.ann.folding import Block, LinearMap, blocks
from neuromorphic_ros.compression.ann.forward import activations
from neuromorphic_ros.compression.ann.layers import Ann, AnnError, Qcfs, Values
from neuromorphic_ros.compression.ann.whole_numbers import ScaledMaps, in_whole_numbers
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT, build
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.neurons.leaky import If
from neuromorphic_ros.snn.patterns import AllToAll, Pool2d
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection, Stage
from neuromorphic_ros.snn.weights import Precision
from neuromorphic_ros.spikes import Shape

LIMIT = 1e6
"""Of thresholds and biases, as the parameters of neurons have it."""
OUTPUT = "output"
"""Population of the last layer."""


@dataclass(frozen=True, config=STRICT)
class ConversionParameters:
    """How a network is converted."""

    bits: Annotated[
        int,
        Field(ge=0, le=16, description="Bits of a weight and its sign; 0: float32"),
    ] = 0
    percentile: Annotated[
        float,
        Field(gt=0, le=100, description="Percentile of the activations that fires in every tick"),
    ] = 99.9
    reset: Annotated[
        Literal["hard", "subtract"], Field(description="Of the neurons, as the hardware has it")
    ] = "subtract"
    per_channel: Annotated[
        bool, Field(description="Each neuron has a threshold for weights rounded for it alone")
    ] = False
    dt_ms: Annotated[float, Field(ge=0.1, le=1000, description="Tick [ms]")] = 1.0

    def __post_init__(self) -> None:
        if self.bits == 1:
            raise ValueError("a weight of 1 bit is a sign alone; give at least 2 bits")


class ConvertedLayer(NamedTuple):
    """What became of a layer.

    largest: activation that fires in every tick. clipped: share of the activations above it.
    weight_error: root mean square of what rounding changed in the weights over that of the weights.
    """

    population: str
    largest: float
    clipped: float
    weight_error: float


class Converted(NamedTuple):
    """A spiking network, and what became of each layer.

    largest_input: amount that stands for a spike in every tick.
    """

    spec: NetworkSpec
    largest_input: float
    layers: tuple[ConvertedLayer, ...]


def convert(
    ann: Ann, calibration: Values, parameters: ConversionParameters, name: str
) -> Converted:
    """Convert a network.

    calibration: samples of its input, float32 (n, *shape), from 0 on. With `bits`, weights, biases
    and thresholds are whole numbers, so that membranes are too.
    Raises AnnError if there are no samples, one does not fit, a layer is never active, or its
    threshold would be out of range; NetworkError if the network would be too large.
    """
    _check_samples(ann, calibration)
    folded = blocks(ann)
    with np.errstate(over="ignore", invalid="ignore"):
        driven = activations(ann, calibration, tuple(block.place for block in folded))
    source = _source(ann.architecture.input, float(calibration.max()), parameters.dt_ms)
    before, largest_before = source.name, float(calibration.max())
    populations, projections, layers = [], [], []
    for number, (block, drive) in enumerate(zip(folded, driven, strict=True), 1):
        population = OUTPUT if number == len(folded) else f"layer{number}"
        largest = _largest(ann, block, drive, parameters.percentile, population)
        # Spikes stand for shares of the largest input: so must biases.
        maps = [_biased(each, 1 / largest_before) for each in block.maps]
        scaled = (
            in_whole_numbers(maps, parameters.bits, per_channel=parameters.per_channel)
            if parameters.bits
            else ScaledMaps(tuple(maps), np.array(1.0), 0.0)
        )
        neuron = _neuron(scaled, largest / largest_before, parameters, population)
        populations.append(Population(population, block.maps[-1].post, neuron))
        projections.append(_projection(before, population, scaled.maps, parameters.bits))
        clipped = float(np.mean(drive > largest))
        layers.append(ConvertedLayer(population, largest, clipped, scaled.error))
        before, largest_before = population, largest
    parts = {
        "name": name,
        "dt_ms": parameters.dt_ms,
        "inputs": (source,),
        "populations": tuple(populations),
        "projections": tuple(projections),
    }
    spec = build(NetworkSpec, parts, f"network '{name}'", NetworkError)
    return Converted(spec, float(calibration.max()), tuple(layers))


def _check_samples(ann: Ann, samples: Values) -> None:
    shape = ann.architecture.input
    if samples.ndim == 0 or samples.shape[1:] != shape or not len(samples):
        raise AnnError(
            f"calibration samples have shape {samples.shape}; the network takes "
            f"(n, {', '.join(map(str, shape))})"
        )
    if not np.all(np.isfinite(samples)):
        raise AnnError("a calibration sample holds NaN or infinity")
    if samples.min() < 0:
        raise AnnError(
            f"a calibration sample holds {samples.min():g}: spikes stand for what is not negative; "
            "move what shifts the input into the bias of the first layer"
        )
    if not samples.any():
        raise AnnError("the calibration samples are all zero")


def _source(shape: Shape, largest: float, dt_ms: float) -> Input:
    """Return an input; one of a single axis hears arrays of amounts, whose rates end at a tick."""
    if len(shape) > 1:
        return Input("input", shape)
    rates = {"low": 0.0, "high": largest, "max_rate_hz": 1000.0 / dt_ms}
    return Input("input", shape, "array", "environment_rate", rates)


def _largest(ann: Ann, block: Block, drive: Values, percentile: float, population: str) -> float:
    """Return the activation that is to fire in every tick; drive: what is to be activated."""
    if not np.all(np.isfinite(drive)):
        raise AnnError(f"{population}: what drives it is beyond float32; scale the network")
    if isinstance(block.activation, Qcfs):
        return ann.tensor(block.activation, "threshold").item()
    found = float(np.percentile(np.maximum(drive, 0), percentile))
    # Few neurons of a layer may be active at all.
    found = found or float(drive.max())
    if found <= 0:
        raise AnnError(
            f"{population}: none of its neurons is active in the calibration samples; give others"
        )
    return found


def _biased(each: LinearMap, factor: float) -> LinearMap:
    return each if each.bias is None else each._replace(bias=each.bias * np.float32(factor))


def _neuron(
    scaled: ScaledMaps, share: float, parameters: ConversionParameters, population: str
) -> If:
    """Return neurons that fire in every tick at `share` of what the largest input makes."""
    threshold = share * scaled.by_neuron()
    if parameters.bits:
        threshold = np.maximum(np.rint(threshold), 1)
    if threshold.min() < 1 / LIMIT or max(threshold.max(), scaled.largest_bias) > LIMIT:
        raise AnnError(
            f"{population}: its threshold would be {threshold.max():g} and its largest bias "
            f"{scaled.largest_bias:g}, of at most {LIMIT:g}; give fewer bits, or scale the network"
        )
    initial = threshold // 2 if parameters.bits else threshold / 2
    return If(
        threshold=Array(threshold) if threshold.ndim else float(threshold),
        reset=parameters.reset,
        initial=Array(initial) if threshold.ndim else float(initial),
    )


def _projection(pre: str, post: str, maps: Sequence[LinearMap], bits: int) -> Projection:
    *before, last = map(_stage, maps)
    return Projection(
        pre,
        post,
        weights=last.weights,
        pattern=last.pattern,
        bias=last.bias,
        before=tuple(before),
        precision=_precision(maps, bits),
    )


def _stage(each: LinearMap) -> Stage:
    return Stage(
        each.pattern,
        1.0 if each.weight is None else Array(each.weight),
        None if each.bias is None or not each.bias.any() else Array(each.bias),
        each.post if isinstance(each.pattern, AllToAll) else None,
    )


def _precision(maps: Sequence[LinearMap], bits: int) -> Precision:
    """Return int8 if that holds the product of all maps, which the engine stores."""
    mixing = [each for each in maps if each.weight is not None]
    pools = [each.pattern for each in maps if isinstance(each.pattern, Pool2d)]
    overlap = any(
        step < extent for pool in pools for step, extent in zip(pool.step, pool.kernel, strict=True)
    )
    return "int8" if 0 < bits <= 8 and len(mixing) == 1 and not overlap else "float32"
