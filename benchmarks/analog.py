"""Measure how PyNN's simulators keep up with a robot that runs a network for BrainScaleS-2.

All channels at random, one process for the simulator as on a robot, in chunks of `chunk_ms` of
robot time. `realtime`: how many times faster than the robot, once it has started.
`same_rates`: spikes in common with float in 100 ms, of the population that commands are read from;
circuits are ideal, or as far off as `spread.CALIBRATED` has them. What is not installed is left
out.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterator

import numpy as np
from reporting import Row, main

from neuromorphic_ros.backends.brainscales.brainscales import ENGINES, compile_brainscales
from neuromorphic_ros.backends.brainscales.spread import CALIBRATED, IDEAL
from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.snn.spike_agreement import spike_agreement
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes
from neuromorphic_ros.spikes import SpikeBatch, merge

NETWORK = "analog_robot"
CHUNK = 20
CHUNKS = 20
# Of the channels of an input, how many spike in a tick.
SHARES = {"dvs": 1e-3, "scan": 0.2, "drive": 0.5}
RATE_WINDOW_NS = 100_000_000


def stimulus() -> TickSpikes:
    """Return the spikes of all chunks and one to start with."""
    spec = find_network(NETWORK)
    generator = np.random.default_rng(0)
    ticks = (CHUNKS + 1) * CHUNK
    shares = [np.full(math.prod(each.shape), SHARES[each.name]) for each in spec.inputs]
    hits = generator.random((ticks, spec.channels), np.float32) < np.concatenate(shares)
    tick, channel = np.nonzero(hits)
    return TickSpikes(channel.astype(np.uint32), np.searchsorted(tick, np.arange(ticks + 1)))


def rows() -> Iterator[Row]:
    """Yield a row for each simulator and kind of circuits."""
    spec, spikes = find_network(NETWORK), stimulus()
    order = spec.execution_order()
    read = next(each for each in spec.readouts if each.name == "cmd_vel").population
    reference = StreamingNetwork(spec).run(spikes).by_node(order, spec.dt_ns)[read]
    for engine in ENGINES:
        for circuits, spread in (("ideal", IDEAL), ("calibrated", CALIBRATED)):
            try:
                runner = compile_brainscales(spec, Options(engine=engine), spread)
            except BackendError:
                continue
            found = [SpikeBatch.empty(reference.shape)]
            taken_s = []
            for first in range(0, spikes.ticks, CHUNK):
                begun_s = time.perf_counter()
                fired = runner.run(spikes.between(first, first + CHUNK))
                taken_s.append(time.perf_counter() - begun_s)
                found.append(fired.by_node(order, spec.dt_ns, first)[read])
            yield {
                "network": NETWORK,
                "engine": engine,
                "circuits": circuits,
                "chunk_ms": CHUNK * spec.dt_ms,
                "median_ms": 1e3 * statistics.median(taken_s[1:]),
                "largest_ms": 1e3 * max(taken_s[1:]),
                "realtime": 1e-3 * CHUNKS * CHUNK * spec.dt_ms / sum(taken_s[1:]),
                "same_rates": spike_agreement(merge(found), reference, RATE_WINDOW_NS),
            }


if __name__ == "__main__":
    main(__doc__, lambda: list(rows()))
