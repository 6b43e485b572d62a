"""Networks in Loihi's integers spike as they do in float."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuromorphic_ros.backends.loihi.dense import stored
from neuromorphic_ros.backends.loihi.engine import FixedPointEngine
from neuromorphic_ros.backends.loihi.neuron import STATE_LIMIT
from neuromorphic_ros.backends.loihi.quantisation import Misfit, quantise
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

CHANNELS, NEURONS = 16, 8
GENERATOR = np.random.default_rng(7)
WEIGHTS = GENERATOR.normal(0.1, 0.3, (CHANNELS, NEURONS)).tolist()


def network(neuron: dict[str, Any] | None = None, **projection: Any) -> NetworkSpec:
    """Return channels before one population."""
    content = {
        "name": "tiny",
        "dt_ms": 1.0,
        "inputs": [{"name": "a", "shape": [CHANNELS]}],
        "populations": [{"name": "b", "shape": [NEURONS], "neuron": neuron or {"model": "lif"}}],
        "projections": [
            {"pre": "a", "post": "b", "delay_ticks": 1, "weights": WEIGHTS, **projection}
        ],
    }
    return build(NetworkSpec, content, "network", NetworkError)


def noise(ticks: int, rate: float = 0.2) -> TickSpikes:
    """Return random spikes of the channels."""
    tick, channel = np.nonzero(np.random.default_rng(3).random((ticks, CHANNELS)) < rate)
    first = np.searchsorted(tick, np.arange(ticks + 1)).astype(np.int64)
    return TickSpikes(channel.astype(np.uint32), first)


def in_float(spec: NetworkSpec) -> NetworkSpec:
    """Return the network with the weights that its integers stand for."""
    found = quantise(spec)
    connection, neuron = found.network.connections[0], spec.populations[0].neuron
    constants = neuron.constants(spec.dt_ms)
    gain = constants.gain * getattr(neuron, "input_gain", 1.0)
    units = found.scale / 64 * gain
    weights = connection.weights.toarray() * 2.0**connection.exponent / units
    projection = dataclasses.replace(spec.projections[0], weights=Array(weights))
    return dataclasses.replace(spec, projections=(projection,))


def agreement(spec: NetworkSpec, reference: NetworkSpec) -> float:
    """Return the share of spikes, of those in integers and in float, that both have."""
    spikes = noise(2000)
    found = quantise(spec)
    lag_ticks = found.timing.lag_ticks["b"]
    fixed = FixedPointEngine(found.network).run(spikes)
    ours, theirs = (
        set(zip(np.repeat(np.arange(2000), np.diff(run.first)) - lag, run.address, strict=True))
        for run, lag in ((StreamingNetwork(reference).run(spikes), 0), (fixed, lag_ticks))
    )
    assert len(ours) > 1000
    return len(ours & theirs) / len(ours | theirs)


NEURON_CASES = [
    {"model": "lif"},
    {"model": "lif", "strict": True, "tau_mem_ms": 30.0},
    {"model": "lif", "threshold": 2.0, "rest": 0.5, "reset_value": 0.5},
    {"model": "lif", "rest": 0.3, "reset_value": -0.2, "bias": 0.02},
    {"model": "lif", "resistance": 8.0, "initial": 0.9},
    {"model": "lif", "threshold": np.linspace(0.5, 2, NEURONS).tolist()},
    {"model": "if", "initial": 0.5},
    {"model": "cuba_lif", "tau_syn_ms": 3.0},
    {"model": "cuba_lif", "tau_syn_ms": 3.0, "resistance": 5.0, "input_gain": 0.5},
    {"model": "lif", "reset": "subtract"},
    {"model": "lif", "reset": "subtract", "rest": 0.3, "floor": -0.2},
    {"model": "lif", "reset": "subtract", "strict": True, "reset_value": 5.0},
    {"model": "lif", "refractory_ms": 4.0},
    {"model": "lif", "reset_in": "next_tick"},
    {"model": "cuba_lif", "reset": "subtract", "reset_in": "next_tick", "strict": True},
    {"model": "lif", "reset_value": -0.5, "floor": np.linspace(-0.7, 0, NEURONS).tolist()},
    {"model": "if", "reset": "subtract", "refractory_ms": 2.0, "floor": -1.0},
    {"model": "lif", "tau_mem_ms": np.linspace(5, 50, NEURONS).tolist()},
    {
        "model": "cuba_lif",
        "reset": "subtract",
        "floor": -2.0,
        "tau_syn_ms": np.linspace(1, 9, NEURONS).tolist(),
    },
]


@pytest.mark.parametrize("neuron", NEURON_CASES)
def test_but_for_weights_integers_spike_as_float_does(neuron: dict[str, Any]) -> None:
    spec = network(neuron)
    assert agreement(spec, in_float(spec)) > 0.98


def test_weights_of_8_bits_change_few_spikes() -> None:
    spec = network({"model": "lif"})
    assert agreement(spec, spec) > 0.94


@pytest.mark.parametrize(
    ("input_in", "delay_ticks", "lag_ticks"),
    [("same_tick", 0, 1), ("next_tick", 0, 0), ("next_tick", 5, 0), ("same_tick", 62, 0)],
)
def test_a_connection_takes_the_ticks_that_are_asked_for(
    input_in: str, delay_ticks: int, lag_ticks: int
) -> None:
    neuron = {"model": "cuba_lif", "tau_syn_ms": 3.0, "input_in": input_in}
    spec = network(neuron, delay_ticks=delay_ticks)
    assert quantise(spec).timing.lag_ticks == {"b": lag_ticks}
    assert agreement(spec, in_float(spec)) > 0.98


@pytest.mark.parametrize(("weight", "spikes"), [(0.25, 20 // 5), (1.0, 20), (2.0, 20)])
def test_a_leak_that_is_lost_still_keeps_sums_of_several_ticks_below_the_threshold(
    weight: float, spikes: int
) -> None:
    driven = TickSpikes(np.zeros(20, np.uint32), np.append(np.arange(21), 20))
    spec = network({"model": "lif", "tau_mem_ms": 1e6}, weights=weight)
    assert quantise(spec).network.populations[0].dv == 0
    for engine in (StreamingNetwork(spec), FixedPointEngine(quantise(spec).network)):
        assert engine.run(driven).address.size == spikes * NEURONS


@given(st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_equal_weights_reach_the_threshold_with_as_many_spikes(spikes: int) -> None:
    # Sums of 1/n in float32 may stay below 1: a bit more than it does not.
    weights = 1 / spikes * (1 + 1e-5)
    spec = network({"model": "if"}, weights=weights)
    driven = TickSpikes(np.zeros(200, np.uint32), np.arange(201))
    expected = StreamingNetwork(spec).run(driven)
    fixed = FixedPointEngine(quantise(spec).network).run(driven)
    assert fixed.address.tolist() == expected.address.tolist()
    assert fixed.first.tolist() == expected.first.tolist()


@given(
    weight=st.floats(1e-3, 10.0),
    spread=st.floats(0.0, 10.0),
    tau_syn_ms=st.floats(0.5, 20.0),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=40, deadline=None)
def test_no_current_ever_wraps(weight: float, spread: float, tau_syn_ms: float, seed: int) -> None:
    weights = {"type": "normal", "mean": weight, "deviation": spread}
    spec = network({"model": "cuba_lif", "tau_syn_ms": tau_syn_ms}, weights=weights)
    spec = dataclasses.replace(spec, seed=seed)
    found = quantise(spec).network
    connection, neuron = found.connections[0], found.populations[0]
    scaled = connection.weights.toarray() * 2.0**connection.exponent
    for sign in (1, -1):
        sums = 7 * np.maximum(sign * scaled, 0).sum(axis=0)
        assert np.all(sums * 64 * 4096 / (neuron.du + 1) < STATE_LIMIT)
    assert np.array_equal(stored(connection.weights).toarray(), connection.weights.toarray())


@pytest.mark.parametrize("sign", [1, -1])
def test_a_current_keeps_its_sign_while_everything_spikes(sign: int) -> None:
    weights = (sign * GENERATOR.uniform(0, 5, (CHANNELS, NEURONS))).tolist()
    spec = network({"model": "cuba_lif", "tau_syn_ms": 20.0}, weights=weights)
    engine = FixedPointEngine(quantise(spec).network)
    # As often as a message tells.
    everything = TickSpikes(
        np.tile(np.arange(CHANNELS, dtype=np.uint32), 70), np.arange(11) * 7 * CHANNELS
    )
    for _ in range(30):
        engine.run(everything)
        assert np.all(sign * engine.u > 0)
    # It comes near the border, which is at twice as much.
    assert np.abs(engine.u).max() > STATE_LIMIT / 4


def test_the_report_is_what_integers_change() -> None:
    found = quantise(network({"model": "lif", "bias": 0.01}))
    population, projection = found.populations[0], found.projections[0]
    fixed = found.network.populations[0]
    assert population.population == "b"
    assert population.threshold == fixed.vth + 1
    assert population.voltage_decay == pytest.approx((4096 - fixed.dv) / 4096 - np.exp(-0.1))
    assert population.current_decay == 0
    assert 0 < population.bias < 1 / population.threshold / 64
    assert projection.projection == "a -> b"
    given = np.array(WEIGHTS)
    connection = found.network.connections[0]
    kept = connection.weights.toarray() * 2.0**connection.exponent / population.threshold
    assert projection.largest == pytest.approx(np.abs(kept - given).max(), rel=1e-3)
    assert projection.rms == pytest.approx(
        np.sqrt(((kept - given) ** 2).mean() / (given**2).mean()), rel=1e-3
    )
    assert projection.rms < 0.01
    assert projection.lost == np.mean(kept == 0)
    assert found.weight_error == pytest.approx(projection.rms)
    assert [core._asdict() for core in found.cores] == [
        {"first": 0, "neurons": NEURONS, "synapses": np.count_nonzero(kept)}
    ]


def test_the_error_of_weights_is_that_of_all_of_them() -> None:
    content = {
        "name": "two",
        "dt_ms": 1.0,
        "inputs": [{"name": "a", "shape": [3]}],
        "populations": [{"name": "b", "shape": [1]}, {"name": "c", "shape": [1]}],
        "projections": [
            {"pre": "a", "post": "b", "weights": [[0.3017], [0.0823], [0.0017]]},
            {"pre": "a", "post": "c", "weights": 2.0},
        ],
    }
    found = quantise(build(NetworkSpec, content, "network", NetworkError))
    one, other = (each.rms for each in found.projections)
    square = 0.3017**2 + 0.0823**2 + 0.0017**2
    assert one > 10 * other
    expected = np.sqrt((one**2 * square + other**2 * 12) / (square + 12))
    assert found.weight_error == pytest.approx(expected)


def test_nothing_to_quantise_is_no_error() -> None:
    found = quantise(network(weights=0.0))
    assert found.projections[0][1:] == (-8, 0.0, 0.0, 0.0)
    assert np.isnan(found.weight_error)
    assert found.cores[0].synapses == 0


def whole_network(draw: st.DrawFn) -> NetworkSpec:
    """Draw a network of whole numbers, in which no membrane leaves 24 bits."""
    neurons, projections = {}, []
    for name in ("b", "c"):
        subtracts = draw(st.booleans())
        neurons[name] = {
            "model": "if",
            "threshold": 100.0,
            "reset": "subtract" if subtracts else "hard",
            "reset_value": -float(draw(st.integers(0, 50))),
            "reset_in": draw(st.sampled_from(["same_tick", "next_tick"])),
            "strict": draw(st.booleans()),
            "floor": -float(draw(st.integers(60, 300))),
            "refractory_ms": float(draw(st.sampled_from([0, 0, 1, 7]))),
        }
        # At most one threshold in a tick, so that what is subtracted from does not pile up.
        most = 8 if subtracts else 100
        for pre, least_ticks in (("a", 0), ("b", int(name == "b")), ("c", 2 - (name == "c"))):
            weights = draw(arrays(np.int64, (4, 4), elements=st.integers(-40, most)))
            delay_ticks = draw(st.integers(least_ticks, least_ticks + 4))
            projections.append(
                {
                    "pre": pre,
                    "post": name,
                    "weights": weights.tolist(),
                    "delay_ticks": delay_ticks,
                }
            )
    content = {
        "name": "whole",
        "dt_ms": 1.0,
        "inputs": [{"name": "a", "shape": [4]}],
        "populations": [
            {"name": name, "shape": [4], "neuron": neuron} for name, neuron in neurons.items()
        ],
        "projections": projections,
    }
    return build(NetworkSpec, content, "network", NetworkError)


@given(st.composite(whole_network)(), st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_networks_of_whole_numbers_spike_as_in_float_later_by_their_lags(
    spec: NetworkSpec, seed: int
) -> None:
    raster = np.random.default_rng(seed).random((200, 4)) < 0.5
    tick, channel = np.nonzero(raster)
    first = np.searchsorted(tick, np.arange(201)).astype(np.int64)
    driven = TickSpikes(channel.astype(np.uint32), first)
    found = quantise(spec)
    assert not found.weight_error > 1e-9
    exact, fixed = StreamingNetwork(spec).run(driven), FixedPointEngine(found.network).run(driven)
    lag = np.repeat(list(found.timing.lag_ticks.values()), 4)
    late = np.repeat(np.arange(200), np.diff(fixed.first)) - lag[fixed.address]
    expected = np.repeat(np.arange(200), np.diff(exact.first))
    until = 200 - max(lag)
    ours = sorted(pair for pair in zip(late, fixed.address, strict=True) if pair[0] < until)
    theirs = sorted(pair for pair in zip(expected, exact.address, strict=True) if pair[0] < until)
    assert ours == theirs


def test_addresses_are_those_of_execution_order_and_slices() -> None:
    content = {
        "name": "two",
        "dt_ms": 1.0,
        "inputs": [{"name": "x", "shape": [2]}, {"name": "y", "shape": [3]}],
        "populations": [{"name": "late", "shape": [2]}, {"name": "early", "shape": [2]}],
        "projections": [
            {"pre": "early[1]", "post": "late[1]", "weights": 2.0},
            {"pre": "y[2]", "post": "early[1]", "weights": 2.0, "delay_ticks": 1},
        ],
    }
    spec = build(NetworkSpec, content, "network", NetworkError)
    first, second = quantise(spec).network.connections
    assert (first.source, first.target) == (5 + 1, 2 + 1)
    assert (second.source, second.target) == (2 + 2, 0 + 1)
    fired = FixedPointEngine(quantise(spec).network).run(
        TickSpikes(np.array([4], np.uint32), np.array([0, 1, 1, 1]))
    )
    assert (fired.address.tolist(), fired.first.tolist()) == ([1, 3], [0, 0, 1, 2])


@pytest.mark.parametrize(
    ("neuron", "projection", "message"),
    [
        ({"model": "adex"}, {}, "population 'b' is of adex, Loihi runs if, lif and cuba_lif"),
        ({"model": "li"}, {}, "population 'b' is of li, which never fires"),
        ({"model": "lif", "multi_spike": True}, {}, "several spikes.*multi_spike: false"),
        (
            {"model": "lif", "reset": "subtract", "lower_first": True},
            {},
            "lowered before it may fire.*lower_first: false",
        ),
        ({"model": "lif", "refractory_ms": 65536}, {}, "refractory for 65536 ticks.* to 65535"),
        ({"model": "lif", "reset_value": 1.0}, {}, "reset to its threshold or more"),
        ({"model": "lif", "tau_mem_ms": 0.5, "integrator": "euler"}, {}, "decay of -1 per tick"),
        ({"model": "lif"}, {"delay_ticks": 64}, "a -> b takes 64 ticks, .* on Loihi it takes 63"),
        (
            {"model": "cuba_lif", "input_in": "next_tick"},
            {"delay_ticks": 63},
            "takes 64 ticks",
        ),
        ({"model": "cuba_lif"}, {"bias": 0.1}, "bias before a synapse"),
        ({"model": "lif"}, {"plasticity": {"type": "pair_stdp"}}, "projection a -> b learns"),
        (
            {"model": "lif"},
            {"weights": 1e5},
            r"population 'b' may receive 1\.6e\+06 thresholds in a tick, .* hold 64881",
        ),
        ({"model": "lif", "bias": -1e4}, {}, "may receive 10000 thresholds .* hold 8190"),
    ],
)
def test_what_loihi_cannot_do_is_refused_with_a_way_out(
    neuron: dict[str, Any], projection: dict[str, Any], message: str
) -> None:
    with pytest.raises(NetworkError, match=f"network 'tiny' does not fit Loihi 2: .*{message}"):
        quantise(network(neuron, **projection))


@pytest.mark.parametrize(("weight", "message_bits"), [(500.0, 3), (1000.0, 2), (3000.0, 0)])
def test_messages_of_channels_are_as_long_as_24_bits_allow(
    weight: float, message_bits: int
) -> None:
    assert quantise(network(weights=weight)).network.message_bits == message_bits


def test_all_that_does_not_fit_is_said_at_once() -> None:
    wrong = network({"model": "lif", "multi_spike": True, "reset_value": 2.0}, delay_ticks=99)
    with pytest.raises(Misfit, match=r"several spikes.*; .*reset to its.*; .*takes 99") as caught:
        quantise(wrong)
    assert len(caught.value.reasons) == 3


def test_more_neurons_than_the_chip_has_are_refused_before_they_are_built() -> None:
    content = {
        "name": "huge",
        "dt_ms": 1.0,
        "inputs": [],
        "populations": [{"name": "b", "shape": [128 * 8192 + 1]}],
        "max_neurons": 2_000_000,
    }
    with pytest.raises(NetworkError, match="1048577 neurons, Loihi 2 has 1048576"):
        quantise(build(NetworkSpec, content, "network", NetworkError))
