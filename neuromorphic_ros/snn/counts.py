"""What a network did, in exact integers: the ground of every energy figure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


class Counts(NamedTuple):
    """Count the activity of a network.

    names, sizes: of inputs, then populations in execution order; sizes int64[n].
    spikes: int64[n]. synaptic_events: int64[n], non-zero weights driven by the spikes of each, as
    NeuroBench defines synaptic operations (Yik et al., Nature Communications 16, 1545, 2025).
    neuron_updates: int64[n], zero for inputs. active_updates: int64[n], those of neurons whose
    input differed from their constant drive; the rest only leaks.
    projections: `pre -> post`, as in the network's description. Of each, int64[p]:
    projection_events: its synaptic events. plasticity_updates: weights that learning changed.
    memory_bytes: synapses that spikes made the engine read, zeros of dense rows included.
    dense_macs: multiply-accumulates of the same ticks when every weight, zero or not, meets every
    input. dense_bytes: weights that this dense computation reads, each once per tick.
    ticks: network steps.
    """

    names: tuple[str, ...]
    sizes: Integers
    spikes: Integers
    synaptic_events: Integers
    neuron_updates: Integers
    active_updates: Integers
    projections: tuple[str, ...]
    projection_events: Integers
    plasticity_updates: Integers
    memory_bytes: Integers
    dense_macs: Integers
    dense_bytes: Integers
    ticks: int

    @property
    def idle_updates(self) -> Integers:
        """Updates of neurons that received nothing; int64[n]."""
        return self.neuron_updates - self.active_updates

    def plus(self, later: Counts) -> Counts:
        """Return the sum of two windows of the same network."""
        return self._replace(**{name: getattr(self, name) + getattr(later, name) for name in ADDED})

    def since(self, earlier: Counts) -> Counts:
        """Return what was added after `earlier`, counts of the same network."""
        return self._replace(
            **{name: getattr(self, name) - getattr(earlier, name) for name in ADDED}
        )

    def by_population(self) -> dict[str, int]:
        """Return the spikes by name."""
        return dict(zip(self.names, self.spikes.tolist(), strict=True))


ADDED = tuple(name for name in Counts._fields if name not in ("names", "sizes", "projections"))
"""What grows while a network runs."""
