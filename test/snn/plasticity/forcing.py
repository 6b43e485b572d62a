"""A plastic projection between neurons whose spikes are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.patterns import AllToAll, OneToOne
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

# A teacher drives neurons over a threshold that no plastic weight reaches.
THRESHOLD, FORCE = 1e5, 1e6

Raster = npt.NDArray[np.bool_]


def forced(
    rule: Any,
    weights: npt.ArrayLike,
    *,
    pattern: Any = None,
    delay_ticks: int = 0,
    dt_ms: float = 1.0,
) -> StreamingNetwork:
    """Return a network of the inputs `pre` and `teacher`, and `post` that fires as the teacher."""
    given = Array(np.asarray(weights, np.float32))
    pattern = pattern or AllToAll()
    pre, post = (given.shape * 2)[:2]
    return StreamingNetwork(
        NetworkSpec(
            name="forced",
            dt_ms=dt_ms,
            inputs=(Input("pre", (pre,)), Input("teacher", (post,))),
            populations=(Population("post", (post,), Lif(threshold=THRESHOLD)),),
            projections=(
                Projection("teacher", "post", FORCE, OneToOne()),
                Projection("pre", "post", given, pattern, delay_ticks=delay_ticks, plasticity=rule),
            ),
        )
    )


def spikes(pre: Raster, post: Raster) -> TickSpikes:
    """Return the input of a forced network; rasters (ticks, neurons)."""
    tick, address = np.nonzero(np.concatenate([pre, post], axis=1))
    first = np.searchsorted(tick, np.arange(len(pre) + 1))
    return TickSpikes(address.astype(np.uint32), first)


def run(network: StreamingNetwork, pre: Raster, post: Raster) -> npt.NDArray[np.float32]:
    """Run a forced network; returns its weights, (pre, post)."""
    fired = network.run(spikes(pre, post))
    assert fired.address.size == np.count_nonzero(post)
    return network.weights("pre -> post")


@st.composite
def trains(draw: st.DrawFn, ticks: int = 60) -> tuple[Raster, Raster]:
    """Draw random spikes of a few sources and targets."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    sizes = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    rates = draw(st.sampled_from([0.02, 0.1, 0.5])), draw(st.sampled_from([0.02, 0.1, 0.5]))
    pre, post = (
        generator.random((ticks, size)) < rate for size, rate in zip(sizes, rates, strict=True)
    )
    return pre, post


def times(raster: Raster, neuron: int, dt_ms: float = 1.0) -> npt.NDArray[np.float64]:
    """Return when a neuron fires [ms]."""
    return np.flatnonzero(raster[:, neuron]) * dt_ms
