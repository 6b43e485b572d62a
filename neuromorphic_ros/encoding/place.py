"""Place code: which of some places something is in, by one neuron each."""

from __future__ import annotations

import numpy as np

from neuromorphic_ros.spikes import Shape, SpikeBatch

_LONG_AGO_NS = -(2**63)


class PlaceCode:
    """Code a place by one spike of its neuron, as place cells of no overlap do.

    O'Keefe & Dostrovsky, "The hippocampus as a spatial map", Brain Research 34, 1971. A sample
    stands for `hold_ms`: the spike of one that comes earlier waits until then.
    """

    _held_until_ns: int

    def __init__(self, places: int) -> None:
        """Start without samples."""
        self._places = places
        self.reset()

    @property
    def shape(self) -> Shape:
        """(places,)."""
        return (self._places,)

    def encode(self, place: int, stamp_ns: int, hold_ms: float) -> SpikeBatch:
        """Return the spike of a sample."""
        time_ns = max(stamp_ns, self._held_until_ns)
        self._held_until_ns = max(stamp_ns + round(hold_ms * 1e6), time_ns)
        return SpikeBatch(self.shape, np.array([place], np.uint32), np.array([time_ns], np.int64))

    def complete_ns(self, stamp_ns: int) -> int:
        """Return the time until which the sample stands."""
        return max(stamp_ns, self._held_until_ns)

    def reset(self) -> None:
        """Forget all samples."""
        self._held_until_ns = _LONG_AGO_NS
