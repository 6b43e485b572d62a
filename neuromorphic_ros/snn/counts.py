"""What a network did, in exact integers: the ground of every energy figure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


class Counts(NamedTuple):
    """Count the activity of a network; inputs first, then populations in execution order.

    names, sizes: of inputs and populations; sizes int64[n].
    spikes: int64[n]. synaptic_events: int64[n], non-zero weights driven by the spikes of each, as
    NeuroBench defines synaptic operations (Yik et al., Nature Communications 16, 1545, 2025).
    neuron_updates: int64[n], zero for inputs. ticks: network steps.
    dense_macs: multiply-accumulates that the same ticks take when every synapse is computed.
    """

    names: tuple[str, ...]
    sizes: Integers
    spikes: Integers
    synaptic_events: Integers
    neuron_updates: Integers
    ticks: int
    dense_macs: int

    def plus(self, later: Counts) -> Counts:
        """Return the sum of two windows of the same network."""
        return self._replace(
            spikes=self.spikes + later.spikes,
            synaptic_events=self.synaptic_events + later.synaptic_events,
            neuron_updates=self.neuron_updates + later.neuron_updates,
            ticks=self.ticks + later.ticks,
            dense_macs=self.dense_macs + later.dense_macs,
        )

    def since(self, earlier: Counts) -> Counts:
        """Return what was added after `earlier`, counts of the same network."""
        return self._replace(
            spikes=self.spikes - earlier.spikes,
            synaptic_events=self.synaptic_events - earlier.synaptic_events,
            neuron_updates=self.neuron_updates - earlier.neuron_updates,
            ticks=self.ticks - earlier.ticks,
            dense_macs=self.dense_macs - earlier.dense_macs,
        )

    def by_population(self) -> dict[str, int]:
        """Return the spikes by name."""
        return dict(zip(self.names, self.spikes.tolist(), strict=True))
