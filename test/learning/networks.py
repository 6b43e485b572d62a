"""Tiny networks and data that a few epochs can learn."""

from __future__ import annotations

import numpy as np

from neuromorphic_ros.learning.samples import Samples
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
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
