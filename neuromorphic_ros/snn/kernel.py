"""The compiled tick: spikes in, synapses of what spiked, one update of every neuron, spikes out."""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
from numba import float32, int64, uint8, uint32, uint64

from neuromorphic_ros.snn.compiled import array_at, named, revision, trailing_zeros
from neuromorphic_ros.snn.delivery import deliver
from neuromorphic_ros.snn.plasticity.eligibility import settle
from neuromorphic_ros.snn.plasticity.update import learn
from neuromorphic_ros.snn.tables import INPUT, NETWORK, NODE, POPULATION
from neuromorphic_ros.snn.update import update

SINGLE = -1


@numba.njit
def _nothing(network: Any, *rest: Any) -> None:
    """Stand for what only networks that learn do."""


def _ticker(name: str, settle: Any, learn: Any) -> Any:
    """Compile a tick.

    settle: brings the weights of sources up to date before they act. learn: changes weights in the
    end.
    """

    @numba.njit
    @named(name)
    def tick(network: Any, address: Any, begin: int, end: int, total: int) -> int:
        """Run one tick with the input address[begin:end]; returns `total` plus the spikes fired."""
        value = array_at(network.value, address.size if network.value else 0, float32)
        fired = array_at(network.fired, network.room, uint32)
        fired_amount = array_at(network.fired_amount, network.room, float32)
        nodes = array_at(network.node, network.nodes, NODE)
        count = array_at(network.count, network.channels + network.neurons, int64)
        rest = array_at(network.rest, network.channels, uint8)
        for position in range(begin, end):
            rest[address[position]] += uint8(1)
            if rest[address[position]] == 0:
                count[address[position]] += 256
        settle(network, INPUT, address, begin, end)
        first, done = begin, total
        while first < end:
            index = 0
            while address[first] >= nodes[index].begin + nodes[index].size:
                index += 1
            node = nodes[index]
            until = first + 1
            while until < end and 0 <= int64(address[until]) - node.begin < node.size:
                until += 1
            deliver(network, node, address, value, node.begin, first, until)
            first = until
        for index in range(network.inputs, network.nodes):
            node = nodes[index]
            offset = node.begin - network.channels
            amount = array_at(network.amount, node.size, float32)
            flags = array_at(network.flag, (node.size + 7) >> 3, uint64)
            # What is left of a larger population must not count.
            flags[flags.size - 1] = 0
            update(
                node,
                network.tick,
                network.current,
                amount,
                array_at(network.flag, node.size, uint8),
            )
            before = total
            for place in range(flags.size):
                # A byte for each of eight neurons, 1 if it fired.
                eight = flags[place]
                while eight:
                    local = (place << 3) + int64(trailing_zeros(eight) >> uint64(3))
                    eight &= eight - uint64(1)
                    fired[total] = offset + local
                    fired_amount[total] = amount[local]
                    count[node.begin + local] += int64(amount[local]) if node.spikes else 1
                    total += 1
            settle(network, POPULATION, fired, before, total)
            amounts = array_at(network.fired_amount, total if node.graded else 0, float32)
            deliver(network, node, fired, amounts, offset, before, total)
            if not node.spikes:
                total = before
        learn(network, address, begin, end, fired, done, total)
        return total

    return tick


@numba.njit
def _known(address: Any, channels: int) -> bool:
    # Compiled code reads and writes without bounds checks, so a wrong index would corrupt memory.
    outside = 0
    for source in address:
        outside += source >= channels
    return outside == 0


@numba.njit
def _divides(first: Any, size: int) -> Any:
    for tick in range(first.size - 1):
        if first[tick + 1] < first[tick]:
            return False
    return first[0] == 0 and first[first.size - 1] == size


def _runner(name: str, tick: Any) -> Any:
    @numba.njit
    @named(name)
    def run(table: int, address: Any, start: int) -> Any:
        network = array_at(table, 1, NETWORK)[0]
        if not _known(address, network.channels):
            return -1
        if start == SINGLE:
            total = tick(network, address, 0, address.size, 0)
            network.tick += 1
            return total
        ticks = network.ticks
        first = array_at(network.first, ticks + 1, int64)
        if not _divides(first, address.size):
            return -1
        fired_first = array_at(network.fired_first, ticks + 1, int64)
        total = fired_first[start]
        for index in range(start, ticks):
            if network.room - total < network.neurons:
                return index
            total = tick(network, address, first[index], first[index + 1], total)
            fired_first[index + 1] = total
            network.tick += 1
        return ticks

    return run


# Of their own, so that networks that do not learn are as fast and as soon compiled as they can be.
_run = _runner("fixed", _ticker("fixed", _nothing, _nothing))
_run_plastic = _runner("plastic", _ticker("plastic", settle, learn))


def _entries(sources: int) -> tuple[Any, Any]:
    """Return the entries to compiled code, kept on disk: without learning, and with it."""

    @numba.njit(cache=True, nogil=True)
    def run(table: int, address: Any, start: int) -> Any:
        """Run the ticks of a NETWORK from `start` on while there is room for their spikes.

        table: its address. address: uint32[n], the channels that spike in all ticks.
        Returns the first tick that was not run. With start = SINGLE all addresses are one tick,
        and the number of spikes is returned.
        Returns -1, with nothing changed, for an unknown channel or if `first` of the network does
        not divide the addresses into ticks.
        """
        return _run(table, address, start) if sources else -1

    @numba.njit(cache=True, nogil=True)
    def run_plastic(table: int, address: Any, start: int) -> Any:
        """Run a network that learns, as `run` does others."""
        return _run_plastic(table, address, start) if sources else -1

    return run, run_plastic


run, run_plastic = _entries(revision())


@cache
def prepare(plastic: bool) -> None:
    """Compile `run` or `run_plastic`, or load what was compiled.

    From then on it raises TypeError for other types.
    """
    entry = run_plastic if plastic else run
    entry.compile("(int64, uint32[::1], int64)")
    entry.disable_compile()
