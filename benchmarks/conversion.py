"""Time the conversion of a million spikes to a SpikeArray message and back."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from reporting import Row, main

from neuromorphic_ros.nodes.conversion import to_ros
from neuromorphic_ros.pipeline.messages import spike_arrays, spikes_of
from neuromorphic_ros.pipeline.outputs import SPIKES
from neuromorphic_ros.spikes import SpikeBatch

SPIKE_COUNT = 1_000_000
ROUNDS = 50
SHAPE = (2, 480, 640)


def median_ms(work: Callable[[], object]) -> float:
    """Return the median time of `work` [ms]."""
    elapsed = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        elapsed.append(1e3 * (time.perf_counter() - begun))
    return statistics.median(elapsed)


def measure() -> list[Row]:
    """Convert to and fro and check that nothing changed."""
    generator = np.random.default_rng(0)
    spikes = SpikeBatch(
        SHAPE,
        generator.integers(0, np.prod(SHAPE), SPIKE_COUNT, np.uint32),
        np.sort(generator.integers(0, 10**9, SPIKE_COUNT)),
    )
    (fields,) = spike_arrays("dvs", "camera", spikes, 0, 10**9, 10**9)
    message = to_ros(SPIKES, fields)
    assert spikes_of(message).spikes == spikes

    def to_message() -> object:
        (fields,) = spike_arrays("dvs", "camera", spikes, 0, 10**9, 10**9)
        return to_ros(SPIKES, fields)

    return [
        {"work": "SpikeBatch to SpikeArray", "spikes": SPIKE_COUNT, "ms": median_ms(to_message)},
        {
            "work": "SpikeArray to SpikeBatch, checked",
            "spikes": SPIKE_COUNT,
            "ms": median_ms(lambda: spikes_of(message)),
        },
    ]


if __name__ == "__main__":
    main(__doc__, measure)
