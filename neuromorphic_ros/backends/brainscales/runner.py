"""Run a network as a chip of BrainScaleS-2 would, chunk by chunk, with its counts."""

from __future__ import annotations

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.brainscales.drive import Sources
from neuromorphic_ros.backends.brainscales.plan import Plan, network
from neuromorphic_ros.backends.brainscales.pynn_network import LEAD_STEPS
from neuromorphic_ros.backends.brainscales.simulator_process import SimulatorProcess
from neuromorphic_ros.backends.brainscales.spread import IDEAL, Spread, scattered
from neuromorphic_ros.backends.brainscales.translation import synapses
from neuromorphic_ros.errors import NetworkError, SpikeError
from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.dense_equivalent import dense_equivalent
from neuromorphic_ros.snn.synapses import connect
from neuromorphic_ros.snn.tick_spikes import TickSpikes

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class _Expenses(NamedTuple):
    """What spikes cost, by the nodes that fire them.

    fan_out: synapses on the chip of each channel and neuron. projections: address of the first
    source, and synapses of each; dense_macs, dense_bytes: of each in a tick.
    """

    sizes: Integers
    begin: Integers
    fan_out: Integers
    projections: list[tuple[int, Integers]]
    dense_macs: Integers
    dense_bytes: Integers


class _Spikes(NamedTuple):
    """Spikes by tick; int64[n] each."""

    tick: Integers
    address: Integers


_NONE = _Spikes(np.empty(0, np.int64), np.empty(0, np.int64))


class BrainScalesRunner:
    """A network in PyNN, with its state.

    The process of the simulator starts with the first tick. Spikes of a source in one tick are
    spread over it; those beyond its `slots` are left out and counted in `dropped`. A neuron may
    fire twice in a tick.
    """

    def __init__(self, plan: Plan, engine: str, spread: Spread = IDEAL) -> None:
        """Prepare to run a plan on one of the engines; spread: of the circuits of a simulator."""
        self.plan = plan
        self.spec = plan.spec
        self.engine = engine
        self.spread = spread
        self.slots = max(1, round(plan.tick_us / plan.step_us) - LEAD_STEPS)
        self.dropped = 0
        self._process: SimulatorProcess | None = None
        # Since the start of the counts, and since the last reset.
        self._ticks = self._tick = 0
        self._spikes = np.zeros(self.spec.channels + self.spec.neurons, np.int64)
        # What the host has yet to play, and what fired in ticks to come.
        self._delayed = self._early = _NONE

    def run(self, spikes: TickSpikes) -> TickSpikes:
        """Run one tick per tick of `spikes`, addressed flat over all inputs.

        Returns the spikes addressed flat over all neurons in execution order.
        Raises SpikeError, with the network unchanged, if an address is no channel, `first` does not
        divide the addresses into ticks, or a spike has an amount; BackendError if PyNN fails.
        """
        _check(spikes, self.spec.channels)
        if not spikes.ticks:
            return spikes
        tick = self._tick + np.repeat(np.arange(spikes.ticks), np.diff(spikes.first))
        end = self._tick + spikes.ticks
        played = self._played(_Spikes(tick, spikes.address.astype(np.int64)), end)
        source, time_us = self._spread(played)
        if self._process is None:
            built = scattered(network(self.plan), self.spread, self.spec.seed)
            self._process = SimulatorProcess(built, self.engine)
        fired = self._process.run(source, time_us, end * self.plan.tick_us)
        tick = np.floor(fired.time_us / self.plan.tick_us + 1e-6).astype(np.int64)
        tick, address = _joined(self._early, _Spikes(np.maximum(tick, self._tick), fired.neuron))
        order = np.lexsort((address, tick))
        tick, address = tick[order], address[order]
        first = np.searchsorted(tick, np.arange(self._tick, end + 1))
        self._early = _Spikes(tick[first[-1] :], address[first[-1] :])
        address = address[: first[-1]]
        self._tick, self._ticks = end, self._ticks + spikes.ticks
        np.add.at(self._spikes, spikes.address, 1)
        np.add.at(self._spikes, self.spec.channels + address, 1)
        return TickSpikes(address.astype(np.uint32), first.astype(np.int64))

    def reset(self) -> None:
        """Return to rest; the counts go on. Raises BackendError if PyNN fails."""
        if self._tick and self._process:
            self._process.reset()
        self._tick = 0
        self._delayed = self._early = _NONE

    def adopt(self, other: object) -> None:
        """Start at rest: a variant is another network on the chip.

        The counts go on. Raises NetworkError if `other` runs elsewhere.
        """
        if not isinstance(other, BrainScalesRunner):
            raise NetworkError(f"network '{self.spec.name}' runs elsewhere: its state is not here")
        self.reset()

    def counts(self) -> Counts:
        """Return the counts since construction.

        Synaptic events are those of the chip, where a large weight takes several synapses; those of
        projections are of the network. Circuits are not updated and read no memory.
        """
        ticks, spikes, each = self._ticks, self._spikes, self._expenses
        nothing = np.zeros(each.sizes.size, np.int64)
        return Counts(
            names=tuple(node.name for node in self.spec.execution_nodes()),
            sizes=each.sizes,
            spikes=np.add.reduceat(spikes, each.begin),
            synaptic_events=np.add.reduceat(spikes * each.fan_out, each.begin),
            neuron_updates=nothing,
            active_updates=nothing,
            projections=tuple(map(str, self.spec.projections)),
            projection_events=np.array(
                [spikes[first : first + rows.size] @ rows for first, rows in each.projections],
                np.int64,
            ),
            plasticity_updates=np.zeros(len(each.projections), np.int64),
            memory_bytes=np.zeros(len(each.projections), np.int64),
            dense_macs=each.dense_macs * ticks,
            dense_bytes=each.dense_bytes * ticks,
            ticks=ticks,
        )

    @cached_property
    def _expenses(self) -> _Expenses:
        spec, sources = self.spec, self.plan.sources
        nodes = spec.execution_nodes()
        sizes = np.array([math.prod(node.shape) for node in nodes], np.int64)
        begin = np.cumsum(sizes) - sizes
        place = {node.name: int(first) for node, first in zip(nodes, begin, strict=True)}
        taken = self.plan.weights.copy()
        taken.data = synapses(taken.data)
        fan_out = np.asarray(taken.sum(axis=1), np.int64).ravel()
        channels = np.zeros(spec.channels, np.int64)
        np.add.at(channels, sources.channel, fan_out[sources.source])
        projections = []
        for index, projection in enumerate(spec.projections):
            pre = spec.end(projection.pre)
            rows = connect(spec, index).synapses_per_row
            projections.append((place[pre.name] + pre.start, rows))
        dense = [dense_equivalent(spec, index) for index in range(len(spec.projections))]
        return _Expenses(
            sizes=sizes,
            begin=begin,
            fan_out=np.concatenate((channels, fan_out[sources.number :])),
            projections=projections,
            dense_macs=np.array([one.macs for one in dense], np.int64),
            dense_bytes=np.array([one.weight_bytes for one in dense], np.int64),
        )

    def _played(self, spikes: _Spikes, end: int) -> _Spikes:
        """Return which sources fire before tick `end`, and keep what comes later."""
        tick, source = _joined(self._delayed, _sources(self.plan.sources, spikes))
        now = tick < end
        self._delayed = _Spikes(tick[~now], source[~now])
        return _Spikes(tick[now], source[now])

    def _spread(self, played: _Spikes) -> tuple[Integers, Floats]:
        """Return sources and times of spikes, spread evenly over their ticks."""
        order = np.lexsort((played.address, played.tick))
        tick, source = played.tick[order], played.address[order]
        key = tick * self.plan.sources.number + source
        _, first, which, count = np.unique(
            key, return_index=True, return_inverse=True, return_counts=True
        )
        number, many = np.arange(key.size) - first[which], count[which]
        kept = number < self.slots
        self.dropped += int(np.count_nonzero(~kept))
        tick, source, number, many = tick[kept], source[kept], number[kept], many[kept]
        slot = number * self.slots // np.minimum(many, self.slots)
        return source, tick * self.plan.tick_us + (LEAD_STEPS + slot) * self.plan.step_us


def _check(spikes: TickSpikes, channels: int) -> None:
    address, first = spikes.address, spikes.first
    if spikes.value.size and np.any(spikes.value != 1):
        raise SpikeError("a spike has an amount; events on BrainScaleS-2 have none")
    divides = first.size and first[0] == 0 and first[-1] == address.size
    if not divides or np.any(np.diff(first) < 0):
        raise SpikeError(f"first does not divide {address.size} addresses into ticks")
    if address.size and address.max() >= channels:
        raise SpikeError(f"channel {address.max()} is not among the {channels} there are")


def _sources(sources: Sources, spikes: _Spikes) -> _Spikes:
    """Return which sources fire in which tick, for spikes of channels."""
    begin = np.searchsorted(sources.channel, spikes.address, "left")
    count = np.searchsorted(sources.channel, spikes.address, "right") - begin
    # Of each spike, the entries of its channel one after the other.
    entry = np.repeat(begin - np.cumsum(count) + count, count) + np.arange(count.sum())
    tick = np.repeat(spikes.tick, count) + sources.delay_ticks[entry]
    return _Spikes(tick, sources.source[entry])


def _joined(one: _Spikes, other: _Spikes) -> _Spikes:
    return _Spikes(*(np.concatenate(parts) for parts in zip(one, other, strict=True)))
