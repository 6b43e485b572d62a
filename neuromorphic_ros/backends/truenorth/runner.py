"""Run a network on simulated cores of TrueNorth."""

from __future__ import annotations

import numpy as np

from neuromorphic_ros.backends.truenorth.core import NEURONS
from neuromorphic_ros.backends.truenorth.layer import Integers
from neuromorphic_ros.backends.truenorth.mapping import Mapping, map_network
from neuromorphic_ros.backends.truenorth.simulator import Simulator, checked
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.tick_spikes import TickSpikes
from neuromorphic_ros.spikes import Addresses


class TrueNorthRunner:
    """A network on cores, with its state.

    Spikes of a population come with its lag, which `mapping` tells; its constant input and initial
    membrane do not wait for that. Two spikes of a channel in one tick are one.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        """Map and load a network; raises NetworkError if it does not fit."""
        self.mapping: Mapping = map_network(spec)
        self.spec = spec
        self._simulator = Simulator(self.mapping.cores, spec.seed)
        self._number = np.full(len(self.mapping.cores) * NEURONS, -1, np.int64)
        self._number[self.mapping.neuron] = np.arange(spec.neurons)
        self._forget()

    def reset(self) -> None:
        """Return to rest."""
        self._simulator.reset()
        self._forget()

    def run(self, spikes: TickSpikes) -> TickSpikes:
        """Run one tick per tick of `spikes`, addressed flat over all inputs.

        Returns the spikes addressed flat over all neurons in execution order.
        Raises SpikeError, with the network unchanged, if an address is no channel, `first` does not
        divide the addresses into ticks, or a spike has an amount.
        """
        fired = self._simulator.run(self._on_axons(*checked(spikes, self.spec.channels, "channel")))
        number = self._number[fired.address]
        tick = np.repeat(np.arange(fired.ticks), np.diff(fired.first))[number >= 0]
        number = number[number >= 0]
        number = number[np.lexsort((number, tick))]
        return TickSpikes(
            number.astype(np.uint32), np.searchsorted(tick, np.arange(fired.ticks + 1))
        )

    def _on_axons(self, channel: Addresses, first: Integers) -> TickSpikes:
        """Return what arrives from outside in these ticks, and keep what comes later."""
        inputs, ticks = self.mapping.inputs, first.size - 1
        copies = np.diff(inputs.first)[channel]
        tick = np.repeat(np.repeat(np.arange(ticks), np.diff(first)), copies)
        # Of each spike, the entries of its channel one after the other.
        within = np.arange(tick.size) - np.repeat(np.cumsum(copies) - copies, copies)
        entry = np.repeat(inputs.first[channel], copies) + within
        tick = np.concatenate((self._tick, tick + inputs.delay[entry]))
        axon = np.concatenate((self._axon, inputs.axon[entry]))
        later = tick >= ticks
        self._tick, self._axon = tick[later] - ticks, axon[later]
        order = np.argsort(tick[~later], kind="stable")
        begins = np.searchsorted(tick[~later][order], np.arange(ticks + 1))
        return TickSpikes(axon[~later][order], begins)

    def _forget(self) -> None:
        # What arrives in a later run: after how many ticks, and where.
        self._tick: Integers = np.empty(0, np.int64)
        self._axon: Addresses = np.empty(0, np.uint32)
