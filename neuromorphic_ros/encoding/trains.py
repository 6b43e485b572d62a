"""Spike trains of many channels, as flat arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


def numbered(counts: Integers) -> tuple[Integers, Integers]:
    """Return the channel of every spike and its number within its channel, from 1.

    counts: int64[channels], spikes of each channel. Ordered by channel, then number.
    """
    channel = np.repeat(np.arange(counts.size), counts)
    number = 1 + np.arange(channel.size) - np.repeat(np.cumsum(counts) - counts, counts)
    return channel, number
