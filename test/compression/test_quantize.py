"""Precisions of a whole network, and how far rounding moves its weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from neuromorphic_ros.compression.map_weights import CompressionError
from neuromorphic_ros.compression.prune import prune
from neuromorphic_ros.compression.quantize import Rounding, on_grid, quantize, roundings
from neuromorphic_ros.pipeline.networks import find_network, network_names
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.synapses import connect
from neuromorphic_ros.snn.weight_grid import WeightGrid


def network(weights: Any, **projection: Any) -> NetworkSpec:
    rows, columns = np.shape(weights)
    content: dict[str, Any] = {
        "name": "net",
        "dt_ms": 1.0,
        "inputs": [{"name": "in", "shape": [rows]}],
        "populations": [{"name": "out", "shape": [columns]}],
        "projections": [
            {"pre": "in", "post": "out", "weights": Array(np.asarray(weights)), **projection}
        ],
    }
    return NetworkSpec(**content)


@pytest.mark.parametrize("name", network_names())
@pytest.mark.parametrize(("precision", "share"), [("float16", 1 / 2), ("int8", 1 / 4)])
def test_every_projection_of_a_network_is_stored_so(
    name: str, precision: Any, share: float
) -> None:
    spec = find_network(name)
    engines = [StreamingNetwork(each) for each in (spec, quantize(spec, precision))]
    fixed = [[each.weight for each in engine.connections if not each.plastic] for engine in engines]
    exact, stored = (sum(weight.nbytes for weight in weights) for weights in fixed)
    assert {weight.dtype.name for weight in fixed[1]} == {precision}
    assert stored == share * exact
    learning = [each.weight for each in engines[1].connections if each.plastic]
    assert {weight.dtype.name for weight in learning} <= {"float32"}


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 5), st.integers(1, 5)),
        elements=st.floats(-4, 4, width=32),
    )
)
def test_int8_rounds_to_half_a_step(weights: npt.NDArray[np.float32]) -> None:
    (rounding,) = roundings(quantize(network(weights), "int8"))
    step = np.abs(weights).max() / 127
    assert 0 <= rounding.largest <= step / 2 * 1.001 + 1e-37
    assert 0 <= rounding.rms <= 1
    assert 0 <= rounding.lost <= 1


def test_the_figures_of_a_known_rounding() -> None:
    # The step is 1/127: 0.3 is 38.1 steps, 0.003 less than half of one.
    spec = quantize(network([[1.0, 0.3], [0.0, 0.003]]), "int8")
    (rounding,) = roundings(spec)
    change = [abs(38 / 127 - 0.3), 0.003]
    assert rounding.projection == "in -> out"
    assert rounding.largest == pytest.approx(0.003, rel=1e-5)
    rms = np.sqrt(np.sum(np.square(change)) / np.sum(np.square([1.0, 0.3, 0.003])))
    assert rounding.rms == pytest.approx(rms, rel=1e-4)
    assert rounding.lost == pytest.approx(1 / 3)


def test_float16_is_closer_than_int8() -> None:
    weights = np.random.default_rng(0).standard_normal((40, 30))
    (half,), (byte,) = (
        roundings(quantize(network(weights), precision)) for precision in ("float16", "int8")
    )
    assert 0 < half.rms < 2**-11
    assert half.rms < byte.rms / 10


def test_float32_changes_nothing_and_of_nothing_nothing_changes() -> None:
    weights = np.random.default_rng(0).standard_normal((4, 3))
    unchanged = (Rounding("in -> out", 0.0, 0.0, 0.0),)
    assert roundings(network(weights)) == unchanged
    assert roundings(quantize(network(np.zeros((4, 3))), "int8")) == unchanged


def test_pruned_weights_do_not_count_as_lost() -> None:
    weights = np.random.default_rng(0).standard_normal((40, 30))
    (rounding,) = roundings(quantize(prune(network(weights), 0.9), "int8"))
    assert rounding.lost == 0
    assert 0 < rounding.rms < 0.01


def test_another_precision_is_refused() -> None:
    with pytest.raises(CompressionError, match="precision 'int4' is unknown; there are float32"):
        quantize(network([[1.0]]), "int4")  # type: ignore[arg-type]


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize(("bits", "values"), [(8, 255), (6, 63), (5, 31), (4, 15)])
def test_a_network_on_a_grid_has_so_many_weights_in_the_engine(
    bits: int, values: int, per_channel: bool
) -> None:
    weights = np.random.default_rng(0).standard_normal((400, 5))
    spec = on_grid(network(weights), WeightGrid(bits=bits, per_channel=per_channel))
    matrix = connect(spec, 0).dense()
    assert spec.projections[0].precision == "float32"
    steps = np.abs(matrix).max(axis=0 if per_channel else None) / (values // 2)
    assert np.allclose(matrix / steps, np.rint(matrix / steps), atol=1e-4)
    for column in matrix.T:
        assert len(np.unique(column)) <= values


def test_a_grid_of_8_bits_is_what_int8_stores() -> None:
    spec = network(np.random.default_rng(0).standard_normal((40, 30)))
    one = connect(on_grid(spec, WeightGrid(bits=8)), 0).dense()
    assert np.allclose(one, connect(quantize(spec, "int8"), 0).dense(), rtol=1e-6, atol=0)
    stored = quantize(on_grid(spec, WeightGrid(bits=8)), "int8")
    assert max(each.largest for each in roundings(stored)) < 1e-6


def test_the_figures_of_a_grid_are_told_beside_what_was_given() -> None:
    spec = network([[1.0, 0.3], [0.0, 0.04]])
    (rounding,) = roundings(on_grid(spec, WeightGrid(bits=4)), spec)
    assert rounding.largest == pytest.approx(0.04)
    change = [0.3 - 2 / 7, 0.04]
    rms = np.sqrt(np.sum(np.square(change)) / np.sum(np.square([1.0, 0.3, 0.04])))
    assert rounding.rms == pytest.approx(rms, rel=1e-4)
    assert rounding.lost == pytest.approx(1 / 3)
    assert roundings(on_grid(spec, WeightGrid(bits=4)))[0].rms == 0


def test_a_matrix_that_becomes_a_list_is_compared_all_the_same() -> None:
    weights = np.full((20, 20), 0.01)
    weights[0, 0] = 1.0
    (rounding,) = roundings(on_grid(network(weights), WeightGrid(bits=4)), network(weights))
    assert rounding.lost == pytest.approx(399 / 400)
    assert rounding.largest == pytest.approx(0.01)


@pytest.mark.parametrize("name", network_names())
def test_weights_that_learn_are_not_put_on_a_grid(name: str) -> None:
    spec = find_network(name)
    rounded = on_grid(spec, WeightGrid(bits=4))
    for before, after in zip(spec.projections, rounded.projections, strict=True):
        assert (before == after) == bool(before.plasticity)
    assert StreamingNetwork(rounded).spec == rounded
