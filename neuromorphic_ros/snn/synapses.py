"""Projections expanded to synapses, stored by the neuron that drives them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.spec import (
    AllToAll,
    Conv2d,
    End,
    NetworkSpec,
    OneToOne,
    Projection,
    Random,
    Weights,
)
from neuromorphic_ros.spikes import Shape

MIN_RUN = 8

Indices = npt.NDArray[np.int64]
Values = npt.NDArray[np.float32]


class Synapses(NamedTuple):
    """Synapses of one projection, without those of weight zero.

    pre, post: int64[n], flat addresses in the populations. weight: float32[n].
    """

    pre: Indices
    post: Indices
    weight: Values


def expand(spec: NetworkSpec, index: int) -> Synapses:
    """Build the synapses of the projection `spec.projections[index]`.

    Random connectivity is drawn from the seed of the network and `index` alone.
    Raises NetworkError if shapes, pattern and weights do not fit.
    """
    projection = spec.projections[index]
    pre, post = spec.end(projection.pre), spec.end(projection.post)
    try:
        synapses = _pattern(projection, pre, post, np.random.default_rng((spec.seed, index)))
    except NetworkError as wrong:
        raise NetworkError(f"projection {projection.pre} -> {projection.post}: {wrong}") from None
    used = synapses.weight != 0
    return Synapses(
        synapses.pre[used] + pre.start, synapses.post[used] + post.start, synapses.weight[used]
    )


def _pattern(
    projection: Projection, pre: End, post: End, generator: np.random.Generator
) -> Synapses:
    weights, pattern = projection.weights, projection.pattern
    if isinstance(pattern, Conv2d):
        return _conv2d(pattern, weights, pre.shape, post.shape)
    if isinstance(pattern, OneToOne):
        if pre.size != post.size:
            raise NetworkError(f"one_to_one needs equal sizes, not {pre.size} and {post.size}")
        ends = np.arange(pre.size)
        return Synapses(ends, ends, _weights(weights, (pre.size,)))
    if isinstance(pattern, Random):
        drawn = generator.random((pre.size, post.size)) < pattern.probability
        sources, targets = np.nonzero(drawn)
        return Synapses(sources, targets, _weights(weights, (pre.size, post.size))[drawn])
    assert isinstance(pattern, AllToAll)
    sources, targets = np.divmod(np.arange(pre.size * post.size), post.size)
    return Synapses(sources, targets, _weights(weights, (pre.size, post.size)).ravel())


def _weights(weights: Weights, shape: Shape) -> Values:
    # YAML aliases can make lists that are small in the file and too large to convert.
    nested = _nested_shape(weights)
    if nested not in ((), shape):
        raise NetworkError(f"weights have shape {nested}, the pattern needs {shape}")
    try:
        values = np.broadcast_to(np.asarray(weights, np.float32), shape)
    except (TypeError, ValueError):
        raise NetworkError("weights must be a number or nested lists of numbers") from None
    if not np.all(np.isfinite(values)):
        raise NetworkError("weights hold NaN or infinity")
    return values


def _nested_shape(weights: Any) -> Shape:
    shape: list[int] = []
    while isinstance(weights, (list, tuple)) and len(shape) < 8:
        shape.append(len(weights))
        weights = weights[0] if weights else None
    return tuple(shape)


def _conv2d(pattern: Conv2d, weights: Weights, pre: Shape, post: Shape) -> Synapses:
    if len(pre) != 3 or len(post) != 3:
        raise NetworkError(f"conv2d needs (channels, height, width), not {pre} and {post}")
    extent = tuple(
        (size + 2 * padding - kernel) // stride + 1
        for size, kernel, stride, padding in zip(
            pre[1:], pattern.kernel, pattern.stride, pattern.padding, strict=True
        )
    )
    if min(extent) < 1 or extent != post[1:]:
        raise NetworkError(f"conv2d makes {extent} of {pre[1:]}, the target has {post[1:]}")
    kernel = _weights(weights, (post[0], pre[0], *pattern.kernel))
    taps = np.indices((*post, pre[0], *pattern.kernel)).reshape(6, -1)
    post_channel, row, column, pre_channel, tap_row, tap_column = taps
    pre_row = row * pattern.stride[0] + tap_row - pattern.padding[0]
    pre_column = column * pattern.stride[1] + tap_column - pattern.padding[1]
    inside = (pre_row >= 0) & (pre_row < pre[1]) & (pre_column >= 0) & (pre_column < pre[2])
    sources = (pre_channel * pre[1] + pre_row) * pre[2] + pre_column
    targets = (post_channel * post[1] + row) * post[2] + column
    return Synapses(
        sources[inside],
        targets[inside],
        kernel[post_channel, pre_channel, tap_row, tap_column][inside],
    )


class Fanout(NamedTuple):
    """Synapses of a whole network, by source; what the compiled kernel walks through.

    Sources are the input channels, then the neurons in execution order; targets are neurons.
    row: int64[sources + 1], range of segments of a source.
    delay_ticks: int32[segments]; first: int64[segments + 1], range of synapses of a segment.
    contiguous: bool[segments], the targets of the segment are consecutive, as in dense layers, and
    so many that not looking them up pays.
    target: int32[synapses]; weight: float32[synapses].
    """

    row: Indices
    delay_ticks: npt.NDArray[np.int32]
    first: Indices
    contiguous: npt.NDArray[np.bool_]
    target: npt.NDArray[np.int32]
    weight: Values

    @property
    def synapses_per_source(self) -> Indices:
        """Number of synapses of each source; int64[sources]."""
        return np.diff(self.first[self.row])


def fanout(spec: NetworkSpec) -> Fanout:
    """Gather all projections of a network, sorted by source, delay and target.

    Raises NetworkError as `expand` does.
    """
    offset, position = {}, 0
    for node in spec.execution_nodes():
        offset[node.name] = position
        position += math.prod(node.shape)

    sources = [np.empty(0, np.int64)]
    targets = [np.empty(0, np.int64)]
    weights = [np.empty(0, np.float32)]
    delays = [np.empty(0, np.int32)]
    for index, projection in enumerate(spec.projections):
        synapses = expand(spec, index)
        sources.append(synapses.pre + offset[spec.end(projection.pre).name])
        targets.append(synapses.post + offset[spec.end(projection.post).name] - spec.channels)
        weights.append(synapses.weight)
        delays.append(np.full(len(synapses.pre), projection.delay_ticks, np.int32))
    source, target = np.concatenate(sources), np.concatenate(targets)
    weight, delay = np.concatenate(weights), np.concatenate(delays)

    order = np.lexsort((target, delay, source))
    source, target, delay = source[order], target[order], delay[order]
    starts = np.ones(source.size, bool)
    starts[1:] = (source[1:] != source[:-1]) | (delay[1:] != delay[:-1])
    first = np.flatnonzero(starts)
    row = np.searchsorted(source[first], np.arange(position + 1))
    jumps = np.ones(source.size, np.int64)
    jumps[1:] = (target[1:] != target[:-1] + 1) | starts[1:]
    runs = np.add.reduceat(jumps, first) if first.size else np.empty(0, np.int64)
    return Fanout(
        row=row.astype(np.int64),
        delay_ticks=delay[first],
        first=np.append(first, source.size).astype(np.int64),
        contiguous=(runs == 1) & (np.diff(np.append(first, source.size)) >= MIN_RUN),
        target=target.astype(np.int32),
        weight=weight[order],
    )
