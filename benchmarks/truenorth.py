"""Time the simulated cores of TrueNorth on one thread: 64 random ones, and those of networks.

Random cores have half of all synapses, and every axon hears a spike with the same probability in
each tick. Networks are mapped anew; their channels spike at random.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import numpy as np
from reporting import Row, main

from neuromorphic_ros.backends.truenorth.chip import AXONS, NEURONS, TYPES
from neuromorphic_ros.backends.truenorth.core import Core
from neuromorphic_ros.backends.truenorth.neuron import idle
from neuromorphic_ros.backends.truenorth.runner import TrueNorthRunner
from neuromorphic_ros.backends.truenorth.simulator import Simulator
from neuromorphic_ros.pipeline.hardware_survey import drawn
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.tick_spikes import TickSpikes

CORES = 64
TICKS = 200
ROUNDS = 7
ACTIVITIES = (0.01, 0.1, 0.5)
CHANNEL_ACTIVITY = 0.02


def random_cores(generator: np.random.Generator) -> list[Core]:
    """Draw cores of leaky neurons whose spikes leave the chip."""
    cores = []
    for _ in range(CORES):
        neurons = idle(NEURONS)
        neurons["weight"] = generator.integers(-60, 60, (NEURONS, TYPES))
        neurons["threshold"] = generator.integers(200, 400, NEURONS)
        neurons["leak"], neurons["leak_reversal"], neurons["saturate"] = -2, 1, 1
        types = generator.integers(0, TYPES, AXONS).astype(np.uint8)
        cores.append(Core(types, generator.random((AXONS, NEURONS)) < 0.5, neurons))
    return cores


def measure_cores() -> Iterator[Row]:
    """Run the random cores at each activity."""
    generator = np.random.default_rng(0)
    simulator = Simulator(random_cores(generator))
    for activity in ACTIVITIES:
        tick, axon = np.nonzero(generator.random((TICKS, CORES * AXONS)) < activity)
        spikes = TickSpikes(axon.astype(np.uint32), np.searchsorted(tick, np.arange(TICKS + 1)))
        yield {
            "work": f"random, {activity:.0%} of axons",
            "cores": CORES,
            "map_ms": None,
            **timed(simulator, spikes, 1.0),
        }


def measure_network(spec: NetworkSpec) -> Row:
    """Map a network and run it."""
    begun = time.perf_counter()
    runner = TrueNorthRunner(spec)
    map_ms = 1e3 * (time.perf_counter() - begun)
    return {
        "work": spec.name,
        "cores": len(runner.mapping.cores),
        "map_ms": map_ms,
        **timed(runner, drawn(spec, CHANNEL_ACTIVITY, TICKS), spec.dt_ms),
    }


def timed(runs: Simulator | TrueNorthRunner, spikes: TickSpikes, dt_ms: float) -> Row:
    """Time ticks, one call each and many a call; medians of rounds."""
    ticks = [spikes.between(tick, tick + 1) for tick in range(spikes.ticks)]
    fired = runs.run(spikes)
    single_s, many_s = [], []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        runs.run(spikes)
        many_s.append((time.perf_counter() - begun) / spikes.ticks)
        begun = time.perf_counter()
        for tick in ticks:
            runs.run(tick)
        single_s.append((time.perf_counter() - begun) / spikes.ticks)
    single = statistics.median(single_s)
    return {
        "spikes_per_tick": fired.address.size / fired.ticks,
        "tick_us_single": 1e6 * single,
        "tick_us_many": 1e6 * statistics.median(many_s),
        "times_real_time": dt_ms / 1e3 / single,
    }


def measure() -> list[Row]:
    """Measure random cores, then the networks and models that fit."""
    measure_network(find_network("obstacle_avoider"))  # compiles, or reads what was compiled
    specs = [find_network(name) for name in ("obstacle_avoider", "motion_detector", "robot")]
    specs += [
        find_model(name).spec() for name in ("watch_exercises", "digits", "gestures", "nmnist")
    ]
    return [*measure_cores(), *map(measure_network, specs)]


if __name__ == "__main__":
    main(__doc__, measure)
