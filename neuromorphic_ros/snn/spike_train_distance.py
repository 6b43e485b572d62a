"""How far two spike trains of the same neurons are apart."""

from __future__ import annotations

import numpy as np

from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.spikes import SpikeBatch


def van_rossum_distance(spikes: SpikeBatch, reference: SpikeBatch, tau_ns: int) -> float:
    """Return the squared distance of two spike trains, summed over neurons.

    D^2 = 1/tau times the integral of (f - g)^2, where f and g are the trains under a causal
    exponential of time constant tau: 1/2 for each spike without another near it, 1 - exp(-dt/tau)
    for two that are dt apart.

    Source: van Rossum, A novel spike distance, Neural Computation 13, 751 (2001).
    Raises SpikeError if the shapes differ or tau is not positive.
    """
    if spikes.shape != reference.shape:
        raise SpikeError(f"shapes {spikes.shape} and {reference.shape} are of other neurons")
    if tau_ns < 1:
        raise SpikeError(f"a time constant of {tau_ns} ns is too short; give at least 1 ns")
    address = np.concatenate((spikes.address, reference.address))
    time_ns = np.concatenate((spikes.time_ns, reference.time_ns))
    sign = np.repeat((1.0, -1.0), (len(spikes), len(reference)))
    order = np.lexsort((time_ns, address))
    address, time_ns = address[order], time_ns[order]
    same = address[1:] == address[:-1]
    decay = np.exp(-np.where(same, np.diff(time_ns), np.inf) / tau_ns)
    # With x just after each spike, the integral up to the next is (1 - decay^2) x^2 tau / 2.
    total = trace = 0.0
    for jump, left in zip(sign[order].tolist(), [*decay.tolist(), 0.0], strict=False):
        trace += jump
        total += trace * trace * (1.0 - left * left) / 2.0
        trace *= left
    return total
