"""What a network takes of TrueNorth, or why it does not fit; and what runs it."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.backends.truenorth.chip import CORES
from neuromorphic_ros.backends.truenorth.mapping import map_network
from neuromorphic_ros.backends.truenorth.runner import TrueNorthRunner
from neuromorphic_ros.backends.truenorth.truenorth import compile_truenorth, examine
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.snn.builder import Network
from neuromorphic_ros.snn.neurons.cuba import CubaLif
from neuromorphic_ros.snn.neurons.leaky import If, Lif
from neuromorphic_ros.snn.plasticity.pair_stdp import PairStdp


def test_what_fits_tells_what_it_takes_and_loses() -> None:
    weights = np.random.default_rng(0).normal(size=(40, 20))
    network = Network(dt_ms=5.0).add_input("in", 40).add("a", 20, Lif(tau_mem_ms=20.0))
    network.add("b", 300, If()).connect("in", "a", weights=weights).connect("a", "b")
    spec = network.spec()
    fit, mapping = examine(spec), map_network(spec)
    assert fit.fits
    assert (fit.cores, fit.cores_available) == (len(mapping.cores), CORES) == (3, 4096)
    assert fit.weight_bits == 9
    # `b` has one weight, and loses nothing.
    first, second = mapping.populations
    assert second.loss.weight < 1e-6 < 0.01 < first.loss.weight < 0.2
    norms = first.loss.weight_norm, second.loss.weight_norm
    assert fit.weight_error == pytest.approx(first.loss.weight * norms[0] / np.hypot(*norms))
    assert fit.lag_ticks == {"a": 0, "b": 1}
    details = fit.details
    assert details["tick_ms"] == 5.0
    assert details["copies"] == 20
    assert details["splitters"] == details["accumulators"] == 0
    assert 0 < details["synapses_share"] < details["axons_share"] < 1
    assert details["hops_most"] >= details["hops_mean"] > 0
    assert details["populations"]["a"]["fan_out"] == "copies"
    assert details["populations"]["a"]["rate_error"] > 0
    json.dumps(details)


def test_a_network_without_weights_loses_none() -> None:
    fit = examine(Network().add_input("in", 1).add("a", 1, If()).spec())
    assert fit.fits
    assert fit.weight_error == 0
    json.dumps(fit.details, allow_nan=False)


def test_everything_that_does_not_fit_is_told() -> None:
    network = Network(dt_ms=0.5).add_input("in", 2).add("a", 2, CubaLif()).add("b", 2, If())
    network.connect("in", "a", weights=0.5, plasticity=PairStdp())
    network.connect("a", "b", delay_ticks=20)
    fit = examine(network.spec())
    assert not fit.fits
    assert (fit.cores, fit.lag_ticks) == (0, {})
    assert math.isnan(fit.weight_error)
    tick, plastic, model, delay = fit.reasons
    assert "0.5 ms is shorter" in tick
    assert "in -> a is plastic" in plastic
    assert "'a': TrueNorth has no neurons of model cuba_lif; choose" in model
    assert "a -> b: delay_ticks 20 exceeds the 15" in delay


def test_what_shows_only_on_the_cores_is_told_too() -> None:
    deep = Network().add_input("p0", 2)
    for index in range(1, 18):
        deep.add(f"p{index}", 2, If()).connect(f"p{index - 1}", f"p{index}")
    (reason,) = examine(deep.connect("p1", "p17", weights=0.25).spec()).reasons
    assert "must wait for 16 ticks" in reason


def test_more_neurons_than_a_chip_has_are_told_at_once() -> None:
    network = Network(max_neurons=2_000_000).add_input("in", 1).add("a", 1_500_000, If())
    (reason,) = examine(network.spec()).reasons
    assert "1500000 neurons, a chip of TrueNorth 1048576; choose" in reason


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    sources=st.sampled_from([1, 40, 300]),
    neurons=st.sampled_from([1, 20]),
    neuron=st.sampled_from([If(), Lif(), Lif(reset="subtract", tau_mem_ms=1e4), If(bias=0.01)]),
    size=st.floats(-4, 4),
    spread=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_whatever_the_weights_nothing_is_raised(
    seed: int, sources: int, neurons: int, neuron: If | Lif, size: float, spread: float
) -> None:
    rng = np.random.default_rng(seed)
    weights = 10 ** rng.normal(size, spread, (sources, neurons)) * rng.choice(
        [-1, 0, 1], (sources, neurons)
    )
    network = Network().add_input("in", sources).add("a", neurons, neuron)
    fit = examine(network.connect("in", "a", weights=weights).spec())
    assert fit.fits == (fit.cores > 0) == math.isfinite(fit.weight_error)
    if fit.fits:
        assert fit.weight_error < 0.5


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("adaptive_avoider", [r"near -> motor\[1:3\] is plastic"]),
        ("obstacle_avoider", []),
        ("robot", []),
    ],
)
def test_shipped_networks_fit_or_say_why(name: str, reasons: list[str]) -> None:
    assert_reasons(find_network(name), reasons)


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        (
            "basic_motions",
            ["liquid: delay_ticks 20 exceeds the 15 of", "no .* model li;"],
        ),
        ("digits", []),
        ("gestures", []),
        ("graph_avoider", ["'features': .* no graphs, as graph_attention is", "'output': .* leak"]),
        ("graph_cars", ["'seen': TrueNorth has no graphs, as event_graph is; run it on"]),
        ("graph_gestures", ["'features': TrueNorth has no graphs, as event_graph is; run it on"]),
        ("graph_nmnist", ["'features': TrueNorth has no graphs, as event_graph is; run it on"]),
        ("pump_faults", ["'liquid': TrueNorth has one leak", "'trace': .* of model li;"]),
        ("watch_exercises", []),
    ],
)
def test_shipped_models_fit_or_say_why(name: str, reasons: list[str]) -> None:
    assert_reasons(find_model(name).spec(), reasons)


def test_the_simulator_runs_networks_by_default() -> None:
    spec = Network().add_input("in", 1).add("a", 1, If()).connect("in", "a").spec()
    for options in (Options(), Options(engine="simulator", device="cpu")):
        assert isinstance(compile_truenorth(spec, options), TrueNorthRunner)


def assert_reasons(spec: Any, reasons: list[str]) -> None:
    fit = examine(spec)
    assert len(fit.reasons) == len(reasons), fit.reasons
    for found, wanted in zip(fit.reasons, reasons, strict=True):
        assert re.search(wanted, found)
