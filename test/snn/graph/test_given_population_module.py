"""Given graphs in torch: the same spikes as on the robot, and a gradient."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neuromorphic_ros.snn.network import TorchNetwork, dense, sparse
from neuromorphic_ros.snn.streaming import StreamingNetwork

from .given_networks import given_network
from .graph_networks import drawn


@pytest.mark.parametrize("how", [None, "sum", "max"])
@pytest.mark.parametrize("seed", range(3))
def test_it_fires_what_the_engine_fires(seed: int, how: str | None) -> None:
    spec = given_network(seed, how)
    spikes = drawn(spec, seed, ticks=50, spikes=400)
    outputs, _ = TorchNetwork(spec)(dense(spec, spikes))
    found = sparse(spec, outputs)
    expected = StreamingNetwork(spec).run(spikes)
    assert expected.address.size > 20
    assert np.array_equal(found.one_by_one().address, expected.one_by_one().address)
    assert np.array_equal(found.first, expected.first)


def test_its_weights_get_a_gradient_and_are_told() -> None:
    spec = given_network()
    network = TorchNetwork(spec)
    outputs, _ = network(dense(spec, drawn(spec, 1, ticks=30, spikes=300)))
    outputs["seen"].sum().backward()
    graph = network.graphs["seen"].graph
    assert graph.layers[0].message.grad.abs().sum() > 0  # type: ignore[union-attr]
    assert graph.layers[0].attention.grad.abs().sum() > 0  # type: ignore[union-attr]
    assert network.spec().populations == spec.populations
    with torch.no_grad():
        graph.layers[0].message += 0.25  # type: ignore[operator]
    assert network.spec().populations != spec.populations
