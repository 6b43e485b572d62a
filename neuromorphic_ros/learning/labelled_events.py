"""Events each of which has a label, and others made of them: turned over, thinned, slowed down."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.spikes import SpikeBatch

NONE = -1
"""Label of an event that belongs to no class."""


class LabelledEvents(NamedTuple):
    """Events of a camera in the order of time, and what each belongs to: a class or NONE; int64[n].

    The events of a tick are in the order of their addresses, as a network takes them.
    """

    events: SpikeBatch
    label: npt.NDArray[np.int64]

    def pieces(self, length_ns: int) -> list[LabelledEvents]:
        """Cut at multiples of a length; pieces without events are left out."""
        number = self.events.time_ns // length_ns
        cuts = np.flatnonzero(np.diff(number)) + 1
        return [
            self._take(np.arange(first, stop))
            for first, stop in zip((0, *cuts), (*cuts, len(number)), strict=True)
            if stop > first
        ]

    def turned(self, down: bool, across: bool) -> LabelledEvents:
        """Turn the picture upside down, and left to right."""
        polarity, y, x = self.places()
        shape = self.events.shape
        y, x = (shape[1] - 1 - y if down else y), (shape[2] - 1 - x if across else x)
        address = np.ravel_multi_index((polarity, y, x), shape)
        return _ordered(address, self.events.time_ns, self)

    def thinned(self, lost: float, generator: np.random.Generator) -> LabelledEvents:
        """Drop a share of the events at random, as things of less contrast do."""
        return self._take(np.flatnonzero(generator.random(len(self.label)) >= lost))

    def slowed(self, factor: float, dt_ns: int) -> LabelledEvents:
        """Stretch time from the first event on; below 1 things become faster."""
        time_ns = self.events.time_ns
        start_ns = time_ns[:1].sum()
        slow_ns = start_ns + ((time_ns - start_ns) * factor).astype(np.int64)
        return _ordered(self.events.address.astype(np.int64), slow_ns // dt_ns * dt_ns, self)

    def places(self) -> tuple[npt.NDArray[np.int64], ...]:
        """Return polarity, row and column of each event; int64[n]."""
        address = self.events.address.astype(np.int64)
        return tuple(np.unravel_index(address, self.events.shape))

    def _take(self, chosen: npt.NDArray[np.int64]) -> LabelledEvents:
        shape, address, time_ns = self.events.shape, self.events.address, self.events.time_ns
        events = SpikeBatch(shape, address[chosen], time_ns[chosen])
        return LabelledEvents(events, self.label[chosen])


def on_ticks(events: SpikeBatch, dt_ns: int) -> SpikeBatch:
    """Round stamps down to ticks, as a network hears its events: sorted by tick, then address."""
    address, time_ns = events.address.astype(np.int64), events.time_ns // dt_ns * dt_ns
    order = np.lexsort((address, time_ns))
    return SpikeBatch(events.shape, events.address[order], time_ns[order])


def _ordered(
    address: npt.NDArray[np.int64], time_ns: npt.NDArray[np.int64], of: LabelledEvents
) -> LabelledEvents:
    order = np.lexsort((address, time_ns))
    events = SpikeBatch(of.events.shape, address[order].astype(np.uint32), time_ns[order])
    return LabelledEvents(events, of.label[order])
