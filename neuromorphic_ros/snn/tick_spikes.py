"""Spikes by tick, as networks take and give them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population
from neuromorphic_ros.snn.weights import Values
from neuromorphic_ros.spikes import Addresses, SpikeBatch

ONES = np.empty(0, np.float32)
"""Amounts of spikes that are all 1."""


class TickSpikes(NamedTuple):
    """Spikes by tick: those of tick k are address[first[k]:first[k + 1]].

    address: uint32[n], flat over all inputs (as input) or all neurons in execution order (as
    output). first: int64[ticks + 1]. value: float32[n], the amount of each, for graded input and
    neurons that fire several spikes in a tick; empty: all 1.
    """

    address: Addresses
    first: npt.NDArray[np.int64]
    value: Values = ONES

    @property
    def ticks(self) -> int:
        """Number of ticks."""
        return self.first.size - 1

    def check(self, spec: NetworkSpec) -> None:
        """Raise SpikeError if they are no input of a network."""
        address, first, value = self
        where = f"spikes do not fit network '{spec.name}': "
        if not first.size or first[0] or first[-1] != address.size or np.any(np.diff(first) < 0):
            raise SpikeError(f"{where}first does not rise from 0 to the {address.size} addresses")
        if address.size and not 0 <= address.min() <= address.max() < spec.channels:
            raise SpikeError(
                f"{where}an address of {address.min()} to {address.max()} is outside of its "
                f"{spec.channels} channels"
            )
        if value.size not in (0, address.size) or not np.all(np.isfinite(value)):
            raise SpikeError(f"{where}there is not one finite value for each address, or none")

    def one_by_one(self) -> TickSpikes:
        """Return n spikes for a spike of amount n, as address events have no amounts."""
        if not self.value.size:
            return self
        amounts = self.value.astype(np.int64)
        spikes_before = np.concatenate(([0], np.cumsum(amounts)))
        return TickSpikes(np.repeat(self.address, amounts), spikes_before[self.first])

    def between(self, start: int, stop: int) -> TickSpikes:
        """Return the spikes of the ticks from `start` to before `stop`."""
        first = self.first[start : stop + 1]
        events = slice(first[0], first[-1])
        return TickSpikes(self.address[events], first - first[0], self.value[events])

    def by_node(
        self, nodes: Sequence[Input | Population], dt_ns: int, start_tick: int = 0
    ) -> dict[str, SpikeBatch]:
        """Divide spikes, without their amounts, by node; at the start of their ticks.

        nodes: all inputs, or all populations in execution order. start_tick: of the first tick.
        """
        tick = start_tick + np.repeat(np.arange(self.ticks), np.diff(self.first))
        batches, low = {}, 0
        for node in nodes:
            high = low + math.prod(node.shape)
            mine = (self.address >= low) & (self.address < high)
            address = (self.address[mine] - low).astype(np.uint32)
            batches[node.name] = SpikeBatch(node.shape, address, tick[mine] * dt_ns)
            low = high
        return batches


def evenly_spaced(level: npt.NDArray[np.floating], start_tick: int, ticks: int) -> TickSpikes:
    """Return spikes of channels at constant rates; level: of each, spikes in a tick, 0..1.

    From tick 0 on a channel has spiked level * ticks times, rounded.
    """
    tick = np.arange(start_tick, start_tick + ticks + 1)[:, None]
    # Half a spike ahead, so that a number of spikes is rounded, not cut off.
    number = np.floor(level.ravel() * tick + 0.5)
    fired, address = np.nonzero(np.diff(number, axis=0))
    return TickSpikes(address.astype(np.uint32), np.searchsorted(fired, np.arange(ticks + 1)))


def concatenated(parts: Sequence[TickSpikes]) -> TickSpikes:
    """Return the ticks of several parts, one after the other."""
    start = np.cumsum([0, *(part.address.size for part in parts)])
    first = [part.first[:-1] + at for part, at in zip(parts, start, strict=False)]
    value = ONES
    if any(part.value.size for part in parts):
        value = np.concatenate(
            [part.value if part.value.size else np.ones(part.address.size) for part in parts]
        ).astype(np.float32)
    return TickSpikes(
        np.concatenate([np.empty(0, np.uint32), *(part.address for part in parts)]),
        np.concatenate([*first, start[-1:]]).astype(np.int64),
        value,
    )
