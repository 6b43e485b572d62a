"""A small network with a graph of events, and spikes to drive it."""

from __future__ import annotations

import numpy as np

from neuromorphic_ros.snn.graph.event_graph_spec import EventGraphSpec, Neighbourhood, random_spec
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import (
    EventGraphLayers,
    Input,
    NetworkSpec,
    Population,
    Projection,
)
from neuromorphic_ros.snn.tick_spikes import TickSpikes

SHAPE = (2, 12, 16)
OTHER = 4


def layers(seed: int = 1, window_ms: float = 50.0) -> EventGraphSpec:
    """Three layers for a camera of SHAPE."""
    near = Neighbourhood(radius_px=3, radius_ms=20.0)
    return random_spec(SHAPE, (8, 12, 8), (3, 4), seed, near, window_ms=window_ms)


def graph_network(graph: EventGraphSpec | None = None) -> NetworkSpec:
    """Events drive a graph; it and a plain input drive neurons, before it in the file."""
    return NetworkSpec(
        name="graphs",
        dt_ms=1.0,
        inputs=(Input("plain", (OTHER,)), Input("dvs", SHAPE)),
        populations=(
            Population("out", (3,), Lif(tau_mem_ms=50.0)),
            Population("seen", graph=EventGraphLayers("dvs", graph or layers())),
        ),
        projections=(Projection("plain", "out", 0.25), Projection("seen", "out", 0.125)),
    )


def drawn(spec: NetworkSpec, seed: int, ticks: int = 120, spikes: int = 1500) -> TickSpikes:
    """Draw spikes of all channels, sorted by tick and address."""
    generator = np.random.default_rng(seed)
    tick = generator.integers(0, ticks, spikes)
    address = generator.integers(0, spec.channels, spikes)
    order = np.lexsort((address, tick))
    first = np.searchsorted(tick[order], np.arange(ticks + 1))
    return TickSpikes(address[order].astype(np.uint32), first)
