"""The last seconds of the spikes of a network."""

from __future__ import annotations

from collections.abc import Iterable

from neuromorphic_ros.spikes import SpikeBatch, merge


class SpikeHistory:
    """Keep the spikes of the last `span_ns` by population, whatever the pieces that they come in.

    A clock that was set back, as at the start of a recording that is played again, begins anew.
    """

    def __init__(self, span_ns: int) -> None:
        """Start without spikes."""
        self.span_ns = span_ns
        self.end_ns = 0
        self._pieces: dict[str, list[SpikeBatch]] = {}

    def add(self, population: str, spikes: SpikeBatch, complete_ns: int) -> None:
        """Take spikes of a population, which are all of it up to `complete_ns`."""
        if complete_ns < self.end_ns - self.span_ns:
            self._pieces, self.end_ns = {}, 0
        self.end_ns = max(self.end_ns, complete_ns)
        pieces = self._pieces.setdefault(population, [])
        if pieces and pieces[0].shape != spikes.shape:
            pieces.clear()
        pieces.append(spikes)

    def keep(self, populations: Iterable[str]) -> None:
        """Forget all others, and keep this order."""
        self._pieces = {name: self._pieces.get(name, []) for name in populations}

    def recent(self) -> dict[str, SpikeBatch]:
        """Return the spikes of the span before `end_ns`, of populations that have told any."""
        start_ns = self.end_ns - self.span_ns
        recent = {}
        for name, pieces in self._pieces.items():
            if pieces:
                recent[name] = merge(pieces).between(start_ns, self.end_ns)
                pieces[:] = [recent[name]]
        return recent
