from __future__ import annotations

import numpy as np

from neuromorphic_ros.encoding.trains import numbered


def test_spikes_are_numbered_within_their_channel() -> None:
    channel, number = numbered(np.array([2, 0, 3]))
    assert channel.tolist() == [0, 0, 2, 2, 2]
    assert number.tolist() == [1, 2, 1, 2, 3]


def test_no_spikes_have_no_numbers() -> None:
    channel, number = numbered(np.zeros(4, np.int64))
    assert (channel.size, number.size) == (0, 0)
