"""State in few bits: what is kept is on a grid within its ends, and enough bits change nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.state_bits import StateBits

torch = pytest.importorskip("torch")

from neuromorphic_ros.snn.fixed_point_state import (  # noqa: E402
    FixedPoint,
    StateFormat,
    StateRange,
    fixed_point,
    keep_state,
    state_formats,
    watch_state,
)
from neuromorphic_ros.snn.network import TorchNetwork  # noqa: E402

NEURONS: dict[str, dict[str, Any]] = {
    "if": {"model": "if"},
    "lif": {"model": "lif", "tau_mem_ms": 8.0, "reset": "subtract"},
    "cuba_lif": {"model": "cuba_lif", "tau_syn_ms": 4.0, "tau_mem_ms": 8.0},
    "alif": {"model": "alif", "tau_mem_ms": 8.0},
    "li": {"model": "li", "tau_mem_ms": 8.0},
    "cuba_li": {"model": "cuba_li", "tau_syn_ms": 4.0, "tau_mem_ms": 8.0},
    "adex": {"model": "adex"},
    "dendritic_lif": {"model": "dendritic_lif"},
}


def network(model: str) -> NetworkSpec:
    weights = np.random.default_rng(0).integers(-20, 45, (6, 5)) / 64
    scale = 4000.0 if model == "adex" else 1.0
    return NetworkSpec(
        name="net",
        dt_ms=1.0,
        inputs=({"name": "in", "shape": [6]},),  # type: ignore[arg-type]
        populations=({"name": "out", "shape": [5], "neuron": NEURONS[model]},),  # type: ignore[arg-type]
        projections=({"pre": "in", "post": "out", "weights": Array(weights * scale)},),  # type: ignore[arg-type]
    )


def spikes() -> Any:
    generator = np.random.default_rng(1)
    return torch.tensor(generator.random((40, 3, 6)) < 0.4, dtype=torch.float32)


def ran(spec: NetworkSpec, formats: Any = None) -> Any:
    made = TorchNetwork(spec)
    keep_state(made, formats or {})
    with torch.no_grad():
        outputs, _ = made(spikes(), record=["out"])
    return outputs


def watching(spec: NetworkSpec) -> Any:
    made = TorchNetwork(spec)
    ranges = watch_state(made)
    return ranges, made(spikes())[0]["out"].detach()


@settings(max_examples=80, deadline=None)
@given(st.floats(1e-6, 1e6), st.integers(4, 24))
def test_a_format_holds_what_it_is_made_for_as_finely_as_it_can(largest: float, bits: int) -> None:
    made = fixed_point(largest, bits)
    end = (1 << bits - 1) - 1
    assert largest * 2.0**made.fraction_bits <= end * (1 + 1e-12)
    assert largest * 2.0 ** (made.fraction_bits + 1) > end * (1 - 1e-12)
    kept = made.kept(torch.tensor([largest, -largest, 0.0]))
    assert kept.tolist() == pytest.approx(
        [largest, -largest, 0.0], rel=1e-6, abs=2.0**-made.fraction_bits / 2
    )


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(-300, 300, width=32), min_size=1), st.integers(4, 24))
def test_what_is_kept_are_integers_within_the_word(values: list[float], bits: int) -> None:
    made = FixedPoint(bits, bits - 8)
    kept = made.kept(torch.tensor(values)) * 2.0**made.fraction_bits
    assert torch.equal(kept, kept.round())
    assert kept.min() >= -(2 ** (bits - 1))
    assert kept.max() <= 2 ** (bits - 1) - 1


def test_the_values_of_a_known_format() -> None:
    made = FixedPoint(bits=4, fraction_bits=2)
    given = torch.tensor([0.3, 0.1, -0.4, 5.0, -5.0])
    assert made.kept(given).tolist() == [0.25, 0.0, -0.5, 1.75, -2.0]


def test_nothing_and_too_much_have_a_format_too() -> None:
    assert fixed_point(0.0, 8) == FixedPoint(8, 0)
    assert fixed_point(1e-38, 8).fraction_bits == 100


@pytest.mark.parametrize("model", NEURONS)
def test_ranges_are_those_of_a_plain_run(model: str) -> None:
    spec = network(model)
    before, ranges, watched = ran(spec), *watching(spec)
    # The start counts too: that of adex is its rest.
    assert ranges["out"].membrane >= float(before["out.membrane"].abs().max())
    assert ranges["out"].current > 0
    assert torch.equal(watched, before["out"])


@pytest.mark.parametrize("model", NEURONS)
def test_24_bits_hardly_change_a_network_and_few_bits_do(model: str) -> None:
    spec = network(model)
    exact, (ranges, _) = ran(spec), watching(spec)
    fine = ran(spec, state_formats(ranges, StateBits()))
    assert torch.allclose(fine["out"].double(), exact["out"].double(), atol=1e-3)
    coarse = ran(spec, state_formats(ranges, StateBits(membrane=5, current=5)))
    assert not torch.equal(coarse["out.membrane"], exact["out.membrane"])


@pytest.mark.parametrize("model", ["if", "lif", "cuba_li"])
def test_membranes_stay_on_their_grid(model: str) -> None:
    formats = {"out": StateFormat(FixedPoint(16, 9), FixedPoint(12, 8))}
    kept = ran(network(model), formats)["out.membrane"] * 2.0**9
    assert torch.equal(kept, kept.round())
    if model == "cuba_li":
        outputs = ran(network(model), formats)
        assert torch.equal(outputs["out"], outputs["out.membrane"])


def test_a_network_of_whole_numbers_is_exact_in_enough_bits() -> None:
    spec = network("if")
    exact = ran(spec)
    formats = {"out": StateFormat(FixedPoint(16, 6), FixedPoint(12, 6))}
    kept = ran(spec, formats)
    assert exact["out"].sum() > 0
    assert torch.equal(kept["out"], exact["out"])
    assert torch.equal(kept["out.membrane"], exact["out.membrane"])


def test_what_is_beyond_the_word_saturates() -> None:
    formats = {"out": StateFormat(FixedPoint(4, 4), FixedPoint(24, 16))}
    membrane = ran(network("lif"), formats)["out.membrane"]
    assert membrane.max() <= 7 / 16
    assert membrane.min() == -8 / 16


def test_formats_follow_the_ranges_of_each_population() -> None:
    ranges = {"a": StateRange(1.0, 100.0), "b": StateRange(0.01, 0.0)}
    formats = state_formats(ranges, StateBits(membrane=16, current=8))
    assert formats == {
        "a": StateFormat(FixedPoint(16, 14), FixedPoint(8, 0)),
        "b": StateFormat(FixedPoint(16, 21), FixedPoint(8, 0)),
    }


@pytest.mark.parametrize("field", ["membrane", "current"])
@pytest.mark.parametrize("bits", [3, 25])
def test_other_word_lengths_are_refused(field: str, bits: int) -> None:
    with pytest.raises(NetworkError, match=field):
        build(StateBits, {field: bits}, "state", NetworkError)


def test_a_population_that_there_is_not_is_refused() -> None:
    formats = {"other": StateFormat(FixedPoint(8, 0), FixedPoint(8, 0))}
    with pytest.raises(NetworkError, match="'other' is no population of neurons; there are out"):
        keep_state(TorchNetwork(network("lif")), formats)
