"""Patterns: what they make of a shape, how many synapses at most, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.patterns import (
    AllToAll,
    Conv1d,
    Conv2d,
    OneToOne,
    Pattern,
    Pool2d,
    Random,
)


def pattern(value: object) -> Any:
    return build(Pattern, value, "projection 'x'", NetworkError)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"type": "all_to_all"}, AllToAll()),
        ({"type": "one_to_one"}, OneToOne()),
        ({"type": "random", "probability": 0.1}, Random(probability=0.1)),
        ({"type": "random", "in_degree": 3}, Random(in_degree=3)),
        ({"type": "conv1d", "kernel": 3}, Conv1d(kernel=3)),
        (
            {"type": "conv2d", "kernel": 3, "stride": 2, "padding": 1, "dilation": 2},
            Conv2d(kernel=(3, 3), stride=(2, 2), padding=(1, 1), dilation=(2, 2)),
        ),
        ({"type": "conv2d", "kernel": [3, 1], "padding": "same"}, Conv2d((3, 1), padding="same")),
        ({"type": "sum_pool2d", "kernel": 2}, Pool2d("sum_pool2d", (2, 2))),
        (
            {"type": "avg_pool2d", "kernel": [2, 4], "stride": 1, "padding": [1, 2]},
            Pool2d("avg_pool2d", (2, 4), (1, 1), (1, 2)),
        ),
    ],
)
def test_a_pattern_is_chosen_by_its_type(value: object, expected: object) -> None:
    assert pattern(value) == expected


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({"type": "ring"}, "'all_to_all'.*'random'"),
        ({}, "value = {}"),
        ("all_to_all", "value = 'all_to_all'"),
        ({"type": "all_to_all", "probability": 1.0}, "all_to_all.probability is not a known"),
        ({"type": "random"}, "either probability or in_degree"),
        ({"type": "random", "probability": 0.1, "in_degree": 2}, "either probability or in_degree"),
        ({"type": "random", "probability": 1.1}, "random.probability = 1.1"),
        ({"type": "random", "probability": float("nan")}, "random.probability = nan"),
        ({"type": "random", "in_degree": -1}, "random.in_degree = -1"),
        ({"type": "conv2d"}, "conv2d.kernel is missing"),
        ({"type": "conv2d", "kernel": 0}, "conv2d.kernel.0 = 0"),
        ({"type": "conv2d", "kernel": [3]}, "conv2d.kernel"),
        ({"type": "conv2d", "kernel": [3, 3, 3]}, "conv2d.kernel"),
        ({"type": "conv2d", "kernel": 3, "stride": 0}, "conv2d.stride.0 = 0"),
        ({"type": "conv2d", "kernel": 3, "padding": -1}, "conv2d.padding"),
        ({"type": "conv2d", "kernel": 3, "padding": "valid"}, "conv2d.padding"),
        ({"type": "conv2d", "kernel": 3, "groups": 0}, "conv2d.groups = 0"),
        ({"type": "conv1d", "kernel": [3, 3]}, "conv1d.kernel"),
        ({"type": "conv1d", "kernel": 3, "dilation": 0}, "conv1d.dilation = 0"),
        ({"type": "avg_pool2d", "kernel": 2**40}, "avg_pool2d.kernel"),
        ({"type": "max_pool2d", "kernel": 2}, "does not match any"),
    ],
)
def test_a_wrong_pattern_is_refused_by_name(value: object, complaint: str) -> None:
    with pytest.raises(NetworkError, match=f"^projection 'x': .*{complaint}"):
        pattern(value)


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    kernel=st.integers(1, 6),
    stride=st.integers(1, 4),
    padding=st.one_of(st.just("same"), st.integers(0, 3)),
    dilation=st.integers(1, 3),
)
def test_a_convolution_makes_as_much_as_that_of_torch(
    size: tuple[int, int], kernel: int, stride: int, padding: Any, dilation: int
) -> None:
    torch = pytest.importorskip("torch")
    if padding == "same":
        stride = 1
    made = pattern(
        {"type": "conv2d", "kernel": kernel, "stride": stride, "padding": padding,
         "dilation": dilation}
    )  # fmt: skip
    try:
        expected = torch.nn.functional.conv2d(
            torch.zeros(1, 1, *size),
            torch.zeros(1, 1, kernel, kernel),
            stride=stride,
            padding=padding,
            dilation=dilation,
        )
    except RuntimeError:
        with pytest.raises(NetworkError, match="does not fit into"):
            made.shape((1, *size), 1)
        return
    assert made.shape((1, *size), 1) == tuple(expected.shape[1:])


def test_a_pooling_steps_by_its_kernel_unless_it_is_told_otherwise() -> None:
    assert Pool2d("sum_pool2d", (2, 3)).shape((4, 8, 9), 4) == (4, 4, 3)
    assert Pool2d("sum_pool2d", (2, 3), (1, 1)).shape((4, 8, 9), 4) == (4, 7, 7)
    assert Pool2d("sum_pool2d", (2, 3), padding=(1, 1)).shape((4, 8, 9), 4) == (4, 5, 3)


@pytest.mark.parametrize("given_pattern", [AllToAll(), OneToOne(), Random(in_degree=1)])
def test_other_patterns_fit_any_shape(given_pattern: Any) -> None:
    assert given_pattern.shape((2, 3), 7) is None


@pytest.mark.parametrize("given_pattern", [Conv2d((1, 1)), Pool2d("avg_pool2d", (1, 1))])
def test_images_have_three_dimensions(given_pattern: Any) -> None:
    with pytest.raises(NetworkError, match=r"needs \(channels, height, width\), not \(8,\)"):
        given_pattern.shape((8,), 1)


def test_signals_have_two_dimensions() -> None:
    assert Conv1d(3, stride=2).shape((2, 9), 5) == (5, 4)
    with pytest.raises(NetworkError, match=r"conv1d needs \(channels, length\), not \(1, 2, 3\)"):
        Conv1d(1).shape((1, 2, 3), 1)


@pytest.mark.parametrize(("pre", "channels"), [(3, 2), (2, 3)])
def test_groups_divide_the_channels_on_both_sides(pre: int, channels: int) -> None:
    with pytest.raises(NetworkError, match=f"2 groups do not divide {pre} and {channels} channels"):
        Conv2d((1, 1), groups=2).shape((pre, 4, 4), channels)


@pytest.mark.parametrize(
    ("given_pattern", "pre", "post", "synapses"),
    [
        (AllToAll(), (3, 4), (5,), 60),
        (OneToOne(), (7,), (7,), 7),
        (Random(probability=1.0), (10,), (10,), 100),
        (Random(probability=0.0), (10,), (10,), 10),
        (Random(in_degree=3), (10,), (20,), 60),
        (Conv2d((3, 3)), (2, 6, 6), (4, 4, 4), 4 * 16 * 2 * 9),
        (Conv2d((3, 3), groups=2), (2, 6, 6), (4, 4, 4), 4 * 16 * 9),
        (Conv1d(3), (2, 6), (4, 4), 4 * 4 * 2 * 3),
        (Pool2d("sum_pool2d", (2, 2)), (2, 6, 6), (2, 3, 3), 18 * 4),
    ],
)
def test_the_bound_of_synapses(
    given_pattern: Any, pre: tuple[int, ...], post: tuple[int, ...], synapses: int
) -> None:
    assert given_pattern.synapses_at_most(pre, post) == synapses


def test_the_bound_of_random_synapses_is_near_their_mean() -> None:
    bound = Random(probability=0.01).synapses_at_most((10_000,), (10_000,))
    assert 1e6 < bound < 1.02e6
