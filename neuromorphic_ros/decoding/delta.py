"""The signal that a step-forward code was made from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.spikes import SpikeBatch, TimesNs

Values = npt.NDArray[np.float64]


def decode_delta(
    spikes: SpikeBatch, step: npt.ArrayLike, initial: npt.ArrayLike, times_ns: TimesNs
) -> Values:
    """Return the signal at given times, float64[times, channels].

    spikes: of shape (2, channels), polarity 1 = up. step: per channel or common, in its unit.
    initial: value of each channel, or of all, before the first spike. times_ns: int64[times],
    increasing. At the time of a sample the signal is within one step of it.
    Raises SpikeError if the spikes have no polarity or times decrease.
    """
    if len(spikes.shape) != 2 or spikes.shape[0] != 2:
        raise SpikeError(f"steps have shape (2, channels), not {spikes.shape}")
    if np.any(np.diff(times_ns) < 0):
        raise SpikeError("times_ns decreases; sort the times")
    channels = spikes.shape[1]
    polarity, channel = np.divmod(spikes.address.astype(np.int64), channels)
    # A spike counts from the first time on that is not before it.
    at = np.searchsorted(times_ns, spikes.time_ns)
    steps = np.bincount(
        at * channels + channel,
        weights=2.0 * polarity - 1.0,
        minlength=(times_ns.size + 1) * channels,
    ).reshape(-1, channels)
    return np.asarray(initial + np.cumsum(steps, axis=0)[:-1] * np.asarray(step))
