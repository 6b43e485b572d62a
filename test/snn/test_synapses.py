"""Projections expand to the synapses that their pattern means, and to no others."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.synapses import (
    CACHED_BYTES,
    DENSE_FROM,
    DENSE_FROM_CACHED,
    bias,
    connect,
)

Floats = npt.NDArray[np.float32]


def network(
    pre: tuple[int, ...], post: tuple[int, ...], *projections: dict[str, Any], seed: int = 0
) -> NetworkSpec:
    content: dict[str, Any] = {
        "name": "net",
        "dt_ms": 1,
        "inputs": [{"name": "a", "shape": pre}],
        "populations": [{"name": "b", "shape": post}],
        "projections": [{"pre": "a", "post": "b", **projection} for projection in projections],
        "seed": seed,
        "max_channels": 2**31,
        "max_neurons": 2**31,
    }
    return NetworkSpec(**content)


def matrix(
    pre: tuple[int, ...], post: tuple[int, ...], projection: dict[str, Any], **network_of: Any
) -> Floats:
    """Return the dense matrix of one projection, which its counts and bound must agree with."""
    spec = network(pre, post, projection, **network_of)
    connection = connect(spec, 0)
    dense = connection.dense()
    assert dense.shape == (connection.rows, connection.columns)
    assert np.array_equal(connection.synapses_per_row, np.count_nonzero(dense, axis=1))
    assert np.count_nonzero(dense) <= spec.synapses_at_most(spec.projections[0])
    return dense


def integers(generator: np.random.Generator, *shape: int) -> Floats:
    return generator.integers(-4, 5, shape).astype(np.float32)


def test_all_to_all_with_one_weight() -> None:
    assert np.array_equal(matrix((2,), (3,), {"weights": 0.5}), np.full((2, 3), 0.5))


def test_all_to_all_with_a_matrix_is_pre_by_post() -> None:
    weights = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert np.array_equal(matrix((2,), (3,), {"weights": weights}), weights)


def test_one_to_one_is_a_diagonal() -> None:
    projection = {"pattern": {"type": "one_to_one"}, "weights": [1.0, 0.0, 3.0]}
    assert np.array_equal(matrix((3,), (1, 3), projection), np.diag([1.0, 0.0, 3.0]))


def test_slices_shift_addresses() -> None:
    spec = network(
        (6,),
        (5,),
        {"pre": "a[2:4]", "post": "b[3:5]", "pattern": {"type": "one_to_one"}, "weights": [7, 8]},
    )
    connection = connect(spec, 0)
    assert (connection.pre_start, connection.rows) == (2, 2)
    assert (connection.post_start, connection.columns) == (3, 2)
    assert connection.dense().tolist() == [[7, 0], [0, 8]]


extents = st.tuples(st.integers(1, 3), st.integers(1, 3))


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@settings(max_examples=60, deadline=None)
@given(
    groups=st.integers(1, 3),
    channels=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    size=st.tuples(st.integers(5, 8), st.integers(5, 8)),
    kernel=extents,
    stride=extents,
    padding=st.one_of(
        st.just("same"), st.tuples(st.integers(0, 2), st.integers(0, 2)), st.integers(0, 2)
    ),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    seed=st.integers(0, 2**32),
)
def test_conv2d_is_that_of_torch(
    groups: int,
    channels: tuple[int, int],
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: Any,
    dilation: tuple[int, int],
    seed: int,
) -> None:
    torch = pytest.importorskip("torch")
    generator = np.random.default_rng(seed)
    if padding == "same":
        stride = (1, 1)
    image = integers(generator, groups * channels[0], *size)
    taps = integers(generator, groups * channels[1], channels[0], *kernel)
    expected = torch.nn.functional.conv2d(
        torch.from_numpy(image),
        torch.from_numpy(taps),
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
    ).numpy()
    pattern = {
        "type": "conv2d", "kernel": kernel, "stride": stride, "padding": padding,
        "dilation": dilation, "groups": groups,
    }  # fmt: skip
    dense = matrix(image.shape, expected.shape, {"weights": taps, "pattern": pattern})
    assert np.array_equal(image.ravel() @ dense, expected.ravel())


@settings(max_examples=40, deadline=None)
@given(
    groups=st.integers(1, 2),
    channels=extents,
    length=st.integers(7, 12),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.one_of(st.just("same"), st.integers(0, 3)),
    dilation=st.integers(1, 2),
    seed=st.integers(0, 2**32),
)
def test_conv1d_is_that_of_torch(
    groups: int,
    channels: tuple[int, int],
    length: int,
    kernel: int,
    stride: int,
    padding: Any,
    dilation: int,
    seed: int,
) -> None:
    torch = pytest.importorskip("torch")
    generator = np.random.default_rng(seed)
    if padding == "same":
        stride = 1
    signal = integers(generator, groups * channels[0], length)
    taps = integers(generator, groups * channels[1], channels[0], kernel)
    expected = torch.nn.functional.conv1d(
        torch.from_numpy(signal),
        torch.from_numpy(taps),
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
    ).numpy()
    pattern = {
        "type": "conv1d", "kernel": kernel, "stride": stride, "padding": padding,
        "dilation": dilation, "groups": groups,
    }  # fmt: skip
    dense = matrix(signal.shape, expected.shape, {"weights": taps, "pattern": pattern})
    assert np.array_equal(signal.ravel() @ dense, expected.ravel())


@settings(max_examples=40, deadline=None)
@given(
    channels=st.integers(1, 3),
    size=st.tuples(st.integers(4, 9), st.integers(4, 9)),
    kernel=st.tuples(st.sampled_from([1, 2, 4]), st.sampled_from([2, 4])),
    stride=st.one_of(st.none(), extents),
    padded=st.booleans(),
    average=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_pooling_is_that_of_torch(
    channels: int,
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int] | None,
    padded: bool,
    average: bool,
    seed: int,
) -> None:
    torch = pytest.importorskip("torch")
    padding = (kernel[0] // 2, kernel[1] // 2) if padded else (0, 0)
    image = integers(np.random.default_rng(seed), channels, *size)
    # Taps are powers of two, so that averages are exact.
    expected = 0.5 * torch.nn.functional.avg_pool2d(
        torch.from_numpy(image),
        kernel,
        stride,
        padding,
        divisor_override=None if average else 1,
    )
    pattern = {
        "type": "avg_pool2d" if average else "sum_pool2d",
        "kernel": kernel,
        "stride": stride,
        "padding": padding,
    }
    dense = matrix(image.shape, tuple(expected.shape), {"weights": 0.5, "pattern": pattern})
    assert np.array_equal(image.ravel() @ dense, expected.numpy().ravel())


def random(**pattern: Any) -> dict[str, Any]:
    return {"weights": 1.0, "pattern": {"type": "random", **pattern}}


def test_random_synapses_are_reproduced_by_the_seed() -> None:
    for drawn in (random(probability=0.2), random(in_degree=5)):
        first, again, other = (matrix((50,), (40,), drawn, seed=seed) for seed in (3, 3, 4))
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)


def test_random_synapses_do_not_depend_on_other_projections() -> None:
    drawn = random(probability=0.2)
    alone = connect(network((50,), (40,), {"weights": 0}, drawn), 1)
    beside = connect(network((50,), (40,), random(probability=0.9), drawn, drawn), 1)
    assert np.array_equal(alone.dense(), beside.dense())


def test_random_projections_of_one_network_differ() -> None:
    spec = network((50,), (40,), random(probability=0.2), random(probability=0.2))
    assert not np.array_equal(connect(spec, 0).dense(), connect(spec, 1).dense())


@pytest.mark.parametrize("probability", [0.0, 1e-3, 0.1, 0.5, 0.9, 1.0])
def test_random_synapses_have_the_density_asked_for(probability: float) -> None:
    sources, targets = 200, 300
    dense = matrix((sources,), (targets,), random(probability=probability))
    for counts, pairs in (
        (dense.sum(), sources * targets),
        (dense.sum(axis=0), sources),
        (dense.sum(axis=1), targets),
    ):
        deviation = math.sqrt(pairs * probability * (1 - probability))
        # The tail of so few expected synapses is that of Poisson.
        assert np.all(abs(counts - pairs * probability) <= 5 * deviation + 3)


def test_random_pairs_are_independent() -> None:
    dense = matrix((300,), (300,), random(probability=0.5)) - 0.5
    for neighbour in (dense[1:] * dense[:-1], dense[:, 1:] * dense[:, :-1]):
        assert abs(neighbour.mean()) < 5 * 0.25 / math.sqrt(neighbour.size)


@pytest.mark.parametrize("probability", [1e-300, 1e-18, 1e-15])
def test_hardly_any_of_very_many_pairs(probability: float) -> None:
    """Gaps between drawn pairs of 2^51 are near the end of 64 bits, or beyond."""
    connection = connect(network((2**20,), (2**31 - 1,), random(probability=probability)), 0)
    assert connection.row is not None
    assert connection.target is not None
    assert connection.weight.size <= 15
    assert np.all(connection.target >= 0)
    assert connection.row[-1] == connection.weight.size


@settings(max_examples=25, deadline=None)
@given(
    sources=st.integers(1, 40),
    targets=st.integers(1, 40),
    share=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_a_fixed_in_degree_is_exact(sources: int, targets: int, share: float, seed: int) -> None:
    in_degree = int(share * sources)
    dense = matrix((sources,), (targets,), random(in_degree=in_degree), seed=seed)
    assert dense.sum(axis=0).tolist() == [in_degree] * targets
    assert set(np.unique(dense)) <= {0.0, 1.0}


def test_a_fixed_in_degree_favours_no_source() -> None:
    counts = matrix((50,), (2000,), random(in_degree=10)).sum(axis=1)
    assert np.all(abs(counts - 400) < 5 * math.sqrt(2000 * 0.2 * 0.8))


@pytest.mark.parametrize("pattern", [{"probability": 0.5}, {"in_degree": 7}])
def test_random_synapses_take_their_weights_from_a_matrix(pattern: dict[str, Any]) -> None:
    weights = np.arange(300, dtype=np.float32).reshape(20, 15)
    dense = matrix((20,), (15,), random(**pattern) | {"weights": weights})
    assert 0 < np.count_nonzero(dense) < 299
    assert np.array_equal(dense[dense != 0], weights[dense != 0])


@pytest.mark.parametrize(
    "weights",
    [
        {"low": 0.5, "high": 1.0, "type": "uniform"},
        {"mean": 2.0, "deviation": 0.1, "type": "normal"},
    ],
)
@pytest.mark.parametrize(
    "pattern",
    [{"type": "all_to_all"}, {"type": "one_to_one"}, {"type": "random", "probability": 0.1}],
)
def test_weights_are_drawn_anew_for_every_synapse(weights: Any, pattern: Any) -> None:
    dense = matrix((60,), (60,), {"weights": weights, "pattern": pattern})
    drawn = dense[dense != 0]
    assert np.unique(drawn).size > 0.95 * drawn.size
    assert drawn.min() >= 0.5


@pytest.mark.parametrize("pattern", [{"probability": 1e-4}, {"in_degree": 10}])
def test_the_memory_to_draw_grows_with_synapses_and_not_with_pairs(pattern: dict[str, Any]) -> None:
    size = 100_000
    spec = network(
        (size,),
        (size,),
        random(**pattern) | {"weights": {"low": 0.5, "high": 1.0, "type": "uniform"}},
    )
    tracemalloc.start()
    connection = connect(spec, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    synapses = connection.weight.size
    assert synapses == pytest.approx(1e6, rel=0.01)
    assert peak < 40 * synapses + 100 * size


def stage(pattern: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"pattern": pattern, **fields}


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 12), min_size=3, max_size=5),
    sparse=st.lists(st.booleans(), min_size=4, max_size=4),
    seed=st.integers(0, 2**32),
)
def test_maps_in_a_row_are_the_product_of_their_matrices(
    sizes: list[int], sparse: list[bool], seed: int
) -> None:
    generator = np.random.default_rng(seed)
    matrices, biases = [], []
    for pre, post, thin in zip(sizes, sizes[1:], sparse, strict=False):
        drawn = integers(generator, pre, post)
        matrices.append(drawn * (generator.random((pre, post)) < 0.2) if thin else drawn)
        biases.append(integers(generator, post))
    maps = [
        stage({"type": "all_to_all"}, weights=weights, bias=own, shape=[weights.shape[1]])
        for weights, own in zip(matrices, biases, strict=True)
    ]
    last = {name: value for name, value in maps[-1].items() if name != "shape"}
    projection = {"before": maps[:-1], **last}
    # Sums of small integers are exact in float32.
    product = np.linalg.multi_dot(matrices) if len(matrices) > 1 else matrices[0]
    assert np.array_equal(matrix((sizes[0],), (sizes[-1],), projection), product)
    carried = np.zeros(sizes[0])
    for weights, own in zip(matrices, biases, strict=True):
        carried = carried @ weights + own
    assert np.array_equal(bias(network((sizes[0],), (sizes[-1],), projection), 0), carried)


def test_a_pooling_before_a_convolution_needs_no_neurons() -> None:
    torch = pytest.importorskip("torch")
    generator = np.random.default_rng(0)
    image, taps = integers(generator, 2, 8, 8), integers(generator, 3, 2, 3, 3)
    pooled = torch.nn.functional.avg_pool2d(torch.from_numpy(image), 2)
    expected = torch.nn.functional.conv2d(pooled, torch.from_numpy(taps), padding=1).numpy()
    projection = stage(
        {"type": "conv2d", "kernel": 3, "padding": 1},
        weights=taps,
        before=[stage({"type": "avg_pool2d", "kernel": 2})],
    )
    dense = matrix(image.shape, expected.shape, projection)
    assert np.array_equal(image.ravel() @ dense, expected.ravel())


def test_a_bias_passes_the_same_random_weights_as_spikes() -> None:
    drawn = {"weights": {"low": -1.0, "high": 1.0, "type": "uniform"}}
    first = stage({"type": "all_to_all"}, shape=[5], bias=2.0, **drawn)
    spec = network((4,), (3,), {"before": [first], **drawn})
    identity = {"before": [stage({"type": "all_to_all"}, shape=[5], weights=1.0)], **drawn}
    generator = np.random.default_rng((0, 0))
    generator.random((4, 5), np.float32)
    second = -1.0 + 2.0 * generator.random((5, 3), np.float32)
    assert bias(spec, 0) == pytest.approx(2.0 * second.sum(axis=0))
    assert bias(network((4,), (3,), identity), 0).tolist() == [0.0] * 3


@pytest.mark.parametrize(
    ("given_bias", "expected"),
    [
        (None, [0.0] * 8),
        (0.5, [0.5] * 8),
        ([1.0, 2.0], [1.0] * 4 + [2.0] * 4),
        (list(range(8)), list(range(8))),
        (np.arange(8).reshape(2, 2, 2), list(range(8))),
    ],
)
def test_a_bias_is_of_all_of_a_channel_or_of_each(given_bias: Any, expected: list[float]) -> None:
    projection = {"pattern": {"type": "conv2d", "kernel": 1}, "weights": 1.0, "bias": given_bias}
    found = bias(network((2, 2, 2), (2, 2, 2), projection), 0)
    assert found.dtype == np.float32
    assert found.tolist() == expected


@pytest.mark.parametrize("pattern", [{"type": "all_to_all"}, {"type": "conv2d", "kernel": 1}])
def test_a_bias_of_another_shape_is_refused(pattern: dict[str, Any]) -> None:
    spec = network((1, 2, 2), (1, 2, 2), {"pattern": pattern, "weights": 1.0, "bias": [1.0, 2.0]})
    with pytest.raises(NetworkError, match=r"^projection a -> b: bias has shape \(2,\)"):
        bias(spec, 0)


@pytest.mark.parametrize(
    ("pattern", "size", "dense_from"),
    [
        ("all_to_all", 100, DENSE_FROM_CACHED),
        ("all_to_all", 400, DENSE_FROM),
        ("random", 100, DENSE_FROM),
    ],
)
@pytest.mark.parametrize(("more", "dense"), [(-0.05, False), (0.05, True)])
def test_storage_is_chosen_by_density_and_size(
    pattern: str, size: int, dense_from: float, more: float, dense: bool
) -> None:
    number = np.arange(size * size) % 100
    kept = (number < 100 * (dense_from + more)).reshape(size, size).astype(np.float32)
    assert (kept.nbytes <= CACHED_BYTES) == (size == 100)
    given_pattern = (
        {"type": "random", "probability": 1.0} if pattern == "random" else {"type": pattern}
    )
    given = network((size,), (size,), {"weights": kept, "pattern": given_pattern})
    connection = connect(given, 0)
    assert (connection.row is None) == dense
    assert np.array_equal(connection.dense(), kept)


@pytest.mark.parametrize(("precision", "each"), [("float32", 4), ("float16", 2), ("int8", 1)])
@pytest.mark.parametrize(("targets", "place"), [(200, 2), (65_536, 2), (65_537, 4)])
def test_the_bytes_of_a_sparse_synapse(precision: str, each: int, targets: int, place: int) -> None:
    pattern = random(probability=0.01) | {"precision": precision}
    connection = connect(network((100,), (targets,), pattern), 0)
    assert connection.bytes == (each + place) * connection.weight.size + 8 * 101


@pytest.mark.parametrize(("precision", "each"), [("float32", 4), ("float16", 2), ("int8", 1)])
def test_the_bytes_of_a_dense_synapse(precision: str, each: int) -> None:
    connection = connect(network((100,), (200,), {"precision": precision}), 0)
    assert connection.bytes == each * 100 * 200


@pytest.mark.parametrize(
    "pattern", [{"type": "all_to_all"}, {"type": "random", "probability": 0.2}]
)
def test_weights_are_rounded_to_their_precision(pattern: dict[str, Any]) -> None:
    weights = np.random.default_rng(0).normal(size=(30, 30)).astype(np.float32)
    projection = {"weights": weights, "pattern": pattern}
    exact, half, byte = (
        matrix((30,), (30,), projection | {"precision": precision})
        for precision in ("float32", "float16", "int8")
    )
    assert np.array_equal(half, exact.astype(np.float16))
    step = np.abs(exact).max() / 127
    assert np.abs(byte - exact).max() <= 0.5001 * step
    assert byte / step == pytest.approx(np.rint(byte / step), abs=1e-4)


@pytest.mark.parametrize(
    ("pre", "post", "projection", "complaint"),
    [
        ((2,), (3,), {"weights": [[1, 2], [3, 4], [5, 6]]}, r"shape \(3, 2\).* needs \(2, 3\)"),
        ((2,), (3,), {"weights": [1, 2, 3]}, r"shape \(3,\).* needs \(2, 3\)"),
        (
            (2,),
            (2,),
            {"weights": [[1, 0], [0, 1]], "pattern": {"type": "one_to_one"}},
            r"needs \(2,\)",
        ),
        (
            (1, 2, 2),
            (1, 2, 2),
            {"weights": [[1]], "pattern": {"type": "conv2d", "kernel": [1, 1]}},
            r"needs \(1, 1, 1, 1\)",
        ),
        ((4,), (2,), random(in_degree=5), "in_degree 5 exceeds the 4 sources"),
        ((1,), (1,), {"weights": 1e39}, "beyond the range of float32"),
        ((1,), (2,), {"weights": [[1.0, -1e300]]}, "beyond the range of float32"),
        (
            (1, 4, 4),
            (1, 2, 2),
            {"weights": [1.0], "pattern": {"type": "sum_pool2d", "kernel": 2}},
            r"shape \(1,\), the pattern needs \(\)",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused_naming_the_projection(
    pre: tuple[int, ...], post: tuple[int, ...], projection: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(NetworkError, match=f"^projection a -> b: .*{complaint}"):
        connect(network(pre, post, projection), 0)
