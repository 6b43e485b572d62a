"""Conventional networks as data: a chain of layers, and the tensors that they name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import NetworkError, NeuromorphicError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn import patterns
from neuromorphic_ros.snn.patterns import Extent, Extents, Padding, Pair
from neuromorphic_ros.spikes import Shape

Values = npt.NDArray[np.float32]
LayerName = Annotated[str, Field(pattern=r"^[\w./:-]+$", max_length=200)]
MAX_NUMBERS = 2**27
"""Largest number of values of all tensors together, and of what a layer makes of one sample."""


class AnnError(NeuromorphicError, ValueError):
    """A conventional network that cannot be read or converted."""


@dataclass(frozen=True, config=STRICT)
class Linear:
    """Sum with weights; tensors: weight (outputs, inputs), and bias (outputs) if there is one."""

    name: LayerName
    type: Literal["linear"] = "linear"
    tensors: ClassVar[tuple[str, ...]] = ("weight",)
    optional: ClassVar[tuple[str, ...]] = ("bias",)


@dataclass(frozen=True, config=STRICT)
class Conv2d:
    """Slide a kernel over (channels, height, width), zero-padded.

    Tensors: weight (outputs, channels / groups, height, width), and bias (outputs) if there is one.
    """

    name: LayerName
    stride: Pair = (1, 1)
    padding: Padding | Literal["same"] = (0, 0)
    dilation: Pair = (1, 1)
    groups: Extent = 1
    type: Literal["conv2d"] = "conv2d"
    tensors: ClassVar[tuple[str, ...]] = ("weight",)
    optional: ClassVar[tuple[str, ...]] = ("bias",)

    def pattern(self, weight: Values) -> patterns.Conv2d:
        """Return the pattern of its synapses."""
        return patterns.Conv2d(
            kernel=(weight.shape[2], weight.shape[3]),
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
        )


@dataclass(frozen=True, config=STRICT)
class BatchNorm:
    """Scale and shift each channel by statistics of training; eps: added to the variance.

    Tensors, one value per channel: running_mean and running_var, and weight and bias if it has any.
    """

    name: LayerName
    eps: Annotated[float, Field(gt=0, le=1)] = 1e-5
    type: Literal["batch_norm"] = "batch_norm"
    tensors: ClassVar[tuple[str, ...]] = ("running_mean", "running_var")
    optional: ClassVar[tuple[str, ...]] = ("weight", "bias")


@dataclass(frozen=True, config=STRICT)
class Relu:
    """Cut off what is negative."""

    type: Literal["relu"] = "relu"


@dataclass(frozen=True, config=STRICT)
class Qcfs:
    """Quantised clip-floor-shift activation: as a neuron fires in `levels` ticks.

    Makes threshold / levels * clip(floor(levels x / threshold + 1/2), 0, levels) of x; tensor:
    threshold, one value.
    Source: Bu et al., Optimal ANN-SNN conversion for high-accuracy and ultra-low-latency spiking
    neural networks, ICLR 2022.
    """

    name: LayerName
    levels: Annotated[int, Field(ge=1, le=1024)]
    type: Literal["qcfs"] = "qcfs"
    tensors: ClassVar[tuple[str, ...]] = ("threshold",)
    optional: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True, config=STRICT)
class AvgPool2d:
    """Average a window that slides over each channel; padding counts as zeros."""

    kernel: Pair
    stride: Pair | None = None
    padding: Padding = (0, 0)
    type: Literal["avg_pool2d"] = "avg_pool2d"

    def pattern(self) -> patterns.Pool2d:
        """Return the pattern of its connections."""
        return patterns.Pool2d("avg_pool2d", self.kernel, self.stride, self.padding)


@dataclass(frozen=True, config=STRICT)
class Flatten:
    """Make one axis of all."""

    type: Literal["flatten"] = "flatten"


@dataclass(frozen=True, config=STRICT)
class Dropout:
    """Do nothing, but in training."""

    type: Literal["dropout"] = "dropout"


Activation = Relu | Qcfs
Parametric = Linear | Conv2d | BatchNorm | Qcfs
Layer = Annotated[
    Linear | Conv2d | BatchNorm | Relu | Qcfs | AvgPool2d | Flatten | Dropout,
    Field(discriminator="type"),
]


@dataclass(frozen=True, config=STRICT)
class Architecture:
    """A chain of layers without their tensors.

    input: shape of a sample without its batch, (channels, height, width) or (features,).
    """

    input: Extents
    layers: Annotated[tuple[Layer, ...], Field(min_length=1, max_length=10_000)]


class Ann(NamedTuple):
    """A conventional network.

    tensors: float32, by the name of the layer, a dot and the name of the tensor. shapes: of what
    each layer makes of a sample.
    """

    architecture: Architecture
    tensors: Mapping[str, Values]
    shapes: tuple[Shape, ...]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers in order."""
        return self.architecture.layers

    def tensor(self, layer: Parametric, name: str) -> Values:
        """Return a tensor of a layer, which it must have."""
        return self.tensors[f"{layer.name}.{name}"]

    def get(self, layer: Parametric, name: str) -> Values | None:
        """Return a tensor of a layer, or none if it has no such one."""
        return self.tensors.get(f"{layer.name}.{name}")


def ann_of(architecture: Architecture, tensors: Mapping[str, npt.NDArray[np.generic]]) -> Ann:
    """Check that tensors are those of an architecture, and leave out what it does not name.

    Raises AnnError that names the layer and what is wrong.
    """
    chosen = dict(_chosen(architecture, tensors))
    shape, shapes = architecture.input, []
    for place, layer in enumerate(architecture.layers):
        where = f"layer {place} ({getattr(layer, 'name', layer.type)})"
        try:
            shape = _shape(layer, shape, chosen)
        except NetworkError as unfit:
            raise AnnError(f"{where}: {unfit}") from None
        except AnnError as unfit:
            raise AnnError(f"{where}: {unfit}") from None
        if math.prod(shape) > MAX_NUMBERS:
            raise AnnError(f"{where}: makes {shape} of a sample, more than {MAX_NUMBERS} values")
        shapes.append(shape)
    return Ann(architecture, chosen, tuple(shapes))


def _chosen(
    architecture: Architecture, tensors: Mapping[str, npt.NDArray[np.generic]]
) -> Iterator[tuple[str, Values]]:
    left = MAX_NUMBERS
    for layer in architecture.layers:
        if not isinstance(layer, Parametric):
            continue
        for name in (*layer.tensors, *layer.optional):
            key = f"{layer.name}.{name}"
            if key not in tensors:
                if name in layer.tensors:
                    raise AnnError(f"layer '{layer.name}' ({layer.type}) has no tensor '{key}'")
                continue
            given = tensors[key]
            if given.dtype.kind not in "fiu":
                raise AnnError(f"tensor '{key}' holds {given.dtype}, not numbers")
            # Before it is copied: strides can make a small file endless.
            left -= given.size
            if left < 0:
                raise AnnError(f"the tensors have more than {MAX_NUMBERS} values")
            with np.errstate(over="ignore"):
                values = np.array(given, np.float32)
            if not np.all(np.isfinite(values)):
                raise AnnError(f"tensor '{key}' holds NaN, infinity or what float32 cannot")
            yield key, values


def _shape(layer: Layer, pre: Shape, tensors: Mapping[str, Values]) -> Shape:
    """Return the shape that a layer makes; raises AnnError or NetworkError if it does not fit."""
    if isinstance(layer, (Relu, Dropout)):
        return pre
    if isinstance(layer, Flatten):
        return (math.prod(pre),)
    if isinstance(layer, AvgPool2d):
        post: Shape = layer.pattern().shape(pre, pre[0])
        _check_size(layer.pattern().sliding(pre[0]), pre, post)
        return post
    if isinstance(layer, Qcfs):
        threshold = tensors[f"{layer.name}.threshold"]
        if threshold.size != 1 or threshold.item() <= 0:
            raise AnnError(f"its threshold is {threshold.tolist()}; it needs one positive value")
        return pre
    if isinstance(layer, BatchNorm):
        for name in (*layer.tensors, *layer.optional):
            values = tensors.get(f"{layer.name}.{name}")
            if values is not None and values.shape != pre[:1]:
                raise AnnError(f"its {name} has shape {values.shape}, its input {pre}")
        if np.any(tensors[f"{layer.name}.running_var"] < 0):
            raise AnnError("its running_var is negative")
        return pre
    weight = tensors[f"{layer.name}.weight"]
    if isinstance(layer, Linear):
        if weight.ndim != 2 or weight.shape[1:] != pre or not weight.size:
            raise AnnError(f"its weight has shape {weight.shape}, its input {pre}; flatten before")
        post = (weight.shape[0],)
    else:
        if weight.ndim != 4 or not weight.size:
            raise AnnError(f"its weight has shape {weight.shape}; it needs four axes")
        post = layer.pattern(weight).shape(pre, weight.shape[0])
        if weight.shape[1] * layer.groups != pre[0]:
            raise AnnError(f"its weight has shape {weight.shape}, its input {pre}")
        _check_size(layer.pattern(weight), pre, post)
    bias = tensors.get(f"{layer.name}.bias")
    if bias is not None and bias.shape != post[:1]:
        raise AnnError(f"its bias has shape {bias.shape}; it makes {post}")
    return post


def _check_size(pattern: patterns.Conv2d, pre: Shape, post: Shape) -> None:
    """Raise AnnError if sliding a kernel would take too much memory."""
    sizes = (extent + sum(zeros) for extent, zeros in zip(pre[1:], pattern.borders, strict=True))
    padded = pre[0] * math.prod(sizes)
    seen = math.prod(post[1:]) * pre[0] * math.prod(pattern.kernel)
    if max(padded, seen) > MAX_NUMBERS:
        raise AnnError(f"its kernel of {pattern.kernel} sees more than {MAX_NUMBERS} values")
