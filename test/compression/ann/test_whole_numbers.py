"""Weights of a few bits as whole numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuromorphic_ros.compression.ann.folding import LinearMap
from neuromorphic_ros.compression.ann.layers import Values
from neuromorphic_ros.compression.ann.whole_numbers import in_whole_numbers, whole
from neuromorphic_ros.snn.patterns import AllToAll, Conv2d, Pool2d

WEIGHTS = arrays(
    np.float32,
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    elements=st.floats(-1000, 1000, width=32),
)


@settings(max_examples=60, deadline=None)
@given(weights=WEIGHTS, bits=st.integers(2, 16), axis=st.sampled_from([None, 0, 1]))
def test_rounding_keeps_what_the_bits_hold_and_is_odd(
    weights: Values, bits: int, axis: int | None
) -> None:
    found, per_unit = whole(weights, bits, axis)
    levels = 2 ** (bits - 1) - 1
    assert np.array_equal(found, np.rint(found))
    assert np.abs(found).max() <= levels
    assert per_unit.shape == (() if axis is None else (weights.shape[axis],))
    along = per_unit if axis is None else np.expand_dims(per_unit, 1 - axis)
    # No worse than half a unit of the grid whose end is the largest weight.
    largest = np.abs(weights).max(None if axis is None else 1 - axis, keepdims=True)
    error = np.sum((found / along - weights.astype(np.float64)) ** 2)
    bound = np.sum(np.broadcast_to(largest / levels / 2, weights.shape).astype(np.float64) ** 2)
    assert error <= bound * (1 + 1e-6)
    opposite, same = whole(-weights, bits, axis)
    assert np.array_equal(opposite, -found)
    assert np.array_equal(same, per_unit)


def test_a_rare_large_weight_is_cut_where_that_loses_less() -> None:
    weights = np.append(np.random.default_rng(0).normal(0, 1, 1000), 8).astype(np.float32)
    found, per_unit = whole(weights, 4)
    assert found.max() == 7
    assert 7 / per_unit < 6


def maps() -> tuple[LinearMap, ...]:
    generator = np.random.default_rng(0)
    kernel = generator.normal(0, 1, (3, 2, 3, 3)).astype(np.float32)
    dense = generator.normal(0, 1, (3, 4)).astype(np.float32)
    bias = np.array([0.5, -0.25, 1.0, 2.0], np.float32)
    return (
        LinearMap(Conv2d((3, 3)), kernel, bias[:3], (3, 2, 2)),
        LinearMap(Pool2d("avg_pool2d", (2, 2)), None, None, (3, 1, 1)),
        LinearMap(AllToAll(), dense, bias, (4,)),
    )


@pytest.mark.parametrize("per_channel", [False, True])
def test_units_multiply_along_the_maps(per_channel: bool) -> None:
    scaled = in_whole_numbers(maps(), 8, per_channel=per_channel)
    kernel, pool, dense = scaled.maps
    first, second = (
        whole(maps()[0].weight, 8),
        whole(maps()[2].weight, 8, 1 if per_channel else None),
    )
    assert pool.pattern == Pool2d("sum_pool2d", (2, 2))
    assert np.array_equal(kernel.weight, first[0])
    assert np.array_equal(dense.weight, second[0])
    assert np.allclose(scaled.unit, first[1] * 4 * second[1])
    assert scaled.by_neuron().shape == ((4,) if per_channel else ())
    assert np.array_equal(kernel.bias, np.rint(maps()[0].bias * first[1]))
    assert np.array_equal(dense.bias, np.rint(maps()[2].bias * scaled.unit))
    assert scaled.largest_bias == np.abs(dense.bias).max()
    assert 0 < scaled.error < 0.01


def test_units_of_channels_are_those_of_all_their_neurons() -> None:
    scaled = in_whole_numbers(maps()[:2], 8, per_channel=True)
    units = in_whole_numbers(maps()[:1], 8, per_channel=True).by_neuron()
    assert units.shape == (3, 2, 2)
    assert np.ptp(units, axis=(1, 2)).max() == 0
    assert np.allclose(scaled.by_neuron()[:, 0, 0], 4 * units[:, 0, 0])


def test_maps_without_weights_that_are_not_zero_are_left() -> None:
    nothing = LinearMap(AllToAll(), np.zeros((2, 3), np.float32), None, (3,))
    scaled = in_whole_numbers([nothing], 8, per_channel=True)
    assert not scaled.maps[0].weight.any()
    assert np.all(np.isfinite(scaled.unit))
    assert scaled.error == scaled.largest_bias == 0
