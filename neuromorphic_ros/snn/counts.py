"""What a network did, in exact integers: the ground of every energy figure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


class Counts(NamedTuple):
    """Count the activity of a network.

    names, sizes: of inputs, then populations in execution order; sizes int64[n].
    spikes: int64[n], of leaky integrators 0: they pass on values. synaptic_events: int64[n],
    non-zero weights driven by the spikes or values of each, as
    NeuroBench defines synaptic operations (Yik et al., Nature Communications 16, 1545, 2025).
    neuron_updates: int64[n], zero for inputs. active_updates: int64[n], those of neurons whose
    input differed from their constant drive; the rest only leaks.
    projections: `pre -> post`, as in the network's description. Of each, int64[p]:
    projection_events: its synaptic events. plasticity_updates: how often learning gave a weight
    another value; under reward_stdp an eligibility, or a weight when it is settled.
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
        """Return the sum of two windows of the same network, by name: either may lack some."""
        nodes = _Union(self.names, later.names)
        links = _Union(self.projections, later.projections)
        added: dict[str, Any] = {"ticks": self.ticks + later.ticks}
        for union, fields in ((nodes, OF_NODES), (links, OF_PROJECTIONS)):
            added |= {
                field: union.sum(getattr(self, field), getattr(later, field)) for field in fields
            }
        sizes = nodes.first(self.sizes, later.sizes)
        return Counts(names=nodes.names, sizes=sizes, projections=links.names, **added)

    def since(self, earlier: Counts) -> Counts:
        """Return what was added after `earlier`, counts of the same network."""
        return self._replace(
            **{name: getattr(self, name) - getattr(earlier, name) for name in ADDED}
        )

    def by_population(self) -> dict[str, int]:
        """Return the spikes by name."""
        return dict(zip(self.names, self.spikes.tolist(), strict=True))


OF_NODES = ("spikes", "synaptic_events", "neuron_updates", "active_updates")
OF_PROJECTIONS = (
    "projection_events",
    "plasticity_updates",
    "memory_bytes",
    "dense_macs",
    "dense_bytes",
)
ADDED = (*OF_NODES, *OF_PROJECTIONS, "ticks")
"""What grows while a network runs."""


class _Union:
    """The names of two windows, in the order of their first use, and where each window has them."""

    def __init__(self, before: tuple[str, ...], later: tuple[str, ...]) -> None:
        # Two projections may join the same populations: the second of a name is another.
        keys = list(_numbered(before)), list(_numbered(later))
        place = {key: index for index, key in enumerate(dict.fromkeys([*keys[0], *keys[1]]))}
        self.names = tuple(name for name, _ in place)
        self._before, self._later = ([place[key] for key in side] for side in keys)

    def sum(self, before: Integers, later: Integers) -> Integers:
        """Return int64[names]; what a window lacks is zero there."""
        total = np.zeros(len(self.names), np.int64)
        total[self._before] = before
        total[self._later] += later
        return total

    def first(self, before: Integers, later: Integers) -> Integers:
        """Return int64[names] of the earlier window that has each."""
        values = np.zeros(len(self.names), np.int64)
        values[self._later] = later
        values[self._before] = before
        return values


def _numbered(names: Iterable[str]) -> Iterable[tuple[str, int]]:
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, -1) + 1
        yield name, seen[name]
