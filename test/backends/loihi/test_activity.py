"""Counts from spikes alone are those of the integer engine."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.backends.loihi.activity import Activity
from neuromorphic_ros.backends.loihi.engine import FixedPointEngine
from neuromorphic_ros.snn.tick_spikes import TickSpikes

from .test_engine import STORED, network_of, tick_spikes


def raster(spikes: TickSpikes, width: int) -> np.ndarray:
    """Return spikes by tick as a raster (ticks, width)."""
    rows = np.zeros((spikes.ticks, width), np.bool_)
    rows[np.repeat(np.arange(spikes.ticks), np.diff(spikes.first)), spikes.address] = True
    return rows


@pytest.mark.parametrize("index", range(0, len(STORED), 3))
@pytest.mark.parametrize("at_once", [1, 7, 100])
def test_counts_are_those_of_the_integer_engine(index: int, at_once: int) -> None:
    network = network_of(STORED[index])
    delayed = [each._replace(delay=2 * place) for place, each in enumerate(network.connections)]
    network = network._replace(connections=tuple(delayed))
    engine, activity = FixedPointEngine(network), Activity(network)
    driven = tick_spikes(STORED[index]["input"])
    before = engine.active, engine.ticks
    for start in range(0, driven.ticks, at_once):
        part = driven.between(start, min(start + at_once, driven.ticks))
        fired = engine.run(part)
        activity.add(raster(part, network.channels), raster(fired, network.neurons))
    assert activity.ticks == engine.ticks - before[1] == driven.ticks
    np.testing.assert_array_equal(activity.spikes, engine.spikes)
    np.testing.assert_array_equal(activity.active, engine.active)
    np.testing.assert_array_equal(activity.synapses, engine.synapses)


def test_what_was_under_way_is_forgotten() -> None:
    network = network_of(STORED[1])
    activity = Activity(network)
    activity.add(np.ones((1, network.channels), bool), np.ones((1, network.neurons), bool))
    activity.forget()
    activity.add(np.zeros((1, network.channels), bool), np.zeros((1, network.neurons), bool))
    assert activity.active.sum() == 0
    assert activity.ticks == 2
