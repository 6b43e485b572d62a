"""The torch module is the reference of the compiled engine, and learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.graph.given_graph import GivenGraph
from neuromorphic_ros.snn.graph.pooling import Pooling
from neuromorphic_ros.snn.graph.spiking_graph import SpikingGraph
from neuromorphic_ros.snn.graph.spiking_graph_module import SpikingGraphModule
from neuromorphic_ros.snn.graph.spiking_graph_spec import (
    GraphNeurons,
    SpikingGraphSpec,
    random_graph_spec,
)

from .given_graphs import as_ticks, as_trains, random_graph, random_trains

FEATURES = 3


@st.composite
def poolings(draw: st.DrawFn, nodes: int) -> Pooling | None:
    how = draw(st.sampled_from([None, "sum", "mean", "max"]))
    if how is None:
        return None
    count = draw(st.integers(1, nodes))
    others = st.lists(st.integers(0, count - 1), min_size=nodes - count, max_size=nodes - count)
    clusters = draw(st.permutations([*range(count), *draw(others)]))
    return Pooling(how, tuple(clusters))


@st.composite
def networks(draw: st.DrawFn) -> tuple[SpikingGraphSpec, GivenGraph]:
    nodes, edges = draw(st.integers(1, 8)), draw(st.integers(0, 25))
    graph = random_graph(draw(st.integers(0, 2**32)), nodes, edges, draw(st.integers(0, 4)))
    found: dict[int, Pooling] = {}
    for layer in range(2):
        if pooling := draw(poolings(nodes)):
            found[layer], nodes = pooling, pooling.sizes.size
    neurons = GraphNeurons(
        tau_mem_ms=draw(st.sampled_from([0.5, 7.3, 1e4])),
        threshold=draw(st.sampled_from([0.3, 1.0])),
        refractory_ticks=draw(st.integers(0, 3)),
        reset=draw(st.sampled_from(["hard", "subtract"])),
    )
    seed, heads = draw(st.integers(0, 2**32)), draw(st.integers(1, 3))
    return random_graph_spec(FEATURES, (3, 2), 2, seed, heads, found, neurons), graph


@settings(max_examples=150, deadline=None)
@given(networks(), st.integers(0, 2**32), st.sampled_from([0.02, 0.2, 0.7]))
def test_it_fires_the_very_spikes_of_the_engine(
    network: tuple[SpikingGraphSpec, GivenGraph], seed: int, share: float
) -> None:
    spec, graph = network
    trains = random_trains(seed, 25, graph.nodes, FEATURES, share)
    engine = SpikingGraph(spec, graph)
    found = engine.run(as_ticks(trains))
    with torch.no_grad():
        expected = SpikingGraphModule(spec, graph)(torch.from_numpy(trains)[None])
    for fired, reference in zip(found, expected.layers, strict=True):
        _, ticks, nodes, width = reference.shape
        assert ticks == fired.ticks
        assert np.array_equal(as_trains(fired, nodes, width), reference[0].numpy())
    assert np.array_equal(engine.output(), expected.output[0].numpy())


def test_the_networks_of_these_tests_fire() -> None:
    spec, graph = random_graph_spec(FEATURES, (3, 2), 2, 0), random_graph(0)
    trains = random_trains(0, 25, graph.nodes, FEATURES, 0.2)
    layers = SpikingGraphModule(spec, graph)(torch.from_numpy(trains)[None]).layers
    assert all(layer.sum() > 20 for layer in layers)
    assert all(layer.mean() < 0.5 for layer in layers)


def test_a_batch_is_its_rows() -> None:
    spec, graph = random_graph_spec(FEATURES, (3, 2), 2, 1), random_graph(1)
    module = SpikingGraphModule(spec, graph)
    rows = torch.stack(
        [torch.from_numpy(random_trains(seed, 20, 6, FEATURES, 0.3)) for seed in range(3)]
    )
    whole = module(rows)
    for index in range(3):
        alone = module(rows[index : index + 1])
        assert torch.equal(alone.output[0], whole.output[index])
        assert torch.equal(alone.layers[-1][0], whole.layers[-1][index])


def test_every_weight_has_a_gradient() -> None:
    pooling = Pooling("mean", (0, 0, 1, 1, 2, 2))
    spec = random_graph_spec(FEATURES, (3, 2), 2, 2, poolings={0: pooling})
    module = SpikingGraphModule(spec, random_graph(2))
    rows = torch.from_numpy(random_trains(2, 30, 6, FEATURES, 0.3))[None]
    module(rows).output.square().sum().backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 0, name


def test_it_learns_which_neighbour_to_listen_to() -> None:
    torch.manual_seed(0)
    graph = GivenGraph.checked(3, [0, 1], [2, 2])
    spec = random_graph_spec(2, (4,), 1, 3)
    module = SpikingGraphModule(spec, graph)
    # Of two neighbours, one fires its first feature and one its second: the first one tells.
    generator = np.random.default_rng(0)
    label = torch.from_numpy(generator.integers(0, 2, 16)).double()
    trains = torch.zeros(16, 20, 3, 2)
    for row in range(16):
        rate = (0.8, 0.1) if label[row] else (0.1, 0.8)
        trains[row, :, 0, 0] = torch.from_numpy(generator.random(20) < rate[0])
        trains[row, :, 1, 1] = torch.from_numpy(generator.random(20) < rate[1])
    optimiser = torch.optim.Adam(module.parameters(), lr=0.05)
    for _ in range(40):
        logits = module(trains).output[:, 2, 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, label)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    found = SpikingGraph(module.spec(), graph)
    right = 0
    for row in range(16):
        found.reset()
        found.run(as_ticks(trains[row].numpy().astype(np.int64)))
        right += (found.output()[2, 0] > 0) == bool(label[row])
    assert right == 16


def test_its_spec_is_the_one_it_was_given() -> None:
    spec = random_graph_spec(FEATURES, (3, 2), 2, 4)
    assert SpikingGraphModule(spec, random_graph(4)).spec() == spec


def test_weights_are_rounded_as_those_of_the_engine() -> None:
    spec, graph = random_graph_spec(FEATURES, (3,), 2, 5), random_graph(5)
    module = SpikingGraphModule(spec, graph)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 / 1024 * torch.randn_like(parameter))
    trains = random_trains(5, 25, graph.nodes, FEATURES, 0.3)
    engine = SpikingGraph(module.spec(), graph)
    engine.run(as_ticks(trains))
    expected = module(torch.from_numpy(trains)[None]).output[0].detach().numpy()
    assert np.array_equal(engine.output(), expected)


def test_weights_that_are_no_longer_exact_are_named() -> None:
    spec = random_graph_spec(FEATURES, (3,), 2, 6)
    module = SpikingGraphModule(spec, random_graph(6))
    with torch.no_grad():
        module.layers[0].message.fill_(1e6)
    with pytest.raises(NetworkError, match="layer 1 of a spiking graph: a message may reach 3e"):
        module.spec()
    with torch.no_grad():
        module.layers[0].message.fill_(torch.nan)
    with pytest.raises(ValueError, match="holds NaN"):
        module.spec()
