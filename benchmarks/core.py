"""Time the ticks of the shipped networks on one thread, one call a tick and many ticks a call."""

from __future__ import annotations

import time

import numpy as np
from reporting import Row, main

from neuromorphic_ros.pipeline.networks import find_network, network_names
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

TICKS = 5000
ACTIVITIES = (0.01, 0.05)


def random_spikes(channels: int, activity: float) -> TickSpikes:
    """Draw the channels that spike in each tick."""
    generator = np.random.default_rng(0)
    counts = generator.binomial(channels, activity, TICKS)
    address = [generator.choice(channels, count, replace=False) for count in counts]
    return TickSpikes(
        np.concatenate(address).astype(np.uint32), np.concatenate(([0], np.cumsum(counts)))
    )


def single_ticks(spikes: TickSpikes) -> list[TickSpikes]:
    """Cut spikes into ticks."""
    return [
        TickSpikes(spikes.address[first:last], np.array([0, last - first]))
        for first, last in zip(spikes.first, spikes.first[1:], strict=False)
    ]


def measure() -> list[Row]:
    """Run each network at each activity."""
    rows = []
    for name in network_names():
        network = StreamingNetwork(find_network(name))
        for activity in ACTIVITIES:
            spikes = random_spikes(network.spec.channels, activity)
            network.run(spikes)
            begun = time.perf_counter()
            network.run(spikes)
            many_s = (time.perf_counter() - begun) / TICKS
            ticks = single_ticks(spikes)
            begun = time.perf_counter()
            for tick in ticks:
                network.run(tick)
            single_s = (time.perf_counter() - begun) / TICKS
            rows.append(
                {
                    "network": name,
                    "channels": network.spec.channels,
                    "neurons": network.spec.neurons,
                    "activity": activity,
                    "tick_us_single": 1e6 * single_s,
                    "tick_us_many": 1e6 * many_s,
                    "ticks_per_s": round(1 / single_s),
                    "times_real_time": network.spec.dt_ms / 1000 / single_s,
                }
            )
    return rows


if __name__ == "__main__":
    main(__doc__, measure)
