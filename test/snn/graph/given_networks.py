"""A small network with a given graph that hears two inputs."""

from __future__ import annotations

import numpy as np

from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.given_nodes import GivenNodes
from neuromorphic_ros.snn.graph.pooling import Pooling
from neuromorphic_ros.snn.graph.spiking_graph_spec import SpikingGraphSpec, random_graph_spec
from neuromorphic_ros.snn.spec import GivenGraphLayers, Input, NetworkSpec, Population, Projection

COUNT = 7


def given_nodes(seed: int = 0) -> GivenNodes:
    """Seven nodes in a ring; four hear a lidar, all hear two polarities, some pixels nobody."""
    generator = np.random.default_rng(seed)
    source = np.arange(COUNT)
    edges = np.stack(
        [
            np.concatenate([source, source]),
            np.concatenate([(source + 1) % COUNT, (source - 1) % COUNT]),
            generator.integers(-8, 17, 2 * COUNT) / 8,
            generator.integers(0, 4, 2 * COUNT),
        ]
    )
    pixels = generator.integers(0, COUNT, 20) * 3 + np.repeat([1, 2], 10)
    pixels[[3, 17]] = -1
    return GivenNodes(
        COUNT, Array(edges), {"scan": Array(np.arange(4.0) * 3), "dvs": Array(pixels.astype(float))}
    )


def given_layers(seed: int = 0, how: str | None = None) -> SpikingGraphSpec:
    """Two layers; how: the second is pooled so over three clusters."""
    pooling = {1: Pooling(how, (0, 0, 1, 1, 2, 2, 2))} if how else {}  # type: ignore[arg-type]
    return random_graph_spec(3, (4, 3), 2, seed, heads=2, poolings=pooling)


def given_network(seed: int = 0, how: str | None = None) -> NetworkSpec:
    """An unheard input, then those of the graph; it drives two neurons."""
    graph = GivenGraphLayers(given_nodes(seed), given_layers(seed, how))
    return NetworkSpec(
        name="given",
        dt_ms=1.0,
        inputs=(Input("other", (3,)), Input("scan", (4,)), Input("dvs", (2, 2, 5))),
        populations=(Population("out", (2,)), Population("seen", graph=graph)),
        projections=(Projection("seen", "out", 0.25), Projection("other", "out", 0.5)),
    )
