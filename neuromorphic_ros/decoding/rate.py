"""Rates of spikes, and the values that a rate code gave them for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.spikes import SpikeBatch, TimesNs

Values = npt.NDArray[np.float64]


def decode_rates(spikes: SpikeBatch, edges_ns: TimesNs) -> Values:
    """Return the rate of each address in each window, float64[windows, *shape] in Hz.

    edges_ns: int64[windows + 1], increasing; a window holds the spikes from its edge up to the
    next one, which is left out.
    Raises SpikeError if the edges do not increase.
    """
    if edges_ns.size < 2 or np.any(np.diff(edges_ns) <= 0):
        raise SpikeError("windows need at least two edges, each later than the one before")
    inside = spikes.between(int(edges_ns[0]), int(edges_ns[-1]))
    window = np.searchsorted(edges_ns, inside.time_ns, side="right") - 1
    windows = edges_ns.size - 1
    counts = np.bincount(window * spikes.size + inside.address, minlength=windows * spikes.size)
    rates_hz = counts.reshape(windows, spikes.size) / (np.diff(edges_ns)[:, None] * 1e-9)
    return rates_hz.reshape(windows, *spikes.shape)


def decode_values(
    rates_hz: Values, low: npt.ArrayLike, high: npt.ArrayLike, max_rate_hz: float
) -> Values:
    """Return the values that rates stand for: low at 0 Hz, high at `max_rate_hz`.

    A code with one address per sign is decoded from the difference of the two rates, with low 0.
    Regular spikes are counted with an error below one, so a window of w seconds gives the value
    within (high - low) / (max_rate_hz w), and twice that from a difference.
    """
    return np.asarray(low + rates_hz / max_rate_hz * np.subtract(high, low))
