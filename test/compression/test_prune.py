"""Magnitude pruning, against the weights that the engine is given."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from neuromorphic_ros.compression import map_weights
from neuromorphic_ros.compression.map_weights import CompressionError
from neuromorphic_ros.compression.prune import prune, prune_below, prune_globally
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.pipeline.networks import find_network, network_names
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.patterns import AllToAll, Random
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.synapses import bias, connect
from neuromorphic_ros.snn.tick_spikes import TickSpikes

SHARES = st.floats(0, 1)
NORMAL = {"type": "normal", "mean": 0.0, "deviation": 1.0}


def network(pre: list[int], post: list[int], seed: int = 0, **projection: Any) -> NetworkSpec:
    content: dict[str, Any] = {
        "name": "net",
        "dt_ms": 1.0,
        "seed": seed,
        "inputs": [{"name": "in", "shape": pre}],
        "populations": [{"name": "out", "shape": post}],
        "projections": [{"pre": "in", "post": "out", **projection}],
    }
    return NetworkSpec(**content)


def matrix(spec: NetworkSpec, index: int = 0) -> npt.NDArray[np.float32]:
    return connect(spec, index).dense()


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(
        np.float32, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(-3, 3)
    ),
    SHARES,
    st.integers(0, 5),
)
def test_the_smallest_weights_go_and_the_others_stay(
    weights: npt.NDArray[np.float32], share: float, seed: int
) -> None:
    rows, columns = weights.shape
    spec = network([rows], [columns], seed, weights=Array(weights))
    kept = matrix(prune(spec, share))
    gone = (kept == 0) & (weights != 0)
    assert np.array_equal(kept[~gone], weights[~gone])
    assert np.abs(weights[gone]).max(initial=0) <= np.abs(kept[kept != 0]).min(initial=math.inf)
    zeros = math.floor(share * weights.size + 1e-6)
    assert np.count_nonzero(kept == 0) == max(zeros, np.count_nonzero(weights == 0))


@settings(max_examples=40, deadline=None)
@given(SHARES, SHARES, st.sampled_from([1.0, NORMAL]))
def test_pruning_further_is_pruning_at_once(one: float, other: float, weights: Any) -> None:
    less, more = sorted((one, other))
    spec = network([7], [9], weights=weights)
    assert prune(prune(spec, less), more) == prune(spec, more)


@pytest.mark.parametrize(
    ("share", "zeros"), [(0.0, 0), (0.29, 29), (0.5, 50), (0.8, 80), (0.999, 99), (1.0, 100)]
)
def test_the_share_is_rounded_down(share: float, zeros: int) -> None:
    spec = network([10], [10], weights=NORMAL)
    assert np.count_nonzero(matrix(prune(spec, share)) == 0) == zeros


def test_a_single_synapse_is_lost_only_to_the_whole_share() -> None:
    spec = network([1], [1], weights=0.5)
    assert matrix(prune(spec, 0.99)) == 0.5
    assert matrix(prune(spec, 1.0)) == 0.0


def test_equal_weights_thin_out_evenly_and_by_the_seed() -> None:
    spec = network([100], [100], weights=-1.0)
    kept = matrix(prune(spec, 0.5)) != 0
    for axis in (0, 1):
        # Five deviations of a hypergeometric draw of 50 of 100.
        assert np.abs(kept.sum(axis) - 50).max() <= 25
    assert np.array_equal(kept, matrix(prune(spec, 0.5)) != 0)
    other = network([100], [100], seed=1, weights=-1.0)
    assert not np.array_equal(kept, matrix(prune(other, 0.5)) != 0)


def test_a_kernel_stays_a_kernel() -> None:
    kernel = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    pattern = {"type": "conv2d", "kernel": 3, "padding": 1}
    spec = network([1, 5, 6], [1, 5, 6], pattern=pattern, weights=Array(kernel))
    pruned = prune(spec, 5 / 9)
    assert pruned.projections[0].pattern == spec.projections[0].pattern
    expected = np.where(kernel > 5, kernel, 0).astype(np.float32)
    assert pruned.projections[0].weights == Array(expected)
    synapses = connect(pruned, 0).synapses_per_row.sum()
    assert synapses < connect(spec, 0).synapses_per_row.sum() / 2


def test_one_to_one_stays_so() -> None:
    weights = [1.0, -4.0, 2.0, 3.0]
    spec = network([4], [4], pattern={"type": "one_to_one"}, weights=weights)
    assert np.array_equal(matrix(prune(spec, 0.5)), np.diag([0.0, -4.0, 0.0, 3.0]))


def test_pools_are_left_alone() -> None:
    pattern = {"type": "avg_pool2d", "kernel": 2}
    spec = network([1, 4, 4], [1, 2, 2], pattern=pattern)
    assert prune(spec, 1.0) == spec


@pytest.mark.parametrize("pattern", [{"probability": 0.2}, {"in_degree": 6}])
@pytest.mark.parametrize("weights", [0.5, NORMAL, np.linspace(-1, 1, 1200).reshape(40, 30)])
def test_of_a_random_pattern_the_drawn_pairs_count(pattern: dict[str, Any], weights: Any) -> None:
    spec = network([40], [30], seed=3, pattern={"type": "random", **pattern}, weights=weights)
    drawn = matrix(spec)
    assert np.array_equal(matrix(prune(spec, 0.0)), drawn)
    pruned = prune(spec, 0.5)
    assert isinstance(pruned.projections[0].pattern, Random)
    kept = matrix(pruned)
    number = np.count_nonzero(drawn)
    assert np.count_nonzero(kept) == number - number // 2
    assert np.array_equal(kept[kept != 0], drawn[kept != 0])
    # Zeros take no memory, as they are not listed.
    assert connect(pruned, 0).weight.size == np.count_nonzero(kept)


def test_maps_of_one_projection_are_pruned_each_by_itself() -> None:
    before = [
        {"pattern": {"type": "random", "in_degree": 5}, "weights": NORMAL, "shape": [20]},
        {"pattern": {"type": "random", "in_degree": 4}, "weights": NORMAL, "shape": [10]},
    ]
    spec = network([30], [8], before=before, weights=NORMAL, bias=0.5)
    assert np.allclose(matrix(prune(spec, 0.0)), matrix(spec), atol=1e-5)
    pruned = prune(spec, 0.5)
    assert np.array_equal(bias(pruned, 0), bias(spec, 0))
    first, second = pruned.projections[0].before
    assert isinstance(first.pattern, Random)
    assert isinstance(second.pattern, AllToAll)
    kept = [stage.weights for stage in (first, second, pruned.projections[0])]
    numbers = [np.count_nonzero(each.values) for each in kept if isinstance(each, Array)]
    assert numbers == [50, 20, 40]


@pytest.mark.parametrize("name", network_names())
def test_a_shipped_network_without_pruning_does_the_same(name: str) -> None:
    spec = find_network(name)
    generator = np.random.default_rng(0)
    counts = generator.binomial(spec.channels, 0.02, 300)
    address = generator.integers(0, spec.channels, counts.sum()).astype(np.uint32)
    spikes = TickSpikes(address, np.concatenate(([0], np.cumsum(counts))))
    fired = [StreamingNetwork(each).run(spikes) for each in (spec, prune(spec, 0.0))]
    assert fired[0].address.size > 0
    assert np.array_equal(fired[0].address, fired[1].address)
    assert np.array_equal(fired[0].first, fired[1].first)


def test_nothing_is_left_of_a_share_of_all() -> None:
    spec = prune(network([50], [20], weights=NORMAL), 1.0)
    engine = StreamingNetwork(spec)
    engine.step(np.arange(50, dtype=np.uint32))
    assert engine.counts().synaptic_events.sum() == 0


def two_layers(first: Any, second: Any, seed: int = 0) -> NetworkSpec:
    (rows, middle), columns = np.shape(first), np.shape(second)[1]
    return NetworkSpec(
        name="net",
        dt_ms=1.0,
        seed=seed,
        inputs=({"name": "in", "shape": [rows]},),  # type: ignore[arg-type]
        populations=({"name": "middle", "shape": [middle]}, {"name": "out", "shape": [columns]}),  # type: ignore[arg-type]
        projections=(
            {"pre": "in", "post": "middle", "weights": Array(first)},  # type: ignore[arg-type]
            {"pre": "middle", "post": "out", "weights": Array(second)},  # type: ignore[arg-type]
        ),
    )


@settings(max_examples=60, deadline=None)
@given(SHARES, st.integers(0, 5))
def test_all_projections_share_one_limit(share: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    layers = generator.integers(-4, 5, (6, 5)), generator.integers(-2, 3, (5, 3))
    spec = two_layers(*layers, seed)
    pruned = prune_globally(spec, share)
    given = np.concatenate([matrix(spec, index).ravel() for index in (0, 1)])
    kept = np.concatenate([matrix(pruned, index).ravel() for index in (0, 1)])
    gone = (kept == 0) & (given != 0)
    assert np.array_equal(kept[~gone], given[~gone])
    assert np.abs(given[gone]).max(initial=0) <= np.abs(kept[kept != 0]).min(initial=math.inf)
    zeros = math.floor(share * given.size + 1e-6)
    assert np.count_nonzero(kept == 0) == max(zeros, np.count_nonzero(given == 0))
    assert pruned == prune_globally(spec, share)


def test_larger_projections_keep_more_where_all_share_a_limit() -> None:
    spec = two_layers(np.full((4, 4), 0.1), np.full((4, 4), 2.0))
    pruned = prune_globally(spec, 0.5)
    assert not matrix(pruned, 0).any()
    assert np.all(matrix(pruned, 1) == 2)


@pytest.mark.parametrize(("magnitude", "left"), [(0, 4), (0.2, 4), (0.25, 3), (1.0, 2), (9, 0)])
def test_weights_below_a_magnitude_go(magnitude: float, left: int) -> None:
    spec = network([1], [4], weights=[[1.0, -0.5, 0.2, -1.0]])
    kept = matrix(prune_below(spec, magnitude))
    assert np.count_nonzero(kept) == left


def test_what_learns_is_not_pruned() -> None:
    spec = network([4], [3], weights=0.5, plasticity={"type": "pair_stdp"})
    assert prune(spec, 1.0) == prune_globally(spec, 1.0) == prune_below(spec, 9.0) == spec


@pytest.mark.parametrize("magnitude", [-0.1, math.nan])
def test_another_magnitude_is_refused(magnitude: float) -> None:
    with pytest.raises(CompressionError, match=f"magnitude {magnitude} of weights"):
        prune_below(network([2], [2]), magnitude)


@pytest.mark.parametrize("remove", [prune, prune_globally])
@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan, math.inf])
def test_another_share_is_refused(remove: Any, share: float) -> None:
    with pytest.raises(CompressionError, match=f"share {share} of weights"):
        remove(network([2], [2]), share)


def test_a_random_matrix_that_takes_too_much_memory_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(map_weights, "MAX_PAIRS", 99)
    spec = network([10], [10], pattern={"type": "random", "in_degree": 1})
    with pytest.raises(CompressionError, match="projection in -> out: a random matrix of 10 x 10"):
        prune(spec, 0.5)


def test_weights_that_do_not_fit_are_named() -> None:
    with pytest.raises(NetworkError, match=r"projection in -> out: weights have shape \(2, 2\)"):
        prune(network([3], [2], weights=np.ones((2, 2))), 0.5)
