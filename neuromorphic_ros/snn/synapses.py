"""Projections expanded to synapses, stored by the neuron that drives them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.patterns import Conv1d, Conv2d, OneToOne, Pool2d, Random
from neuromorphic_ros.snn.spec import Link, NetworkSpec
from neuromorphic_ros.snn.weights import Values, store, values
from neuromorphic_ros.spikes import Shape

# A dense row is added without looking up targets: as fast as this share of it through a list.
DENSE_FROM = 0.3
# Pairs that are drawn at a time, to bound the memory that drawing takes.
DRAWN_AT_ONCE = 2**22

Indices = npt.NDArray[np.int64]
Targets = npt.NDArray[np.int32]


class Connection(NamedTuple):
    """Synapses of one projection; source row k is address `pre_start + k` of its population.

    weight: float32, float16 or int8, to be multiplied with `scale`; (rows, columns) if dense, else
    (synapses,), in which case those of row k are row[k] to row[k + 1] and `target` has their
    columns. row: int64[rows + 1] or none. target: int32[synapses] or none.
    Column c is address `post_start + c`.
    """

    pre_start: int
    post_start: int
    rows: int
    columns: int
    weight: npt.NDArray[Any]
    scale: np.float32
    row: Indices | None
    target: Targets | None

    @property
    def synapses_per_row(self) -> Indices:
        """Number of weights that are not zero; int64[rows]."""
        if self.row is None:
            return np.asarray(np.count_nonzero(self.weight, axis=1), np.int64)
        used = np.concatenate(([0], np.cumsum(self.weight != 0, dtype=np.int64)))
        return np.asarray(used[self.row[1:]] - used[self.row[:-1]], np.int64)

    @property
    def bytes(self) -> int:
        """Memory that it takes."""
        lists = [part.nbytes for part in (self.row, self.target) if part is not None]
        return self.weight.nbytes + sum(lists)

    def dense(self) -> Values:
        """Return all weights as stored; float32[rows, columns]."""
        if self.row is None or self.target is None:
            return self.weight.astype(np.float32) * self.scale
        matrix = np.zeros((self.rows, self.columns), np.float32)
        sources = np.repeat(np.arange(self.rows), np.diff(self.row))
        matrix[sources, self.target] = self.weight.astype(np.float32) * self.scale
        return matrix


class _Sparse(NamedTuple):
    row: Indices
    target: Targets
    weight: Values


_Matrix: TypeAlias = "Values | _Sparse"


def connect(spec: NetworkSpec, index: int) -> Connection:
    """Build the synapses of the projection `spec.projections[index]`.

    What is random is drawn from the seed of the network and `index` alone.
    Raises NetworkError if shapes, pattern and weights do not fit.
    """
    projection = spec.projections[index]
    pre, post = spec.end(projection.pre), spec.end(projection.post)
    generator = np.random.default_rng((spec.seed, index))
    try:
        links = spec.stages(projection)
        matrix = _expanded(links[0], generator)
        for link in links[1:]:
            matrix = _product(matrix, _expanded(link, generator))
    except NetworkError as wrong:
        raise NetworkError(f"projection {projection.pre} -> {projection.post}: {wrong}") from None

    matrix = _stored_by_density(matrix, post.size)
    sparse = matrix if isinstance(matrix, _Sparse) else None
    stored = store(matrix.weight if isinstance(matrix, _Sparse) else matrix, projection.precision)
    return Connection(
        pre_start=pre.start,
        post_start=post.start,
        rows=pre.size,
        columns=post.size,
        weight=np.ascontiguousarray(stored.values),
        scale=stored.scale,
        row=sparse.row if sparse else None,
        target=sparse.target if sparse else None,
    )


def bias(spec: NetworkSpec, index: int) -> Values:
    """Return the constant input that a projection gives to each address of its end; float32.

    Raises NetworkError if a bias does not fit.
    """
    projection = spec.projections[index]
    total = np.zeros(spec.end(projection.post).size, np.float32)
    generator = np.random.default_rng((spec.seed, index))
    carried: Values | None = None
    for link in spec.stages(projection):
        if carried is not None:
            carried = _product(carried[None], _expanded(link, generator))[0]
        if link.bias is not None:
            own = _bias(link, f"projection {projection.pre} -> {projection.post}")
            carried = own if carried is None else carried + own
    return total if carried is None else carried


def _bias(link: Link, where: str) -> Values:
    given = link.bias.values if isinstance(link.bias, Array) else np.asarray(link.bias)
    size = math.prod(link.post)
    if given.shape not in ((), link.post, (size,)):
        if not isinstance(link.pattern, (Conv1d, Conv2d)) or given.shape != link.post[:1]:
            raise NetworkError(f"{where}: bias has shape {given.shape}, the target {link.post}")
        given = np.repeat(given, size // link.post[0])
    return np.array(np.broadcast_to(given.astype(np.float32).ravel(), (size,)), np.float32)


def _stored_by_density(matrix: _Matrix, columns: int) -> _Matrix:
    if isinstance(matrix, _Sparse):
        rows = matrix.row.size - 1
        if matrix.weight.size >= DENSE_FROM * rows * columns > 0:
            dense = np.zeros((rows, columns), np.float32)
            dense[np.repeat(np.arange(rows), np.diff(matrix.row)), matrix.target] = matrix.weight
            return dense
        return matrix
    if np.count_nonzero(matrix) < DENSE_FROM * matrix.size:
        sources, targets = np.nonzero(matrix)
        return _by_source(sources, targets, matrix[sources, targets], matrix.shape[0])
    return matrix


def _by_source(sources: Any, targets: Any, weight: Values, rows: int) -> _Sparse:
    """Sort synapses by source, then target."""
    order = np.lexsort((targets, sources))
    row = np.searchsorted(sources[order], np.arange(rows + 1))
    return _Sparse(row.astype(np.int64), targets[order].astype(np.int32), weight[order])


def _product(first: _Matrix, second: _Matrix) -> Any:
    if not isinstance(first, _Sparse) and not isinstance(second, _Sparse):
        return first @ second
    columns = [
        int(part.target.max(initial=0)) + 1 if isinstance(part, _Sparse) else part.shape[1]
        for part in (first, second)
    ]
    inner = second.row.size - 1 if isinstance(second, _Sparse) else second.shape[0]
    left = _scipy(first, inner)
    right = _scipy(second, columns[1])
    made = left @ right
    if not scipy.sparse.issparse(made):
        return np.asarray(made, np.float32)
    made = scipy.sparse.csr_array(made)
    made.sort_indices()
    return _Sparse(made.indptr.astype(np.int64), made.indices.astype(np.int32), made.data)


def _scipy(matrix: _Matrix, columns: int) -> Any:
    if not isinstance(matrix, _Sparse):
        return matrix
    shape = (matrix.row.size - 1, columns)
    return scipy.sparse.csr_array((matrix.weight, matrix.target, matrix.row), shape=shape)


def _expanded(link: Link, generator: np.random.Generator) -> Any:
    """Return the matrix of a linear map, (pre, post): float32 or _Sparse."""
    pattern, pre, post = link.pattern, link.pre, link.post
    sources, targets = math.prod(pre), math.prod(post)
    if isinstance(pattern, Conv1d):
        shape = (post[0], pre[0] // pattern.groups, pattern.kernel)
        kernel = values(link.weights, shape, generator)[:, :, None]
        return _conv2d(pattern.flat, kernel, (pre[0], 1, pre[1]), (post[0], 1, post[1]))
    if isinstance(pattern, Conv2d):
        taps = (post[0], pre[0] // pattern.groups, *pattern.kernel)
        return _conv2d(pattern, values(link.weights, taps, generator), pre, post)
    if isinstance(pattern, Pool2d):
        scale = values(link.weights, (), generator)
        share = math.prod(pattern.kernel) if pattern.type == "avg_pool2d" else 1
        kernel = np.full((pre[0], 1, *pattern.kernel), scale / np.float32(share), np.float32)
        sliding = Conv2d(
            kernel=pattern.kernel, stride=pattern.step, padding=pattern.padding, groups=pre[0]
        )
        return _conv2d(sliding, kernel, pre, post)
    if isinstance(pattern, OneToOne):
        weight = values(link.weights, (sources,), generator)
        ends = np.arange(sources)
        used = weight != 0
        return _by_source(ends[used], ends[used], weight[used], sources)
    if isinstance(pattern, Random):
        return _random(pattern, link, generator)
    return values(link.weights, (sources, targets), generator)


def _conv2d(pattern: Conv2d, kernel: Values, pre: Shape, post: Shape) -> _Sparse:
    (top, _), (left, _) = pattern.borders
    rows, columns = np.arange(post[1]), np.arange(post[2])
    pre_group, post_group = pre[0] // pattern.groups, post[0] // pattern.groups
    channels = np.arange(post[0])
    reached = (channels // post_group * pre_group)[:, None] + np.arange(pre_group)
    sources, targets, weights = [], [], []
    for tap_row, tap_column in np.ndindex(*pattern.kernel):
        pre_rows = rows * pattern.stride[0] + tap_row * pattern.dilation[0] - top
        pre_columns = columns * pattern.stride[1] + tap_column * pattern.dilation[1] - left
        seen_rows = np.flatnonzero((pre_rows >= 0) & (pre_rows < pre[1]))
        seen_columns = np.flatnonzero((pre_columns >= 0) & (pre_columns < pre[2]))
        taps = kernel[:, :, tap_row, tap_column]
        post_channel, place = np.nonzero(taps)
        pre_channel = reached[post_channel, place]
        source = (pre_channel[:, None, None] * pre[1] + pre_rows[seen_rows][:, None]) * pre[
            2
        ] + pre_columns[seen_columns]
        target = (post_channel[:, None, None] * post[1] + seen_rows[:, None]) * post[2]
        sources.append(source.ravel().astype(np.int32))
        targets.append((target + seen_columns).ravel().astype(np.int32))
        weight = taps[post_channel, place][:, None, None]
        weights.append(np.broadcast_to(weight, source.shape).ravel())
    return _by_source(
        np.concatenate(sources), np.concatenate(targets), np.concatenate(weights), math.prod(pre)
    )


def _random(pattern: Random, link: Link, generator: np.random.Generator) -> _Sparse:
    sources, targets = math.prod(link.pre), math.prod(link.post)
    if pattern.probability is not None:
        # Drawing pairs one after the other and gaps between them are the same; gaps are fewer.
        parts = list(_drawn(sources * targets, pattern.probability, targets, generator))
        counts = np.concatenate([part[0] for part in parts] or [np.empty(0, np.int64)])
        target = np.concatenate([part[1] for part in parts] or [np.empty(0, np.int32)])
        source = counts
    else:
        assert pattern.in_degree is not None
        if pattern.in_degree > sources:
            raise NetworkError(f"in_degree {pattern.in_degree} exceeds the {sources} sources")
        drawn = [
            generator.choice(sources, pattern.in_degree, replace=False, shuffle=False)
            for _ in range(targets)
        ]
        source = np.concatenate(drawn) if drawn else np.empty(0, np.int64)
        target = np.repeat(np.arange(targets, dtype=np.int32), pattern.in_degree)
        order = np.lexsort((target, source))
        source, target = source[order], target[order]
    row = np.searchsorted(source, np.arange(sources + 1)).astype(np.int64)
    if isinstance(link.weights, Array):
        weight = values(link.weights, (sources, targets), generator)[source, target]
    else:
        weight = np.ascontiguousarray(values(link.weights, (target.size,), generator))
    used = weight != 0
    if not used.all():
        row = np.concatenate(([0], np.cumsum(used, dtype=np.int64)))[row]
        target, weight = target[used], weight[used]
    return _Sparse(row, target, weight)


def _drawn(
    pairs: int, probability: float, columns: int, generator: np.random.Generator
) -> Iterator[tuple[npt.NDArray[np.int32], Targets]]:
    """Draw pairs in order, each with a probability; yields their rows and columns, int32."""
    if probability == 0:
        return
    last = -1
    while last < pairs:
        gaps = generator.geometric(probability, DRAWN_AT_ONCE)
        place = np.cumsum(gaps) + last
        last = int(place[-1])
        row, column = np.divmod(place[place < pairs], columns)
        yield row.astype(np.int32), column.astype(np.int32)
