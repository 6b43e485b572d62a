"""How much two runs of the same neurons have in common."""

from __future__ import annotations

import numpy as np

from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.spikes import SpikeBatch


def spike_agreement(spikes: SpikeBatch, reference: SpikeBatch, window_ns: int) -> float:
    """Return the share of spikes that both have, from 0 to 1; 1 if neither has any.

    A spike is shared if the other has one of the same neuron in the same window, one for one: twice
    the shared ones over all (Dice, Ecology 26, 297, 1945). Windows begin at multiples of window_ns:
    with that of a tick this compares spike by spike, with a longer one rates.
    Raises SpikeError if the shapes differ or the window is empty.
    """
    if spikes.shape != reference.shape:
        raise SpikeError(f"shapes {spikes.shape} and {reference.shape} are of other neurons")
    if window_ns < 1:
        raise SpikeError(f"a window of {window_ns} ns is empty; give at least 1 ns")
    total = len(spikes) + len(reference)
    if not total:
        return 1.0
    pairs = [
        np.stack((each.time_ns // window_ns, each.address.astype(np.int64)))
        for each in (spikes, reference)
    ]
    _, place = np.unique(np.concatenate(pairs, axis=1), axis=1, return_inverse=True)
    one, other = np.split(place.ravel(), [len(spikes)])
    size = int(place.max()) + 1
    shared = np.minimum(np.bincount(one, minlength=size), np.bincount(other, minlength=size))
    return float(2 * shared.sum() / total)
