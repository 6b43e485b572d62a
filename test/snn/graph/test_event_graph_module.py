from __future__ import annotations

import numpy as np
import pytest
import torch

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.event_edges import event_edges
from neuromorphic_ros.snn.graph.event_graph_module import EventGraphModule, side_by_side
from neuromorphic_ros.snn.graph.event_graph_spec import GRID, EventGraphLayer, EventGraphSpec
from neuromorphic_ros.snn.surrogate import SuperSpike
from neuromorphic_ros.spikes import SpikeBatch

from .event_streams import (
    edges_by_definition,
    events_of,
    lively_spec,
    pooled_by_definition,
    spikes_by_definition,
)


def one_neuron(own: float, neighbour: float, bias: float) -> EventGraphSpec:
    """Return one layer of one neuron, which hears all neighbours alike."""
    spec = lively_spec(shape=(1, 4, 4), features=(1,), cells=(1, 1))
    layer = EventGraphLayer(
        own=Array(np.full((1, 1), own)),
        neighbour=Array(np.full((spec.neighbourhood.bins, 1, 1), neighbour)),
        bias=Array(np.full(1, bias)),
    )
    return EventGraphSpec(spec.shape, spec.neighbourhood, (layer,), spec.cells, 0.05)


def three_at_a_time(spec: EventGraphSpec) -> SpikeBatch:
    """Return three events of one pixel."""
    return SpikeBatch(spec.shape, np.full(3, 5, np.uint32), np.arange(3))


@pytest.mark.parametrize("seed", range(3))
def test_spikes_and_pooled_counts_are_those_of_the_definition(seed: int) -> None:
    spec = lively_spec(seed)
    events = events_of(spec, 120, seed)
    expected = spikes_by_definition(spec, events, edges_by_definition(spec, events)).spikes
    module = EventGraphModule(spec)
    graph = side_by_side(spec, [event_edges(spec, events)])
    layers = module(graph)
    assert np.array_equal(graph.spikes.numpy() > 0, expected[0])
    for found, spikes in zip(layers, expected[1:], strict=True):
        assert np.array_equal(found.detach().numpy(), spikes)
    pooled = module.pooled(layers[-1], graph).detach().numpy()
    assert np.array_equal(pooled[0], pooled_by_definition(spec, events, expected[-1]))


def test_a_neuron_fires_from_a_membrane_of_one_on() -> None:
    for neighbour, expected in ((0.25, [0, 0, 1]), (0.25 - 1 / GRID, [0, 0, 0]), (0.5, [0, 1, 1])):
        spec = one_neuron(own=0.25, neighbour=neighbour, bias=0.25)
        graph = side_by_side(spec, [event_edges(spec, three_at_a_time(spec))])
        (fired,) = EventGraphModule(spec)(graph)
        assert fired[:, 0].tolist() == expected


def test_recordings_side_by_side_give_what_each_gives_alone() -> None:
    spec = lively_spec()
    recordings = [
        event_edges(spec, events)
        for events in (
            events_of(spec, 70, 1),
            SpikeBatch.empty(spec.shape),
            events_of(spec, 1, 2),
            events_of(spec, 90, 3),
        )
    ]
    module = EventGraphModule(spec)
    together = side_by_side(spec, recordings)
    assert together.recordings == 4
    layers = module(together)
    pooled = module.pooled(layers[-1], together)
    assert pooled.shape == (4, *spec.output_shape)
    first = 0
    for index, recording in enumerate(recordings):
        alone = side_by_side(spec, [recording])
        fired = module(alone)
        last = first + recording.channel.size
        for one, all_of_them in zip(fired, layers, strict=True):
            assert torch.equal(one, all_of_them[first:last])
        assert torch.equal(module.pooled(fired[-1], alone)[0], pooled[index])
        first = last
    assert pooled[0].sum() > 0
    assert pooled[1].sum() == 0


def test_the_gradient_reaches_every_weight_that_took_part() -> None:
    spec = lively_spec()
    events = events_of(spec, 200)
    edges = event_edges(spec, events)
    module = EventGraphModule(spec)
    graph = side_by_side(spec, [edges])
    layers = module(graph)
    module.pooled(layers[-1], graph).square().sum().backward()
    used = np.zeros((spec.neighbourhood.bins, spec.shape[0]), bool)
    used[edges.relation, edges.channel[edges.source]] = True
    assert np.array_equal(module.layers[0].neighbour.grad.abs().sum(2).numpy() > 0, used)
    for layer in module.layers:
        assert layer.bias.grad.abs().min() > 0
        assert layer.own.grad.abs().max() > 0


def test_the_gradient_of_a_weight_is_that_of_the_surrogate() -> None:
    spec = one_neuron(own=0.3, neighbour=0.1, bias=0.2)
    module = EventGraphModule(spec, SuperSpike(steepness=3.0))
    graph = side_by_side(spec, [event_edges(spec, three_at_a_time(spec))])
    (fired,) = module(graph)
    fired.sum().backward()
    layer = spec.layers[0]
    own, neighbour, bias = (
        float(part.values.flat[0]) for part in (layer.own, layer.neighbour, layer.bias)
    )
    membrane = bias + own + neighbour * torch.arange(3.0, dtype=torch.float64)
    steep = 1.0 / (1.0 + 3.0 * (membrane - 1.0).abs()) ** 2
    assert module.layers[0].bias.grad.item() == pytest.approx(steep.sum().item())
    heard = (steep * torch.arange(3.0, dtype=torch.float64)).sum()
    assert module.layers[0].neighbour.grad.sum().item() == pytest.approx(heard.item())


def test_weights_act_as_rounded_to_the_grid_and_keep_what_they_learned() -> None:
    spec = one_neuron(own=0.5, neighbour=0.0, bias=0.5)
    graph = side_by_side(spec, [event_edges(spec, three_at_a_time(spec))])
    for nudge, fires in ((-0.4 / GRID, True), (-0.6 / GRID, False)):
        module = EventGraphModule(spec)
        with torch.no_grad():
            module.layers[0].bias += nudge
        assert bool(module(graph)[0].all()) is fires
        assert module.layers[0].bias.item() == pytest.approx(0.5 + nudge)
        rounded = module.spec().layers[0].bias.values[0]
        assert rounded == (0.5 if fires else 0.5 - 1 / GRID)


def test_the_spec_of_a_module_is_the_one_it_was_made_of_until_it_learns() -> None:
    spec = lively_spec()
    module = EventGraphModule(spec)
    assert module.spec() == spec
    with torch.no_grad():
        module.layers[1].own += 0.1
    learned = module.spec()
    assert learned != spec
    assert learned.layers[0] == spec.layers[0]
    assert EventGraphModule(learned).spec() == learned


def test_weights_that_grew_beyond_exact_sums_are_refused() -> None:
    module = EventGraphModule(lively_spec())
    with torch.no_grad():
        module.layers[2].neighbour += 1e4
    with pytest.raises(NetworkError, match=r"layer 3 .* sums are exact below 16384 only"):
        module.spec()
