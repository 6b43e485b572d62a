"""A network with a graph of events in torch gives what the engine gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError, SpikeError
from neuromorphic_ros.learning.samples import tick_spikes
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.event_graph_spec import Neighbourhood, on_grid, random_spec
from neuromorphic_ros.snn.neurons.leaky import If
from neuromorphic_ros.snn.spec import EventGraphLayers, Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork

torch = pytest.importorskip("torch")

from neuromorphic_ros.snn.network import TorchNetwork, dense, sparse  # noqa: E402

TICKS, SHAPE = 6, (2, 7, 9)


def network(seed: int, delay_ticks: int = 0) -> NetworkSpec:
    """Return a graph of two layers whose spikes integrators count by weights on the grid."""
    near = Neighbourhood(radius_px=2, radius_ms=12.0, ages=2, newest=3)
    layers = random_spec(SHAPE, (4, 3), (2, 3), seed, near)
    generator = np.random.default_rng(seed)
    weights = on_grid(generator.normal(0, 0.3, (layers.output_shape[0] * 6, 4)))
    return NetworkSpec(
        name="counter",
        dt_ms=5.0,
        inputs=(Input("dvs", SHAPE),),
        populations=(
            Population("features", graph=EventGraphLayers("dvs", layers)),
            Population("output", (4,), If(reset="subtract")),
        ),
        projections=(Projection("features", "output", Array(weights), delay_ticks=delay_ticks),),
    )


def recording(seed: int, events: float = 1.0) -> np.ndarray:
    """Return amounts by tick, often several in one place, uint8 (ticks, *shape)."""
    return np.random.default_rng(seed).poisson(events / 4, (TICKS, *SHAPE)).astype(np.uint8)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.0, 2.0), st.sampled_from([0, 2]))
def test_torch_and_the_engine_give_the_same_spikes(
    seed: int, events: float, delay_ticks: int
) -> None:
    spec, spikes = network(seed, delay_ticks), tick_spikes(recording(seed, events))
    with torch.no_grad():
        outputs, _ = TorchNetwork(spec)(dense(spec, spikes))
    found, expected = sparse(spec, outputs), StreamingNetwork(spec).run(spikes)
    for one, other in zip(found.one_by_one(), expected.one_by_one(), strict=True):
        assert np.array_equal(one, other)


def test_inner_layers_fire_as_the_engine_counts() -> None:
    spec, spikes = network(3), tick_spikes(recording(3))
    engine = StreamingNetwork(spec)
    engine.run(spikes)
    with torch.no_grad():
        inner = TorchNetwork(spec)(dense(spec, spikes))[0]["features.1"]
    assert inner.shape == (TICKS, 1, 4)
    assert 0 < inner.sum() == engine.counts().by_population()["features.1"]


def test_graphs_of_a_batch_do_not_touch() -> None:
    spec = network(1)
    several = torch.tensor(np.stack([recording(seed) for seed in range(3)], axis=1))
    with torch.no_grad():
        together = TorchNetwork(spec)(several)[0]["features"]
        apart = [TorchNetwork(spec)(several[:, [place]])[0]["features"] for place in range(3)]
    assert together.sum() > 0
    assert torch.equal(together, torch.cat(apart, dim=1))


def test_a_silent_recording_is_a_graph_without_nodes() -> None:
    outputs, _ = TorchNetwork(network(0))(torch.zeros(TICKS, 2, *SHAPE))
    assert outputs["features"].shape == (TICKS, 2, 3, 2, 3)
    assert not outputs["features"].any()


def test_every_weight_is_a_parameter_and_comes_back_trained() -> None:
    spec = network(2)
    torch_network = TorchNetwork(spec)
    outputs, _ = torch_network(torch.tensor(recording(2, 2.0))[:, None])
    outputs["features"].sum().backward()
    parameters = dict(torch_network.graphs["features"].named_parameters())
    assert len(parameters) == 6
    for parameter in parameters.values():
        assert parameter.grad is not None
        assert parameter.grad.any()
        parameter.data += 0.25
    before, after = (each.graphs[0].graph for each in (spec, torch_network.spec()))
    assert before is not None
    assert after is not None
    for one, other in zip(before.layers.layers, after.layers.layers, strict=True):
        assert np.allclose(one.own.values + 0.25, other.own.values)
        assert np.allclose(one.neighbour.values + 0.25, other.neighbour.values)
        assert np.allclose(one.bias.values + 0.25, other.bias.values)


def test_a_sequence_starts_anew() -> None:
    torch_network = TorchNetwork(network(0))
    with pytest.raises(SpikeError, match="pass no state"):
        torch_network(torch.zeros(TICKS, 1, *SHAPE), torch_network.start(1))


def test_less_than_no_events_are_refused() -> None:
    with pytest.raises(SpikeError, match="cannot hear -1 events"):
        TorchNetwork(network(0))(torch.full((TICKS, 1, *SHAPE), -1.0))


def test_a_graph_has_no_membranes_to_record() -> None:
    with pytest.raises(NetworkError, match="without membranes"):
        TorchNetwork(network(0))(torch.zeros(TICKS, 1, *SHAPE), record=["features"])
