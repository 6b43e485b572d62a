"""Projections expanded to synapses, stored by the neuron that drives them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.array import Array, as_numpy
from neuromorphic_ros.snn.patterns import Conv1d, Conv2d, OneToOne, Pool2d, Random
from neuromorphic_ros.snn.plasticity.bounds import Bounded
from neuromorphic_ros.snn.spec import End, Link, NetworkSpec
from neuromorphic_ros.snn.weights import Values, store, values
from neuromorphic_ros.spikes import Shape

# A dense row is added without looking up targets: as fast as this share of it through a list.
DENSE_FROM = 0.3
# Of a matrix that stays in the cache of the processor, whose rows are there without waiting.
DENSE_FROM_CACHED = 0.1
CACHED_BYTES = 2**19
# Pairs that are drawn at a time, to bound the memory that drawing takes.
DRAWN_AT_ONCE = 2**22

Indices = npt.NDArray[np.int64]
Targets = npt.NDArray[np.int32]


class Connection(NamedTuple):
    """Synapses of one projection; source row k is address `pre_start + k` of its population.

    weight: float32, float16 or int8, to be multiplied with `scale`; (rows, columns) if dense, else
    (synapses,), in which case those of row k are row[k] to row[k + 1] and `target` has their
    columns. row: int64[rows + 1] or none. target: uint16[synapses] if that
    is wide enough for the columns, else int32, or none.
    Column c is address `post_start + c`.
    plastic: its weights change, so that all of its pairs are synapses, of weight 0 too; `target` is
    int32 then.
    """

    pre_start: int
    post_start: int
    rows: int
    columns: int
    weight: npt.NDArray[Any]
    scale: np.float32
    row: Indices | None
    target: npt.NDArray[np.uint16] | Targets | None
    plastic: bool = False

    @property
    def used(self) -> npt.NDArray[np.bool_]:
        """Which weights are synapses: those that are not zero, of a plastic projection all."""
        return np.asarray((self.weight != 0) | self.plastic)

    @property
    def synapses_per_row(self) -> Indices:
        """Number of weights that are not zero, of a plastic projection of all; int64[rows]."""
        if self.row is None:
            return np.asarray(np.count_nonzero(self.used, axis=1), np.int64)
        used = np.concatenate(([0], np.cumsum(self.used, dtype=np.int64)))
        return np.asarray(used[self.row[1:]] - used[self.row[:-1]], np.int64)

    @property
    def bytes_per_row(self) -> Indices:
        """Memory of weights and targets that a spike makes the engine read; int64[rows]."""
        if self.row is None or self.target is None:
            return np.full(self.rows, self.columns * self.weight.itemsize, np.int64)
        return np.diff(self.row) * (self.weight.itemsize + self.target.itemsize)

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
    columns: int


_Matrix: TypeAlias = "Values | _Sparse"


def connect(spec: NetworkSpec, index: int) -> Connection:
    """Build the synapses of the projection `spec.projections[index]`.

    What is random is drawn from the seed of the network and `index` alone.
    Raises NetworkError if shapes, pattern and weights do not fit.
    """
    projection = spec.projections[index]
    pre, post = spec.end(projection.pre), spec.end(projection.post)
    generator = spec.generator(index)
    try:
        links = spec.stages(projection)
        matrix = expanded(links[0], generator, keep_zeros=projection.plasticity is not None)
        for link in links[1:]:
            matrix = _product(matrix, expanded(link, generator))
    except NetworkError as wrong:
        raise NetworkError(f"projection {projection}: {wrong}") from None

    if projection.plasticity is not None:
        return _plastic(projection.plasticity, matrix, pre, post, str(projection))
    matrix = _stored_by_density(matrix)
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
        target=sparse.target.astype(target_dtype(post.size), copy=False) if sparse else None,
    )


def _plastic(rule: Bounded, matrix: _Matrix, pre: End, post: End, name: str) -> Connection:
    sparse = matrix if isinstance(matrix, _Sparse) else None
    # A copy, as it will be written.
    weight = np.array(matrix.weight if isinstance(matrix, _Sparse) else matrix, np.float32)
    low, high = np.float32(rule.w_min), np.float32(rule.w_max)
    outside = np.count_nonzero((weight < low) | (weight > high))
    if outside:
        raise NetworkError(
            f"projection {name}: {outside} weights are outside of {rule.w_min}..{rule.w_max}, the "
            "w_min and w_max of its plasticity"
        )
    return Connection(
        pre_start=pre.start,
        post_start=post.start,
        rows=pre.size,
        columns=post.size,
        weight=weight,
        scale=np.float32(1),
        row=sparse.row if sparse else None,
        target=sparse.target if sparse else None,
        plastic=True,
    )


def target_dtype(columns: int) -> np.dtype[Any]:
    """Return the dtype in which lists of targets are kept."""
    return np.dtype(np.uint16 if columns <= 2**16 else np.int32)


def bias(spec: NetworkSpec, index: int) -> Values:
    """Return the constant input that a projection gives to each address of its end; float32.

    Raises NetworkError if a bias does not fit.
    """
    projection = spec.projections[index]
    links = spec.stages(projection)
    where = f"projection {projection}"
    biases = [_bias(link, where) for link in links]
    if all(link.bias is None for link in links[:-1]):
        return biases[-1]
    # The first map carries nothing, but what is random in the next ones is drawn after it.
    generator = spec.generator(index)
    maps = [expanded(link, generator) for link in links]
    carried = biases[0]
    for matrix, own in zip(maps[1:], biases[1:], strict=True):
        carried = _product(carried[None], matrix)[0] + own
    return carried


def _bias(link: Link, where: str) -> Values:
    given = as_numpy(0.0 if link.bias is None else link.bias, np.float32)
    size = math.prod(link.post)
    if given.shape not in ((), link.post, (size,)):
        if not isinstance(link.pattern, (Conv1d, Conv2d)) or given.shape != link.post[:1]:
            raise NetworkError(f"{where}: bias has shape {given.shape}, the target {link.post}")
        given = np.repeat(given, size // link.post[0])
    return np.array(np.broadcast_to(given.ravel(), (size,)))


def _stored_by_density(matrix: _Matrix) -> _Matrix:
    if isinstance(matrix, _Sparse):
        rows = matrix.row.size - 1
        if matrix.weight.size < DENSE_FROM * rows * matrix.columns:
            return matrix
        return np.asarray(_scipy(matrix).toarray(), np.float32)
    dense_from = DENSE_FROM_CACHED if matrix.nbytes <= CACHED_BYTES else DENSE_FROM
    if np.count_nonzero(matrix) < dense_from * matrix.size:
        return _sparse(scipy.sparse.csr_array(matrix))
    return matrix


def _product(first: _Matrix, second: _Matrix) -> Any:
    made = _scipy(first) @ _scipy(second)
    return _sparse(made) if scipy.sparse.issparse(made) else made


def _scipy(matrix: _Matrix) -> Any:
    if not isinstance(matrix, _Sparse):
        return matrix
    shape = (matrix.row.size - 1, matrix.columns)
    return scipy.sparse.csr_array((matrix.weight, matrix.target, matrix.row), shape=shape)


def _sparse(matrix: Any, keep_zeros: bool = False) -> _Sparse:
    if not keep_zeros:
        matrix.eliminate_zeros()
    matrix.sort_indices()
    return _Sparse(
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int32, copy=False),
        matrix.data,
        matrix.shape[1],
    )


def _by_source(
    source: Any, target: Any, weight: Values, rows: int, columns: int, keep_zeros: bool = False
) -> _Sparse:
    listed = scipy.sparse.coo_array((weight, (source, target)), shape=(rows, columns))
    return _sparse(listed.tocsr(), keep_zeros)


def weight_shape(link: Link) -> Shape:
    """Return the shape of the weights of a linear map; of random ones, that of the whole matrix."""
    pattern, pre, post = link.pattern, link.pre, link.post
    if isinstance(pattern, Conv1d):
        return (post[0], pre[0] // pattern.groups, pattern.kernel)
    if isinstance(pattern, Conv2d):
        return (post[0], pre[0] // pattern.groups, *pattern.kernel)
    if isinstance(pattern, Pool2d):
        return ()
    if isinstance(pattern, OneToOne):
        return (math.prod(pre),)
    return (math.prod(pre), math.prod(post))


def expanded(link: Link, generator: np.random.Generator, keep_zeros: bool = False) -> Any:
    """Return the matrix of a linear map, (pre, post): float32 or by source.

    keep_zeros: pairs of weight 0 stay in the lists of one_to_one and random.
    """
    pattern, pre, post = link.pattern, link.pre, link.post
    if isinstance(pattern, Random):
        return _random(pattern, link, generator, keep_zeros)
    weight = values(link.weights, weight_shape(link), generator)
    if isinstance(pattern, Conv1d):
        image, made = (pre[0], 1, pre[1]), (post[0], 1, post[1])
        return _conv2d(pattern.flat, weight[:, :, None], image, made)
    if isinstance(pattern, Conv2d):
        return _conv2d(pattern, weight, pre, post)
    if isinstance(pattern, Pool2d):
        share = math.prod(pattern.kernel) if pattern.type == "avg_pool2d" else 1
        kernel = np.full((pre[0], 1, *pattern.kernel), weight / np.float32(share), np.float32)
        return _conv2d(pattern.sliding(pre[0]), kernel, pre, post)
    if isinstance(pattern, OneToOne):
        ends = np.arange(weight.size, dtype=np.int32)
        return _by_source(ends, ends, weight, math.prod(pre), math.prod(post), keep_zeros)
    return weight


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
        source = (pre_channel[:, None, None] * pre[1] + pre_rows[seen_rows][:, None]) * pre[2]
        target = (post_channel[:, None, None] * post[1] + seen_rows[:, None]) * post[2]
        sources.append((source + pre_columns[seen_columns]).ravel().astype(np.int32))
        targets.append((target + seen_columns).ravel().astype(np.int32))
        weights.append(np.repeat(taps[post_channel, place], seen_rows.size * seen_columns.size))
    return _by_source(
        np.concatenate(sources),
        np.concatenate(targets),
        np.concatenate(weights),
        math.prod(pre),
        math.prod(post),
    )


def _random(
    pattern: Random, link: Link, generator: np.random.Generator, keep_zeros: bool
) -> _Sparse:
    sources, targets = math.prod(link.pre), math.prod(link.post)
    if pattern.probability is not None:
        row, target = _drawn(sources, targets, pattern.probability, generator)
    else:
        assert pattern.in_degree is not None
        row, target = _chosen(sources, targets, pattern.in_degree, generator)
    if isinstance(link.weights, Array):
        source = np.repeat(np.arange(sources), np.diff(row))
        weight = values(link.weights, (sources, targets), generator)[source, target]
    else:
        weight = np.array(values(link.weights, (target.size,), generator))
    shape = (sources, targets)
    return _sparse(scipy.sparse.csr_array((weight, target, row), shape=shape), keep_zeros)


def _drawn(
    sources: int, targets: int, probability: float, generator: np.random.Generator
) -> tuple[Indices, Targets]:
    """Draw each pair with a probability; returns the range of each source, and targets."""
    # Gaps between pairs that are drawn one after the other: fewer than pairs.
    pairs = sources * targets
    likely = math.ceil(pairs * probability + 3 * math.sqrt(pairs * probability)) + 1
    # As many gaps at a time as cannot overflow 64 bits.
    size = min(likely, DRAWN_AT_ONCE, 2**62 // (pairs + 1))
    found = np.zeros(sources, np.int64)
    parts = []
    last = -1 if probability > 0 else pairs
    while last < pairs:
        gaps = np.minimum(generator.geometric(probability, size), pairs + 1)
        place = last + np.cumsum(gaps)
        last = int(place[-1])
        source, target = np.divmod(place[place < pairs], targets)
        found += np.bincount(source, minlength=sources)
        parts.append(target.astype(np.int32))
    return _ranges(found), np.concatenate(parts or [np.empty(0, np.int32)])


def _chosen(
    sources: int, targets: int, in_degree: int, generator: np.random.Generator
) -> tuple[Indices, Targets]:
    """Choose different sources for each target; returns the range of each source, and targets."""
    if in_degree > sources:
        raise NetworkError(f"in_degree {in_degree} exceeds the {sources} sources")
    source = np.empty((targets, in_degree), np.int32)
    for chosen in source:
        chosen[:] = generator.choice(sources, in_degree, replace=False, shuffle=False)
    # A stable sort keeps the targets of a source in order.
    order = np.argsort(source.ravel(), kind="stable")
    found = np.bincount(source.ravel(), minlength=sources)
    return _ranges(found), (order // max(in_degree, 1)).astype(np.int32)


def _ranges(counts: Indices) -> Indices:
    return np.concatenate(([0], np.cumsum(counts)))
