"""Tiny networks and data that a few epochs can learn."""

from __future__ import annotations

import numpy as np

from neuromorphic_ros.learning.samples import Samples
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.event_graph_spec import Neighbourhood, random_spec
from neuromorphic_ros.snn.graph.given_nodes import GivenNodes
from neuromorphic_ros.snn.graph.spiking_graph_spec import random_graph_spec
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import (
    EventGraphLayers,
    GivenGraphLayers,
    Input,
    NetworkSpec,
    Population,
    Projection,
)
from neuromorphic_ros.snn.weights import Normal

TICKS, CHANNELS, CLASSES = 6, 8, 2


def network(hidden: int = 12, per_class: int = 2) -> NetworkSpec:
    neuron = Lif(tau_mem_ms=5.0, reset="subtract")
    return NetworkSpec(
        name="tiny",
        dt_ms=1.0,
        inputs=(Input("spikes", (CHANNELS,)),),
        populations=(
            Population("hidden", (hidden,), neuron),
            Population("output", (CLASSES, per_class), neuron),
        ),
        projections=(
            Projection("spikes", "hidden", Normal(0.1, 0.3)),
            Projection("hidden", "output", Normal(0.1, 0.3)),
        ),
    )


def samples(count: int = 40, seed: int = 0) -> Samples:
    """Return classes whose channels of one half fire often, those of the other seldom."""
    generator = np.random.default_rng(seed)
    label = np.arange(count) % CLASSES
    often = (np.arange(CHANNELS) < CHANNELS // 2) == (label[:, None] == 0)
    chance = np.where(often, 0.7, 0.05)[:, None, :]
    fired = generator.random((count, TICKS, CHANNELS)) < chance
    return Samples(fired.astype(np.uint8), label.astype(np.int64))


PIXELS = 8


def graph_network() -> NetworkSpec:
    near = Neighbourhood(radius_px=2, radius_ms=4.0, ages=2)
    layers = random_spec((2, PIXELS, PIXELS), (4, 6), (2, 2), 0, near)
    return NetworkSpec(
        name="tiny_graph",
        dt_ms=1.0,
        inputs=(Input("dvs", (2, PIXELS, PIXELS)),),
        populations=(
            Population("features", graph=EventGraphLayers("dvs", layers)),
            Population("output", (CLASSES, 2), Lif(tau_mem_ms=20.0, reset="subtract")),
        ),
        projections=(Projection("features", "output", Normal(0.1, 0.3)),),
    )


def edges(count: int = 40, seed: int = 0) -> Samples:
    """Return an edge that moves to the right or to the left, at another height in each sample."""
    generator = np.random.default_rng(seed)
    label = np.arange(count) % CLASSES
    inputs = np.zeros((count, TICKS, 2, PIXELS, PIXELS), np.uint8)
    for sample, leftwards in zip(inputs, label, strict=True):
        row = generator.integers(0, PIXELS - 3)
        for tick, frame in enumerate(sample):
            frame[1, row : row + 4, PIXELS - 1 - tick if leftwards else tick] = 1
        sample[:] |= generator.random(sample.shape) < 0.01
    return Samples(inputs, label.astype(np.int64))


def two_inputs() -> NetworkSpec:
    """Return `network` with its channels as two inputs, one of them of two dimensions."""
    neuron = Lif(tau_mem_ms=5.0, reset="subtract")
    return NetworkSpec(
        name="two",
        dt_ms=1.0,
        inputs=(Input("left", (CHANNELS // 4, 2)), Input("right", (CHANNELS // 2,))),
        populations=(Population("output", (CLASSES, 2), neuron),),
        projections=(
            Projection("left", "output", Normal(0.1, 0.3)),
            Projection("right", "output", Normal(0.1, 0.3)),
        ),
    )


def given_graph_network() -> NetworkSpec:
    """Return a ring of four nodes with attention; each hears one channel of each half."""
    count = CHANNELS // 2
    node = np.arange(count)
    edges = np.stack([node, (node + 1) % count, np.ones(count), np.zeros(count)])
    place = np.concatenate([node * 2, node * 2 + 1])
    nodes = GivenNodes(count, Array(edges), {"spikes": Array(place)})
    graph = GivenGraphLayers(nodes, random_graph_spec(2, (4,), 1, seed=0))
    return NetworkSpec(
        name="tiny_given_graph",
        dt_ms=1.0,
        inputs=(Input("spikes", (CHANNELS,)),),
        populations=(
            Population("features", graph=graph),
            Population("output", (CLASSES, 2), Lif(tau_mem_ms=20.0, reset="subtract")),
        ),
        projections=(Projection("features", "output", Normal(0.1, 0.3)),),
    )
