"""Run neurons three ways: their own step in numpy, the compiled engine, Brian2."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.snn.patterns import OneToOne
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

Floats = npt.NDArray[np.float64]

# The tick of comparisons with simulators.
DT_MS = 0.1


class Trace(NamedTuple):
    """What neurons did: output and state of each tick, (ticks, neurons) or (ticks,)."""

    output: Floats
    states: list[Any]

    def __getattr__(self, name: str) -> Floats:
        return np.array([getattr(state, name) for state in self.states])

    @property
    def ticks(self) -> list[int]:
        """Ticks in which a single neuron fired."""
        return [int(tick) for tick in np.flatnonzero(self.output)]


def trace(neuron: Any, currents: npt.ArrayLike, dt_ms: float = 1.0, **start: Any) -> Trace:
    """Step neurons in float64 with the currents of each tick; `start` changes the state."""
    constants, rules = neuron.constants(dt_ms), neuron.rules(dt_ms)
    state = neuron.state()._replace(**start)
    output, states = [], []
    for current in np.asarray(currents, np.float64):
        fired, state = neuron.step(None, constants, rules, state, current)
        output.append(fired)
        states.append(state)
    return Trace(np.array(output), states)


def stream(neuron: Any, currents: npt.ArrayLike, dt_ms: float = 1.0) -> Floats:
    """Run one neuron per column of `currents` in the compiled engine; returns (ticks, neurons).

    Every current is a graded spike over a synapse of weight 1.
    """
    given = np.asarray(currents, np.float32)
    ticks, size = given.shape
    network = StreamingNetwork(
        NetworkSpec(
            "alone",
            dt_ms,
            (Input("current", (size,)),),
            (Population("cell", (size,), neuron),),
            (Projection("current", "cell", 1.0, OneToOne()),),
        )
    )
    every = np.tile(np.arange(size, dtype=np.uint32), ticks)
    fired = network.run(TickSpikes(every, np.arange(ticks + 1) * size, given.ravel()))
    raster = np.zeros((ticks, size))
    raster[np.repeat(np.arange(ticks), np.diff(fired.first)), fired.address] = 1.0
    return raster


def raster(monitor: Any, ticks: int, size: int) -> Floats:
    """Return the spikes of a Brian2 monitor as (ticks, neurons)."""
    fired = np.zeros((ticks, size))
    fired[np.rint(np.asarray(monitor.t) * 1e3 / DT_MS).astype(int), np.asarray(monitor.i)] = 1.0
    return fired


def apart(first: Floats, second: Floats) -> int:
    """Return by how many ticks spikes differ at most; every neuron must fire equally often."""
    assert np.array_equal(first.sum(axis=0), second.sum(axis=0))
    times = [np.nonzero(fired.T)[1] for fired in (first, second)]
    return int(np.abs(times[0] - times[1]).max(initial=0))
