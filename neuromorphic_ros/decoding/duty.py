"""How much neurons fire of late, as low-pass filtered duties."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.spikes import SpikeBatch

Duties = npt.NDArray[np.float64]


def filtered(
    duty: Duties, spikes: SpikeBatch, start_ns: int, stop_ns: int, dt_ns: int, tau_ms: float
) -> Duties:
    """Return the duties at `stop_ns`, given those at `start_ns` and all spikes in between.

    duty: float64, one for each address of `spikes`, in any shape; 1 for a neuron that fires in
    every tick. dt_ns: tick of the network. Filter: exponential kernel, as the synaptic trace of
    Dayan & Abbott, Theoretical Neuroscience (2001), section 1.2.
    """
    tau_ns = tau_ms * 1e6
    per_spike = -math.expm1(-dt_ns / tau_ns)
    age_ns = stop_ns - dt_ns - spikes.time_ns
    arrived = np.bincount(
        spikes.address, per_spike * np.exp(-age_ns / tau_ns), minlength=spikes.size
    )
    return duty * math.exp((start_ns - stop_ns) / tau_ns) + arrived.reshape(duty.shape)
