"""Rules in the description of a network: what is refused, and networks that were learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.network_file import load_network
from neuromorphic_ros.snn.nir.writing import write_nir
from neuromorphic_ros.snn.plasticity.hebbian import Hebbian
from neuromorphic_ros.snn.plasticity.pair_stdp import PairStdp
from neuromorphic_ros.snn.plasticity.reward_stdp import RewardStdp
from neuromorphic_ros.snn.plasticity.scaling import SynapticScaling
from neuromorphic_ros.snn.plasticity.triplet_stdp import TripletStdp
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes
from neuromorphic_ros.snn.variant import vary


def content(plasticity: Any, **projection: Any) -> dict[str, Any]:
    return {
        "name": "learner",
        "dt_ms": 1.0,
        "inputs": [{"name": "x", "shape": [2, 4, 4]}],
        "populations": [
            {"name": "y", "shape": [2, 4, 4], "neuron": {"threshold": 0.6}},
            {"name": "z", "shape": [3], "neuron": {"model": "li"}},
        ],
        "projections": [
            {"pre": "x", "post": "y", "weights": 0.1, "plasticity": plasticity, **projection},
            {"pre": "y", "post": "z", "weights": 0.1},
        ],
    }


def spec(plasticity: Any, **projection: Any) -> NetworkSpec:
    return build(NetworkSpec, content(plasticity, **projection), "network", NetworkError)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("pair_stdp", PairStdp()),
        ("triplet_stdp", TripletStdp()),
        ("hebbian", Hebbian()),
        ("reward_stdp", RewardStdp()),
    ],
)
def test_a_file_names_a_rule_by_its_type(kind: str, rule: Any) -> None:
    assert spec({"type": kind}).projections[0].plasticity == rule


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ({"type": "stdp"}, "type must be pair_stdp, triplet_stdp, hebbian or reward_stdp"),
        ({}, "type must be pair_stdp"),
        ({"type": "pair_stdp", "tau_plus_ms": 0.0}, "tau_plus_ms"),
        ({"type": "pair_stdp", "learning_rate": -1.0}, "learning_rate"),
        ({"type": "pair_stdp", "w_max": float("nan")}, "w_max"),
        ({"type": "pair_stdp", "w_min": 0.3, "w_max": 0.3}, "w_min 0.3 is not below w_max 0.3"),
        ({"type": "pair_stdp", "tau_ms": 20.0}, "tau_ms is not a known field"),
        ({"type": "hebbian", "scaling": {"target_rate_hz": 0.0}}, "target_rate_hz"),
    ],
)
def test_a_wrong_rule_is_refused(rule: dict[str, Any], complaint: str) -> None:
    with pytest.raises(NetworkError, match=complaint):
        spec(rule)


@pytest.mark.parametrize(
    ("projection", "complaint"),
    [
        ({"precision": "int8"}, "its weights are stored in int8, not in float32"),
        ({"before": [{"pattern": {"type": "one_to_one"}, "shape": [2, 4, 4]}]}, "maps before"),
        (
            {"pattern": {"type": "conv2d", "kernel": 1}, "weights": [[[[0.1]], [[0.1]]]] * 2},
            "the synapses of conv2d share their weights",
        ),
        ({"post": "z"}, "'z' does not spike"),
        ({"pre": "z", "delay_ticks": 1}, "'z' does not spike"),
    ],
)
def test_what_cannot_be_plastic_is_refused(projection: dict[str, Any], complaint: str) -> None:
    with pytest.raises(NetworkError, match=f"cannot be plastic: .*{complaint}"):
        spec({"type": "pair_stdp"}, **projection)


def test_weights_out_of_bounds_are_refused_when_the_network_is_built() -> None:
    with pytest.raises(NetworkError, match=r"x -> y: 1024 weights are outside of 0.0..0.05"):
        StreamingNetwork(spec({"type": "pair_stdp", "w_max": 0.05}))


def test_a_delay_that_needs_too_much_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neuromorphic_ros.snn.plasticity.layout.MAX_WORDS", 10)
    with pytest.raises(NetworkError, match="a delay of 10 ticks need more than 80 bytes"):
        StreamingNetwork(spec({"type": "pair_stdp"}, delay_ticks=10))


PATTERNS = [
    {"pattern": {"type": "all_to_all"}},
    {"pattern": {"type": "one_to_one"}, "weights": 0.5},
    {"pattern": {"type": "random", "probability": 0.2}},
    {"pattern": {"type": "random", "in_degree": 16}, "delay_ticks": 2},
    {"pre": "x[4:20]", "post": "y[1:7]"},
    {"weights": 0.0, "bias": 0.1},
]


@pytest.mark.parametrize("projection", PATTERNS)
@pytest.mark.parametrize(
    "rule",
    [
        PairStdp(learning_rate=0.02, pairing="nearest", depression=0.1),
        RewardStdp(
            learning_rate=0.5, depression=0.1, scaling=SynapticScaling(tau_scaling_ms=1000.0)
        ),
    ],
)
def test_a_learned_network_goes_on_after_it_was_written(
    rule: Any, projection: dict[str, Any], tmp_path: Path
) -> None:
    generator = np.random.default_rng(0)
    address = generator.integers(0, 32, 4000).astype(np.uint32)
    spikes = TickSpikes(address, np.arange(0, 4001, 8))
    network = StreamingNetwork(spec(rule, **projection))
    if isinstance(rule, RewardStdp):
        network.dopamine = 1.0
    network.run(spikes)
    write_nir(network.learned(), tmp_path / "learned.nir")
    loaded = StreamingNetwork(load_network(tmp_path / "learned.nir"))
    assert loaded.spec.projections[0].plasticity == rule
    assert np.array_equal(loaded.weights(0), network.weights(0))
    assert not np.array_equal(network.weights(0), StreamingNetwork(network.spec).weights(0))
    network.reset()
    if isinstance(rule, RewardStdp):
        loaded.dopamine = 1.0
    expected, found = network.run(spikes), loaded.run(spikes)
    assert expected.address.size > 0
    assert np.array_equal(expected.address, found.address)
    assert np.array_equal(expected.first, found.first)
    assert np.array_equal(loaded.weights(0), network.weights(0))


def test_a_variant_goes_on_from_the_weights_that_were_learned() -> None:
    given = content({"type": "pair_stdp", "learning_rate": 0.05})
    given["projections"].append(
        {"pre": "x[0:3]", "post": "y", "plasticity": {"type": "hebbian"}, "weights": 0.2}
    )
    given["variants"] = {
        "low": {"dt_ms": 2.0, "precision": "int8", "weights": {"x[0:3] -> y": 0.5}}
    }
    whole = build(NetworkSpec, given, "network", NetworkError)
    network, low = StreamingNetwork(whole), StreamingNetwork(vary(whole, "low"))
    network.run(TickSpikes(np.arange(32, dtype=np.uint32), np.arange(0, 33, 4)))
    low.run(TickSpikes(np.arange(32, dtype=np.uint32), np.arange(0, 33, 8)))
    low.adopt(network)
    assert not np.all(network.weights(0) == np.float32(0.1))
    assert np.array_equal(low.weights(0), network.weights(0))
    # One of other weights in the variant goes on from its own.
    assert not np.array_equal(low.weights("x[0:3] -> y"), network.weights("x[0:3] -> y"))


def test_weights_are_read_by_name_or_index() -> None:
    network = StreamingNetwork(spec({"type": "pair_stdp"}))
    assert network.weights("x -> y").shape == network.weights(0).shape == (32, 32)
    network.weights(0)[:] = 7.0
    assert np.all(network.weights(0) == np.float32(0.1))
    for unknown in ("x -> z", 2, -1):
        with pytest.raises(NetworkError, match="is not one projection of network 'learner'"):
            network.weights(unknown)


def test_the_weights_of_the_description_are_not_written() -> None:
    given = content({"type": "pair_stdp"}, weights=np.full((32, 32), 0.1, np.float32))
    learner = build(NetworkSpec, given, "network", NetworkError)
    network = StreamingNetwork(learner)
    network.run(TickSpikes(np.tile(np.arange(32, dtype=np.uint32), 9), np.arange(0, 289, 32)))
    assert not np.all(network.weights(0) == np.float32(0.1))
    assert np.all(learner.projections[0].weights.values == np.float32(0.1))


@pytest.mark.parametrize("factor", [-0.1, float("nan"), float("inf")])
def test_a_learning_rate_out_of_bounds_is_refused(factor: float) -> None:
    network = StreamingNetwork(spec({"type": "pair_stdp"}))
    with pytest.raises(NetworkError, match=r"learning_rate .* is outside of 0"):
        network.learning_rate = factor
    assert network.learning_rate == 1.0


def test_all_pairs_of_a_plastic_projection_are_synapses() -> None:
    network = StreamingNetwork(spec({"type": "pair_stdp"}, weights=0.0))
    network.step(np.array([0, 5], np.uint32))
    counts = network.counts()
    assert counts.projection_events.tolist() == [64, 0]
    assert counts.memory_bytes.tolist() == [2 * 32 * 4, 0]
