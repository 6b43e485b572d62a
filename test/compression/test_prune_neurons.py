"""Neurons that are taken out: what is left fires as if the others had been silent."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from neuromorphic_ros.compression.map_weights import CompressionError
from neuromorphic_ros.compression.prune_neurons import prunable, prune_neurons, weight_importance
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.synapses import connect
from neuromorphic_ros.snn.tick_spikes import TickSpikes

NEURON = {"model": "lif", "tau_mem_ms": 5.0, "threshold": 0.5}


def weights(*shape: int, seed: int = 0) -> npt.NDArray[np.float32]:
    # Multiples of 1/64, whose sums are exact in any order.
    drawn = np.random.default_rng(seed).integers(-40, 60, shape)
    return (drawn / 64).astype(np.float32)


def dense(hidden: int = 8, **changes: Any) -> dict[str, Any]:
    thresholds = Array(np.linspace(0.4, 0.9, hidden))
    content: dict[str, Any] = {
        "name": "net",
        "dt_ms": 1.0,
        "inputs": [{"name": "in", "shape": [6]}],
        "populations": [
            {"name": "hidden", "shape": [hidden], "neuron": {**NEURON, "threshold": thresholds}},
            {"name": "out", "shape": [4], "neuron": NEURON},
        ],
        "projections": [
            {"pre": "in", "post": "hidden", "weights": Array(weights(6, hidden)), "bias": 0.05},
            {
                "pre": "hidden",
                "post": "hidden",
                "weights": Array(weights(hidden, hidden, seed=1) / 4),
                "delay_ticks": 1,
            },
            {"pre": "hidden", "post": "out", "weights": Array(weights(hidden, 4, seed=2))},
        ],
    }
    return content | changes


def convolutional() -> dict[str, Any]:
    conv = {"type": "conv2d", "kernel": 3}
    return {
        "name": "net",
        "dt_ms": 1.0,
        "inputs": [{"name": "in", "shape": [2, 8, 8]}],
        "populations": [
            {"name": "edges", "shape": [6, 6, 6], "neuron": NEURON},
            {"name": "shapes", "shape": [4, 4, 4], "neuron": NEURON},
            {"name": "out", "shape": [3], "neuron": NEURON},
        ],
        "projections": [
            {
                "pre": "in",
                "post": "edges",
                "pattern": conv,
                "weights": Array(weights(6, 2, 3, 3)),
                "bias": Array(np.arange(6) / 64),
            },
            {
                "pre": "edges",
                "post": "shapes",
                "pattern": conv,
                "weights": Array(weights(4, 6, 3, 3, seed=1) / 4),
            },
            {"pre": "shapes", "post": "out", "weights": Array(weights(64, 3, seed=2) / 8)},
        ],
    }


def fired(spec: NetworkSpec, name: str) -> npt.NDArray[np.int64]:
    """Return what a population fires under random input, (ticks, neurons)."""
    spikes = np.random.default_rng(5).random((60, spec.channels)) < 0.2
    tick, address = np.nonzero(spikes)
    first = np.searchsorted(tick, np.arange(61))
    found = StreamingNetwork(spec).run(TickSpikes(address.astype(np.uint32), first))
    batch = found.by_node(spec.execution_order(), spec.dt_ns)[name]
    raster = np.zeros((60, spec.population(name).size), np.int64)
    np.add.at(raster, (batch.time_ns // spec.dt_ns, batch.address), 1)
    return raster


def test_neurons_that_lead_nowhere_are_not_missed() -> None:
    content = dense()
    for projection in content["projections"][1:]:
        kept = projection["weights"].values.copy()
        kept[[1, 4, 6]] = 0.0
        projection["weights"] = Array(kept)
    spec = NetworkSpec(**content)
    smaller = prune_neurons(spec, 3 / 8)
    assert smaller.population("hidden").shape == (5,)
    assert fired(spec, "out").sum() > 0
    assert np.array_equal(fired(smaller, "out"), fired(spec, "out"))
    stayed = np.delete(fired(spec, "hidden"), [1, 4, 6], axis=1)
    assert np.array_equal(fired(smaller, "hidden"), stayed)


def test_channels_that_lead_nowhere_are_not_missed() -> None:
    content = convolutional()
    kernels = content["projections"][1]["weights"].values.copy()
    kernels[:, [0, 3]] = 0.0
    rows = content["projections"][2]["weights"].values.reshape(4, 16, 3).copy()
    rows[2] = 0.0
    content["projections"][1]["weights"] = Array(kernels)
    content["projections"][2]["weights"] = Array(rows.reshape(64, 3))
    spec = NetworkSpec(**content)
    smaller = prune_neurons(spec, 1 / 3)
    assert smaller.shapes == {"in": (2, 8, 8), "edges": (4, 6, 6), "shapes": (3, 4, 4), "out": (3,)}
    assert fired(spec, "out").sum() > 0
    assert np.array_equal(fired(smaller, "out"), fired(spec, "out"))


def test_a_smaller_network_has_fewer_synapses_and_bytes() -> None:
    spec = NetworkSpec(**dense(64))
    smaller = prune_neurons(spec, 0.5)
    synapses = [sum(connect(each, k).weight.size for k in range(3)) for each in (spec, smaller)]
    assert synapses == [6 * 64 + 64 * 64 + 64 * 4, 6 * 32 + 32 * 32 + 32 * 4]
    assert smaller.neurons == 36


def test_the_weights_decide_who_goes_and_spikes_in_place_of_what_arrives() -> None:
    spec = NetworkSpec(**dense())
    importance = weight_importance(spec)["hidden"]
    into, inside, out = (np.abs(connect(spec, k).dense()) for k in range(3))
    arriving = into.sum(0) + inside.sum(0)
    leaving = inside.sum(1) + out.sum(1)
    assert importance == pytest.approx(arriving * leaving, rel=1e-5)
    spikes = np.arange(8.0)
    assert weight_importance(spec, {"hidden": spikes})["hidden"] == pytest.approx(
        leaving * spikes, rel=1e-5
    )
    last = prune_neurons(spec, 7 / 8, {"hidden": np.arange(8.0)})
    threshold = last.population("hidden").neuron.threshold  # type: ignore[union-attr]
    assert threshold == Array([0.9])


def test_nothing_is_taken_of_a_share_of_nothing_and_one_stays_of_nearly_all() -> None:
    spec = NetworkSpec(**dense())
    assert prune_neurons(spec, 0.0) == spec
    assert prune_neurons(spec, 0.999).population("hidden").shape == (1,)


def test_only_hidden_populations_of_plain_projections_are_pruned() -> None:
    assert prunable(NetworkSpec(**dense())) == ("hidden",)
    assert prunable(NetworkSpec(**convolutional())) == ("edges", "shapes")
    readout = {"name": "r", "decoder": "detection", "population": "hidden"}
    assert prunable(NetworkSpec(**dense(readouts=[readout]))) == ()
    variant = {"low": {"neurons": {"hidden": {"tau_mem_ms": 3.0}}}}
    assert prunable(NetworkSpec(**dense(variants=variant))) == ()
    for change in (
        {"pattern": {"type": "random", "probability": 0.5}},
        {"plasticity": {"type": "pair_stdp"}, "weights": 0.5},
        {"pre": "in[0:3]", "weights": 0.5},
        {"pattern": {"type": "one_to_one"}, "pre": "in[0:1]", "post": "hidden[2]", "weights": 0.5},
    ):
        content = dense()
        content["projections"][0] |= change
        assert prunable(NetworkSpec(**content)) == ()


@pytest.mark.parametrize("name", ["digits", "nmnist", "gestures"])
def test_shipped_models_can_be_made_smaller(name: str) -> None:
    spec = find_network(name)
    smaller = prune_neurons(spec, 0.25)
    assert smaller.neurons < spec.neurons
    assert smaller.shapes["output"] == spec.shapes["output"]
    assert fired(smaller, "output").shape[1] == spec.population("output").size


@pytest.mark.parametrize("share", [-0.1, 1.0, math.nan])
def test_another_share_is_refused(share: float) -> None:
    with pytest.raises(CompressionError, match=f"share {share} of neurons"):
        prune_neurons(NetworkSpec(**dense()), share)


def test_a_network_without_such_populations_is_refused() -> None:
    content = dense()
    del content["projections"][2]
    with pytest.raises(CompressionError, match="network 'net' has no population whose neurons"):
        prune_neurons(NetworkSpec(**content), 0.5)


@pytest.mark.parametrize("importance", [{}, {"hidden": np.ones(7)}, {"hidden": np.full(8, np.nan)}])
def test_importance_of_other_units_is_refused(importance: Any) -> None:
    with pytest.raises(CompressionError, match="importance of population 'hidden' is"):
        prune_neurons(NetworkSpec(**dense()), 0.5, importance)
