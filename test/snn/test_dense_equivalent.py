"""What the same projection takes in a conventional network, against matrices of ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.snn.dense_equivalent import DenseEquivalent, dense_equivalent
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.synapses import connect

IMAGE = [2, 5, 6]


def network(pattern: dict[str, Any], post: list[int], **projection: Any) -> NetworkSpec:
    content: dict[str, Any] = {
        "name": "net",
        "dt_ms": 1.0,
        "inputs": [{"name": "in", "shape": IMAGE}],
        "populations": [{"name": "out", "shape": post}],
        "projections": [
            {"pre": "in", "post": "out", "pattern": pattern, "weights": 1.0, **projection}
        ],
    }
    return NetworkSpec(**content)


@pytest.mark.parametrize(
    ("pattern", "post", "weights"),
    [
        ({"type": "all_to_all"}, [3], 60 * 3),
        ({"type": "one_to_one"}, [60], 60),
        ({"type": "conv2d", "kernel": 3, "padding": 1, "stride": 2}, [4, 3, 3], 4 * 2 * 9),
        ({"type": "conv2d", "kernel": [3, 2], "padding": "same"}, [1, 5, 6], 2 * 6),
        ({"type": "conv2d", "kernel": 2, "dilation": 2, "groups": 2}, [2, 3, 4], 2 * 4),
        ({"type": "sum_pool2d", "kernel": 2, "padding": 1}, [2, 3, 4], 1),
    ],
)
def test_every_weight_meets_every_input(
    pattern: dict[str, Any], post: list[int], weights: int
) -> None:
    spec = network(pattern, post)
    assert dense_equivalent(spec, 0) == DenseEquivalent(
        int(connect(spec, 0).synapses_per_row.sum()), 4 * weights
    )


def test_zero_weights_are_computed_too() -> None:
    weights = np.zeros((60, 3))
    weights[0] = 1.0
    spec = network({"type": "all_to_all"}, [3], weights=weights.tolist(), precision="int8")
    assert dense_equivalent(spec, 0) == DenseEquivalent(180, 180)


def test_a_random_pattern_is_a_full_matrix() -> None:
    spec = network({"type": "random", "probability": 0.1}, [3])
    assert dense_equivalent(spec, 0) == DenseEquivalent(180, 720)


def test_every_map_on_the_way_is_computed() -> None:
    pool = {"pattern": {"type": "sum_pool2d", "kernel": [5, 6]}, "weights": 1.0}
    spec = network({"type": "all_to_all"}, [3], before=[pool], precision="float16")
    assert dense_equivalent(spec, 0) == DenseEquivalent(60 + 2 * 3, 2 * (1 + 2 * 3))
