"""The levels that a latency code was made from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.spikes import SpikeBatch


def decode_latency(spikes: SpikeBatch, start_ns: int, sweep_ms: float) -> npt.NDArray[np.float64]:
    """Return the level of each address in one sweep, float64 of the spikes' shape.

    1 for a spike at `start_ns`, 0 for one at the end of the sweep, 0 without a spike in the sweep;
    of several spikes the first one counts. Times are whole nanoseconds, so the error is at most
    half of one over the sweep.
    """
    sweep_ns = round(sweep_ms * 1e6)
    level = np.zeros(spikes.size)
    sweep = spikes.between(start_ns, start_ns + sweep_ns + 1)
    # The first spike of an address is assigned last.
    level[sweep.address[::-1]] = 1.0 - (sweep.time_ns[::-1] - start_ns) / sweep_ns
    return level.reshape(spikes.shape)
