"""Patterns of connection: which addresses of two populations have synapses, and how many."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import Shape

Extent = Annotated[int, Field(ge=1, le=2**31)]
Extents = Annotated[tuple[Extent, ...], Field(min_length=1)]
Border = Annotated[int, Field(ge=0, le=2**31)]


def _pair(value: Any) -> Any:
    return (value, value) if isinstance(value, int) else value


Pair = Annotated[tuple[Extent, Extent], BeforeValidator(_pair)]
Padding = Annotated[tuple[Border, Border], BeforeValidator(_pair)]


class _AnyShape:
    """A pattern that fits between any shapes."""

    def shape(self, pre: Shape, channels: int) -> Shape | None:
        """Return the shape that the pattern makes of `pre`; none: any."""
        return None


@dataclass(frozen=True, config=STRICT)
class AllToAll(_AnyShape):
    """Connect every neuron to every neuron; weights: (pre, post)."""

    type: Literal["all_to_all"] = "all_to_all"

    def synapses_at_most(self, pre: Shape, post: Shape) -> int:
        """Return an upper bound of the synapses."""
        return math.prod(pre) * math.prod(post)


@dataclass(frozen=True, config=STRICT)
class OneToOne(_AnyShape):
    """Connect equal addresses; weights: (addresses,)."""

    type: Literal["one_to_one"] = "one_to_one"

    def synapses_at_most(self, pre: Shape, post: Shape) -> int:
        """Return an upper bound of the synapses."""
        return math.prod(pre)


@dataclass(frozen=True, config=STRICT)
class Random(_AnyShape):
    """Connect each pair with a probability, or every target to `in_degree` different sources.

    weights: (pre, post), of which those of the drawn pairs are used.
    """

    probability: Annotated[float, Field(ge=0, le=1)] | None = None
    in_degree: Annotated[int, Field(ge=0)] | None = None
    type: Literal["random"] = "random"

    def __post_init__(self) -> None:
        if (self.probability is None) == (self.in_degree is None):
            raise ValueError("random needs either probability or in_degree")

    def synapses_at_most(self, pre: Shape, post: Shape) -> int:
        """Return an upper bound of the synapses, that of a probability 10 deviations away."""
        if self.in_degree is not None:
            return math.prod(post) * self.in_degree
        assert self.probability is not None
        pairs = math.prod(pre) * math.prod(post)
        mean = pairs * self.probability
        return min(pairs, math.ceil(mean + 10 * math.sqrt(mean) + 10))


def _extents(
    sizes: Shape,
    kernel: Shape,
    stride: Shape,
    borders: tuple[tuple[int, int], ...],
    dilation: Shape,
) -> Shape:
    extents = tuple(
        (size + begin + end - spread * (taps - 1) - 1) // step + 1
        for size, taps, step, (begin, end), spread in zip(
            sizes, kernel, stride, borders, dilation, strict=True
        )
    )
    if min(extents) < 1:
        raise NetworkError(f"a kernel of {kernel} does not fit into {sizes}")
    return extents


@dataclass(frozen=True, config=STRICT)
class Conv2d:
    """Slide a kernel over (channels, height, width), zero-padded.

    weights: (post channels, pre channels / groups, kernel height, kernel width).
    """

    kernel: Pair
    stride: Pair = (1, 1)
    padding: Padding | Literal["same"] = (0, 0)
    dilation: Pair = (1, 1)
    groups: Extent = 1
    type: Literal["conv2d"] = "conv2d"

    @property
    def borders(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Zeros before and after each axis."""
        if self.padding == "same":
            total = [s * (k - 1) for k, s in zip(self.kernel, self.dilation, strict=True)]
            return (total[0] // 2, -(-total[0] // 2)), (total[1] // 2, -(-total[1] // 2))
        return (self.padding[0], self.padding[0]), (self.padding[1], self.padding[1])

    def shape(self, pre: Shape, channels: int) -> Shape:
        """Return the shape that it makes with `channels`; raises NetworkError if none."""
        if len(pre) != 3:
            raise NetworkError(f"conv2d needs (channels, height, width), not {pre}")
        if pre[0] % self.groups or channels % self.groups:
            raise NetworkError(
                f"{self.groups} groups do not divide {pre[0]} and {channels} channels"
            )
        return channels, *_extents(pre[1:], self.kernel, self.stride, self.borders, self.dilation)

    def synapses_at_most(self, pre: Shape, post: Shape) -> int:
        """Return an upper bound of the synapses."""
        channels = pre[0] if len(pre) == 3 else 1
        return math.prod(post) * max(1, channels // self.groups) * math.prod(self.kernel)


@dataclass(frozen=True, config=STRICT)
class Conv1d:
    """Slide a kernel over (channels, length), zero-padded.

    weights: (post channels, pre channels / groups, kernel).
    """

    kernel: Extent
    stride: Extent = 1
    padding: Border | Literal["same"] = 0
    dilation: Extent = 1
    groups: Extent = 1
    type: Literal["conv1d"] = "conv1d"

    @property
    def flat(self) -> Conv2d:
        """The same over an image of height 1."""
        return Conv2d(
            kernel=(1, self.kernel),
            stride=(1, self.stride),
            padding="same" if self.padding == "same" else (0, self.padding),
            dilation=(1, self.dilation),
            groups=self.groups,
        )

    def shape(self, pre: Shape, channels: int) -> Shape:
        """Return the shape that it makes with `channels`; raises NetworkError if none."""
        if len(pre) != 2:
            raise NetworkError(f"conv1d needs (channels, length), not {pre}")
        return channels, self.flat.shape((pre[0], 1, pre[1]), channels)[2]

    def synapses_at_most(self, pre: Shape, post: Shape) -> int:
        """Return an upper bound of the synapses."""
        channels = pre[0] if len(pre) == 2 else 1
        return math.prod(post) * max(1, channels // self.groups) * self.kernel


@dataclass(frozen=True, config=STRICT)
class Pool2d:
    """Add or average a window that slides over each of (channels, height, width), zero-padded.

    An average counts padding too. weights: one number.
    """

    type: Literal["sum_pool2d", "avg_pool2d"]
    kernel: Pair
    stride: Pair | None = None
    padding: Padding = (0, 0)

    @property
    def step(self) -> tuple[int, int]:
        """Stride; the kernel's extent if there is none."""
        return self.stride or self.kernel

    def sliding(self, channels: int) -> Conv2d:
        """The convolution that adds up the same windows, one group per channel."""
        return Conv2d(kernel=self.kernel, stride=self.step, padding=self.padding, groups=channels)

    def shape(self, pre: Shape, channels: int) -> Shape:
        """Return the shape that it makes, with all of its channels; raises NetworkError."""
        if len(pre) != 3:
            raise NetworkError(f"{self.type} needs (channels, height, width), not {pre}")
        borders = tuple((border, border) for border in self.padding)
        return pre[0], *_extents(pre[1:], self.kernel, self.step, borders, (1, 1))

    def synapses_at_most(self, pre: Shape, post: Shape) -> int:
        """Return an upper bound of the synapses."""
        return math.prod(post) * math.prod(self.kernel)


Pattern = Annotated[
    AllToAll | OneToOne | Random | Conv1d | Conv2d | Pool2d, Field(discriminator="type")
]
