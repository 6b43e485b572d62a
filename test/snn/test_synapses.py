"""Projections expand to the synapses that their pattern means, and to no others."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.synapses import Synapses, expand, fanout


def network(
    pre: tuple[int, ...], post: tuple[int, ...], *projections: dict[str, Any], seed: int = 0
) -> NetworkSpec:
    content: dict[str, Any] = {
        "name": "net",
        "dt_ms": 1,
        "inputs": [{"name": "a", "sensor": "camera", "encoder": "any", "shape": pre}],
        "populations": [{"name": "b", "shape": post}],
        "projections": [{"pre": "a", "post": "b", **projection} for projection in projections],
        "seed": seed,
    }
    return NetworkSpec(**content)


def matrix(synapses: Synapses, pre: int, post: int) -> npt.NDArray[np.float32]:
    dense = np.zeros((pre, post), np.float32)
    np.add.at(dense, (synapses.pre, synapses.post), synapses.weight)
    return dense


def random_pattern(probability: float) -> dict[str, Any]:
    return {"pattern": {"type": "random", "probability": probability}}


def test_all_to_all_with_one_weight() -> None:
    synapses = expand(network((2,), (3,), {"weights": 0.5}), 0)
    assert np.array_equal(matrix(synapses, 2, 3), np.full((2, 3), 0.5))


def test_all_to_all_with_a_matrix_is_pre_by_post() -> None:
    weights = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    synapses = expand(network((2,), (3,), {"weights": weights}), 0)
    assert np.array_equal(matrix(synapses, 2, 3), weights)


def test_weights_of_zero_are_no_synapses() -> None:
    synapses = expand(network((2,), (2,), {"weights": [[0.0, 1.0], [0.0, 0.0]]}), 0)
    assert synapses.pre.tolist() == [0]
    assert synapses.post.tolist() == [1]


def test_slices_shift_addresses() -> None:
    spec = network(
        (6,),
        (5,),
        {"pre": "a[2:4]", "post": "b[3:5]", "pattern": {"type": "one_to_one"}, "weights": [7, 8]},
    )
    synapses = expand(spec, 0)
    assert synapses.pre.tolist() == [2, 3]
    assert synapses.post.tolist() == [3, 4]
    assert synapses.weight.tolist() == [7, 8]


@settings(max_examples=60, deadline=None)
@given(
    channels=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    size=st.tuples(st.integers(3, 7), st.integers(3, 7)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    seed=st.integers(0, 2**32),
)
def test_conv2d_is_the_cross_correlation_of_scipy(
    channels: tuple[int, int],
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    seed: int,
) -> None:
    generator = np.random.default_rng(seed)
    image = generator.integers(-4, 5, (channels[0], *size)).astype(np.float64)
    taps = generator.integers(-4, 5, (channels[1], channels[0], *kernel)).astype(np.float64)
    padded = np.pad(image, ((0, 0), *((extent, extent) for extent in padding)))
    expected = np.stack([correlate(padded, tap, mode="valid", method="direct")[0] for tap in taps])
    expected = expected[:, :: stride[0], :: stride[1]]

    spec = network(
        image.shape,
        expected.shape,
        {
            "weights": taps.tolist(),
            "pattern": {
                "type": "conv2d",
                "kernel": kernel,
                "stride": stride,
                "padding": padding,
            },
        },
    )
    synapses = expand(spec, 0)
    dense = matrix(synapses, image.size, expected.size)
    assert np.array_equal(image.ravel() @ dense, expected.ravel())
    assert synapses.weight.size <= spec.synapses_at_most(spec.projections[0])


@pytest.mark.parametrize(
    ("pre", "post", "projection", "complaint"),
    [
        ((2,), (3,), {"weights": [[1, 2], [3, 4], [5, 6]]}, r"shape \(3, 2\).* needs \(2, 3\)"),
        ((2,), (3,), {"weights": [1, 2, 3]}, r"shape \(3,\).* needs \(2, 3\)"),
        ((2,), (3,), {"weights": [[1, 2, 3], [4, 5]]}, "nested lists of numbers"),
        ((1,), (1,), {"weights": [["heavy"]]}, "nested lists of numbers"),
        ((1,), (1,), {"weights": [[{}]]}, "nested lists of numbers"),
        ((1,), (1,), {"weights": [[math.nan]]}, "NaN or infinity"),
        ((1,), (1,), {"weights": [[None]]}, "NaN or infinity"),
        ((2,), (3,), {"weights": 1, "pattern": {"type": "one_to_one"}}, "not 2 and 3"),
        (
            (2,),
            (2,),
            {"weights": [[1, 0], [0, 1]], "pattern": {"type": "one_to_one"}},
            r"needs \(2,\)",
        ),
        (
            (16,),
            (1, 4, 4),
            {"weights": 1, "pattern": {"type": "conv2d", "kernel": [1, 1]}},
            r"not \(16,\) and",
        ),
        (
            (1, 4, 4),
            (1, 4, 4),
            {"weights": 1, "pattern": {"type": "conv2d", "kernel": [3, 3]}},
            r"makes \(2, 2\) of \(4, 4\), the target has \(4, 4\)",
        ),
        (
            (1, 2, 2),
            (1, 1, 1),
            {"weights": 1, "pattern": {"type": "conv2d", "kernel": [4, 4]}},
            "conv2d makes",
        ),
        (
            (1, 2, 2),
            (1, 2, 2),
            {"weights": [[1]], "pattern": {"type": "conv2d", "kernel": [1, 1]}},
            r"needs \(1, 1, 1, 1\)",
        ),
    ],
)
def test_what_does_not_fit_is_refused_naming_the_projection(
    pre: tuple[int, ...], post: tuple[int, ...], projection: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(NetworkError, match=f"^projection a -> b: .*{complaint}"):
        expand(network(pre, post, projection), 0)


def test_lists_that_aliases_make_endless_are_refused_at_once() -> None:
    endless: list[Any] = [1.0] * 10
    for _ in range(20):
        endless = [endless] * 10
    for weights in (endless, [1.0, endless], [[1.0] * 2, endless]):
        with pytest.raises(NetworkError, match=r"^projection a -> b: weights"):
            expand(network((2,), (2,), {"weights": weights}), 0)


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_weight_too_large_for_float32_is_refused() -> None:
    with pytest.raises(NetworkError, match="NaN or infinity"):
        expand(network((1,), (1,), {"weights": 1e39}), 0)


def test_random_synapses_are_reproduced_by_the_seed() -> None:
    first, again, other = (
        expand(network((50,), (40,), {"weights": 1, **random_pattern(0.2)}, seed=seed), 0)
        for seed in (3, 3, 4)
    )
    assert np.array_equal(matrix(first, 50, 40), matrix(again, 50, 40))
    assert not np.array_equal(matrix(first, 50, 40), matrix(other, 50, 40))


def test_random_synapses_do_not_depend_on_other_projections() -> None:
    drawn = {"weights": 1, **random_pattern(0.2)}
    alone = expand(network((50,), (40,), {"weights": 0}, drawn), 1)
    beside = expand(network((50,), (40,), {"weights": 2, **random_pattern(0.9)}, drawn, drawn), 1)
    assert np.array_equal(matrix(alone, 50, 40), matrix(beside, 50, 40))


def test_random_projections_of_one_network_differ() -> None:
    drawn = {"weights": 1, **random_pattern(0.2)}
    spec = network((50,), (40,), drawn, drawn)
    assert not np.array_equal(matrix(expand(spec, 0), 50, 40), matrix(expand(spec, 1), 50, 40))


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5, 1.0])
def test_random_synapses_have_the_density_asked_for(probability: float) -> None:
    pairs = 200 * 300
    spec = network((200,), (300,), {"weights": 1, **random_pattern(probability)})
    deviation = math.sqrt(pairs * probability * (1 - probability))
    assert abs(expand(spec, 0).weight.size - pairs * probability) <= 5 * deviation


def test_random_synapses_take_their_weights_from_a_matrix() -> None:
    weights = np.arange(1, 301, dtype=np.float32).reshape(20, 15)
    spec = network((20,), (15,), {"weights": weights.tolist(), **random_pattern(0.5)})
    dense = matrix(expand(spec, 0), 20, 15)
    assert 0 < np.count_nonzero(dense) < 300
    assert np.array_equal(dense[dense != 0], weights[dense != 0])


def test_fanout_holds_every_synapse_under_its_source_and_delay() -> None:
    spec = network(
        (3,),
        (4,),
        {"weights": 1.0, "delay_ticks": 2},
        {"pre": "a[1]", "weights": 2.0},
        {"pre": "b", "pattern": {"type": "one_to_one"}, "weights": 3.0, "delay_ticks": 1},
    )
    fan = fanout(spec)
    found = {
        (source, int(fan.target[synapse]), int(fan.delay_ticks[segment])): float(
            fan.weight[synapse]
        )
        for source in range(7)
        for segment in range(fan.row[source], fan.row[source + 1])
        for synapse in range(fan.first[segment], fan.first[segment + 1])
    }
    expected = {(source, target, 2): 1.0 for source in range(3) for target in range(4)}
    expected |= {(1, target, 0): 2.0 for target in range(4)}
    expected |= {(3 + neuron, neuron, 1): 3.0 for neuron in range(4)}
    assert found == expected
    assert fan.synapses_per_source.tolist() == [4, 8, 4, 1, 1, 1, 1]


def test_a_network_without_synapses_has_an_empty_fanout() -> None:
    fan = fanout(network((3,), (4,)))
    assert fan.synapses_per_source.tolist() == [0] * 7
    assert fan.weight.size == 0


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([[1.0] * 8], [True]),
        ([[1.0] * 7 + [0.0]], [False]),
        ([[1.0] * 4 + [0.0] + [1.0] * 5], [False]),
        ([[0.0] + [1.0] * 9], [True]),
    ],
    ids=["dense", "too few", "with a gap", "shifted"],
)
def test_only_long_runs_without_gaps_are_contiguous(
    weights: list[list[float]], expected: list[bool]
) -> None:
    fan = fanout(network((1,), (len(weights[0]),), {"weights": weights}))
    assert fan.contiguous.tolist() == expected
