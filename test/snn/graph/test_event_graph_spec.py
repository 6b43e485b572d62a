from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.event_graph import EventGraph
from neuromorphic_ros.snn.graph.event_graph_spec import (
    EXACT_BELOW,
    GRID,
    EventGraphLayer,
    EventGraphSpec,
    Neighbourhood,
    on_grid,
    random_spec,
)

from .event_streams import events_of, lively_spec


def values_of(spec: EventGraphSpec, **changes: Any) -> dict[str, Any]:
    """Return the fields of a spec, some of them changed."""
    return {field.name: getattr(spec, field.name) for field in dataclasses.fields(spec)} | changes


def refused(words: str, values: dict[str, Any]) -> None:
    """Check that no graph is made of values."""
    with pytest.raises(NetworkError, match=f"^the graph: .*{words}"):
        build(EventGraphSpec, values, "the graph", NetworkError)


def layer(before: int, after: int, bins: int = 18, **values: float) -> EventGraphLayer:
    """Return a layer of equal weights."""
    amounts = {"own": 0.0, "neighbour": 0.0, "bias": 0.0} | values
    return EventGraphLayer(
        Array(np.full((before, after), amounts["own"])),
        Array(np.full((bins, before, after), amounts["neighbour"])),
        Array(np.full(after, amounts["bias"])),
    )


@given(st.floats(-16000, 16000))
def test_rounded_weights_are_the_nearest_multiples_of_the_grid(weight: float) -> None:
    rounded = on_grid(weight)
    assert rounded.dtype == np.float32
    assert abs(float(rounded) - weight) <= 0.5 / GRID
    assert float(rounded) * GRID == round(float(rounded) * GRID)
    assert on_grid(rounded) == rounded


def test_a_layer_rounds_its_weights() -> None:
    rounded = layer(1, 1, own=0.3, neighbour=-0.3, bias=1 / 3)
    assert rounded.own.values.item() == round(0.3 * GRID) / GRID
    assert rounded.neighbour.values[0].item() == -round(0.3 * GRID) / GRID
    assert rounded.bias.values.item() == round(GRID / 3) / GRID
    assert rounded == layer(1, 1, own=round(0.3 * GRID) / GRID, neighbour=-0.3, bias=1 / 3)


def test_a_spec_tells_its_sizes() -> None:
    spec = lively_spec(features=(5, 8, 3), cells=(3, 4))
    bins = spec.neighbourhood.bins
    assert bins == 2 * 9
    assert spec.widths == (2, 5, 8, 3)
    assert spec.output_shape == (3, 3, 4)
    assert spec.weights == (bins + 1) * (2 * 5 + 5 * 8 + 8 * 3) + 5 + 8 + 3
    assert spec.window_ns == 50_000
    assert spec.neighbourhood.radius_ns == 20_000


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"shape": (12, 16)}, r"shape \(channels, height, width\)"),
        ({"cells": (3,)}, r"cells \(rows, columns\), not .*\(3,\)"),
        ({"shape": (2, 0, 16)}, r"shape.1"),
        ({"shape": (33, 12, 16)}, "32 channels at most"),
        ({"shape": (1, 2**12, 2**12 + 1)}, r"16777216 pixels at most, not \(4096, 4097\)"),
        ({"cells": (13, 1)}, r"cells \(13, 1\) of an event graph are more than its pixels"),
        ({"cells": (1, 17)}, "more than its pixels"),
        ({"window_ms": 0.0199}, "less than radius_ms 0.02: neighbours would leave too early"),
        ({"window_ms": float("nan")}, "window_ms"),
        ({"window_ms": 1e10}, "window_ms"),
        ({"max_events": 0}, "max_events"),
        ({"max_events": 2**24 + 1}, "max_events"),
        ({"layers": ()}, "layers"),
        ({"layers": (layer(2, 33),)}, "layer 1 of an event graph has 33 features, 32 at most"),
        ({"layers": (layer(3, 4),)}, r"layer 1 .*: own is \(3, 4\), not \(2, 4\)"),
        ({"layers": (layer(2, 4, bins=9),)}, r"layer 1 .*: neighbour is \(9, 2, 4\), not \(18, "),
        ({"layers": (layer(2, 4), layer(5, 4))}, r"layer 2 .*: own is \(5, 4\), not \(4, 4\)"),
        ({"layers": (layer(2, 4),) * 17}, "layers"),
        ({"wings": 2}, "wings is not a known field"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], words: str) -> None:
    refused(words, values_of(lively_spec(), **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"radius_px": 0},
        {"radius_px": 65},
        {"radius_ms": 0.0},
        {"radius_ms": float("inf")},
        {"ages": 0},
        {"ages": 17},
        {"newest": 0},
        {"newest": 65},
        {"reach": 1},
    ],
)
def test_a_neighbourhood_has_limits(changes: dict[str, Any]) -> None:
    (name,) = changes
    with pytest.raises(NetworkError, match=f"near: {name}"):
        build(Neighbourhood, changes, "near", NetworkError)


@pytest.mark.parametrize("part", ["own", "neighbour", "bias"])
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_membrane_whose_sums_may_not_be_exact_is_refused(part: str, sign: int) -> None:
    spec = lively_spec(features=(4,))
    # 2 channels; 9 cells with 3 neighbours each, every one of 2 channels at most.
    most = {"own": 2, "neighbour": 2 * 9 * 3, "bias": 1}[part]
    least_beyond = np.ceil(EXACT_BELOW / most * GRID) / GRID
    within, beyond = {part: sign * (least_beyond - 1 / GRID)}, {part: sign * least_beyond}
    EventGraphSpec(**values_of(spec, layers=(layer(2, 4, **within),)))
    refused(
        r"layer 1 of an event graph: a membrane may reach .*; sums are exact below 16384 only",
        values_of(spec, layers=(layer(2, 4, **beyond),)),
    )


@pytest.mark.parametrize("bias", [0.5, [], [[0.5]]])
def test_a_layer_without_a_row_of_features_is_refused(bias: Any) -> None:
    parts = [{"own": Array([[1.0]]), "neighbour": Array([[[1.0]]]), "bias": Array(bias)}]
    refused(r"bias of a layer .* not \(features,\)", values_of(lively_spec(), layers=parts))


@pytest.mark.parametrize("weight", [1e30, 1e300])
def test_weights_beyond_all_bounds_are_refused(weight: float) -> None:
    layers = [{"own": [[weight]], "neighbour": np.zeros((18, 1, 1)), "bias": [0.0]}]
    parts = [{name: Array(values) for name, values in layers[0].items()}]
    with np.errstate(over="ignore"):
        refused("", values_of(lively_spec(), shape=(1, 12, 16), layers=parts))


def test_a_window_of_the_radius_is_enough() -> None:
    assert lively_spec(window_ms=0.02).window_ns == lively_spec().neighbourhood.radius_ns


def test_the_same_seed_draws_the_same_graph() -> None:
    one, other, another = (random_spec((2, 9, 9), (4, 5), (1, 1), seed) for seed in (1, 1, 2))
    assert one == other
    assert one != another
    assert hash(one) == hash(other)


def test_neurons_of_a_drawn_graph_fire_now_and_then() -> None:
    near = Neighbourhood(radius_ms=0.03)
    spec = random_spec((2, 32, 32), (16, 32, 32), (2, 2), 0, near, window_ms=1.0)
    graph = EventGraph(spec)
    graph.push(events_of(spec, 3000, mean_step_ns=100))
    activity = graph.counts().spikes / 3000 / spec.widths
    assert np.all((activity[1:] > 0.005) & (activity[1:] < 0.5))
