"""A network in torch at batch 1, on CUDA or the CPU, as pipelines run networks."""

from __future__ import annotations

import numpy as np
import torch

from neuromorphic_ros.backends.jetson.cuda_graph import recorded
from neuromorphic_ros.backends.jetson.tick import StaticTick
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.counts import Counts, Integers
from neuromorphic_ros.snn.expenses import expenses
from neuromorphic_ros.snn.graph.graph_populations import GraphPopulations
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.synapses import connect
from neuromorphic_ros.snn.tick_spikes import ONES, TickSpikes

# Ticks that are brought to the device and back together: no more than this, or than this memory.
MAX_TICKS = 256
MAX_AMOUNTS = 2**22


class TorchRunner:
    """Run a network in torch, where every tick computes every weight.

    On CUDA a tick is one launch of a recorded graph. Spikes are brought over and back many ticks at
    a time, counts when they are asked for. Graphs of events or nodes run on the CPU in front of it.
    """

    def __init__(self, spec: NetworkSpec, device: str) -> None:
        """Compile a network for a device of torch, at rest.

        Raises NetworkError if a projection does not fit, or learns.
        """
        for projection in spec.projections:
            if projection.plasticity:
                raise NetworkError(
                    f"projection {projection} learns, which the torch engine does not: choose "
                    "engine: streaming"
                )
        self.spec = spec
        self._graphs = GraphPopulations(spec) if spec.graphs else None
        inner = self._graphs.spec if self._graphs else spec
        rows = min(MAX_TICKS, max(1, MAX_AMOUNTS // (inner.channels + inner.neurons)))
        self._tick = StaticTick(inner, device, rows)
        self._inputs = torch.zeros_like(self._tick.inputs, device="cpu")
        if self._tick.inputs.is_cuda:
            self._inputs, self._advance = self._inputs.pin_memory(), recorded(self._tick)
        else:
            self._advance = self._tick
        self._expenses = expenses(
            inner, [connect(inner, index) for index in range(len(inner.projections))]
        )
        sizes = self._expenses.sizes
        self._spiking = np.repeat(self._expenses.spiking, sizes)[inner.channels :]
        self._heard: Integers = np.zeros(inner.channels, np.int64)
        self._ticks = 0

    def run(self, spikes: TickSpikes) -> TickSpikes:
        """Run one tick per tick of `spikes`; raises SpikeError, unchanged, if they do not fit."""
        spikes.check(self.spec)
        if self._graphs:
            spikes = self._graphs.drive(spikes)
        rows = len(self._inputs)
        parts = [
            self._run(spikes.between(start, min(start + rows, spikes.ticks)))
            for start in range(0, spikes.ticks, rows)
        ]
        self._ticks += spikes.ticks
        np.add.at(self._heard, spikes.address, 1)
        return _joined(parts)

    def reset(self) -> None:
        """Return to rest; the counts go on."""
        self._tick.reset()
        if self._graphs:
            self._graphs.reset()

    def adopt(self, other: object) -> None:
        """Go on from the state of a variant: by population, where model and shape are the same.

        What is under way arrives when it would have, to a tick; other populations and graphs start
        at rest, and the counts go on. Raises NetworkError if `other` runs elsewhere.
        """
        if not isinstance(other, TorchRunner):
            raise NetworkError(f"network '{self.spec.name}' runs elsewhere: its state is not here")
        self.reset()
        before = {each.name: each for each in other.spec.populations}
        for population in self.spec.populations:
            given = before.get(population.name)
            same = given and given.shape == population.shape
            if given and same and given.neuron.model == population.neuron.model:
                self._tick.adopt(population.name, other._tick)

    def counts(self) -> Counts:
        """Return the counts since construction.

        Those of synapses are what spikes would drive, as everywhere; torch computes all of them.
        """
        fired = self._tick.fired.cpu().numpy().astype(np.int64)
        active = self._tick.active.cpu().numpy()
        priced = self._expenses
        begin = np.cumsum(priced.sizes) - priced.sizes
        by_source = np.concatenate((np.zeros_like(self._heard), active))
        counts = priced.counts(
            np.concatenate((self._heard, fired)),
            np.add.reduceat(by_source, begin),
            np.zeros(len(priced.projections), np.int64),
            self._ticks,
        )
        return self._graphs.counts(counts) if self._graphs else counts

    def _run(self, spikes: TickSpikes) -> TickSpikes:
        """Run as many ticks as there are rows, or less."""
        ticks, (address, first, value) = spikes.ticks, spikes
        given = self._inputs[:ticks].zero_().numpy()
        tick = np.repeat(np.arange(ticks), np.diff(first))
        np.add.at(given, (tick, address), value if value.size else np.float32(1))
        self._tick.inputs[:ticks].copy_(self._inputs[:ticks], non_blocking=True)
        self._tick.row.zero_()
        for _ in range(ticks):
            self._advance()
        fired = self._tick.outputs[:ticks].cpu().numpy()
        tick, neuron = np.nonzero(np.where(self._spiking, fired, 0))
        first = np.searchsorted(tick, np.arange(ticks + 1))
        return TickSpikes(neuron.astype(np.uint32), first, fired[tick, neuron])


def _joined(parts: list[TickSpikes]) -> TickSpikes:
    """Return the ticks of all parts, one part after the other."""
    fired = [np.diff(part.first) for part in parts]
    first = np.concatenate(([0], np.cumsum(np.concatenate(fired or [np.zeros(0, np.int64)]))))
    value = np.concatenate([ONES, *(part.value for part in parts)])
    address = np.concatenate([np.zeros(0, np.uint32), *(part.address for part in parts)])
    return TickSpikes(address, first, ONES if np.all(value == 1) else value)
