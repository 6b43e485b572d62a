"""Run a network in the integer arithmetic of Loihi, event-driven and compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.loihi import kernel
from neuromorphic_ros.backends.loihi.dense import FixedDense, check_delay, check_exponent, stored
from neuromorphic_ros.backends.loihi.neuron import FixedLif, NeuronConstants
from neuromorphic_ros.errors import NetworkError, SpikeError
from neuromorphic_ros.snn.tick_spikes import TickSpikes


class FixedNetwork(NamedTuple):
    """A network of integers: input channels, populations one after the other, and synapses.

    message_bits: of the graded spikes of channels, which tell how often one spikes in a tick; 0:
    whether it does.
    """

    channels: int
    populations: tuple[FixedLif, ...]
    connections: tuple[FixedDense, ...]
    message_bits: int = 0

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return sum(population.size for population in self.populations)

    def check(self, spikes: TickSpikes) -> None:
        """Raise SpikeError unless spikes are of its channels, by tick, in whole amounts."""
        address, first, amount = spikes
        if not np.all(np.isfinite(amount) & (amount >= 0) & (amount == np.floor(amount))):
            raise SpikeError("graded spikes of Loihi carry whole numbers; encode input as spikes")
        if address.dtype != np.uint32 or first.dtype != np.int64:
            raise SpikeError(
                f"address must be uint32 and first int64, not {address.dtype} and {first.dtype}"
            )
        if (
            first.size == 0
            or first[0] != 0
            or first[-1] != address.size
            or np.any(np.diff(first) < 0)
        ):
            raise SpikeError("first does not rise from 0 to the number of addresses")
        if address.size and address.max() >= self.channels:
            raise SpikeError(f"address {address.max()} is outside of {self.channels} channels")


def payload(message_bits: int) -> int:
    """Return how many spikes of a channel in a tick its message can tell."""
    return max(1, (1 << message_bits) - 1)


class FixedPointEngine:
    """Give the spikes, u and v that Lava's fixed-point simulation gives, bit for bit.

    Neurons that Lava has not are as `neuron` says. Neurons are updated first, by what spiked in the
    tick before; so every connection, that from the input too, takes one tick. Work per tick: one
    update per neuron, the synapses of what spiked, and one addition for each target of a connection
    that delays or has a negative exponent.
    """

    def __init__(self, network: FixedNetwork) -> None:
        """Lay a network out; raises NetworkError if a connection does not fit."""
        self.network = network
        constants = [population.constants() for population in network.populations]
        self._constants = NeuronConstants(
            *(np.concatenate(part) for part in zip(*constants, strict=True))
        )
        self._synapses = _by_source(network)
        sums = network.neurons + int(self._synapses.size.sum())
        slots = 1 + int(self._synapses.delay.max(initial=0))
        self._state = kernel.State(
            u=np.zeros(network.neurons, np.int32),
            v=np.zeros(network.neurons, np.int32),
            rest=np.zeros(network.neurons, np.int32),
            input=np.zeros(sums, np.int32),
            later=np.zeros((slots, network.neurons), np.int32),
            seen=np.zeros(network.channels, np.uint8),
            spikes=np.zeros(network.channels + network.neurons, np.int64),
            active=np.zeros(network.neurons, np.int64),
        )
        self.ticks = 0
        self.reset()
        # Compiles, as the first tick of a robot must not be late.
        self.run(TickSpikes(np.empty(0, np.uint32), np.zeros(1, np.int64)))

    @property
    def u(self) -> npt.NDArray[np.int32]:
        """Copy of the currents; int32[neurons]."""
        return np.array(self._state.u)

    @property
    def v(self) -> npt.NDArray[np.int32]:
        """Copy of the voltages; int32[neurons]."""
        return np.array(self._state.v)

    @property
    def rest(self) -> npt.NDArray[np.int32]:
        """Copy of the ticks of refractoriness that are left, or -1: a reset is due; int32."""
        return np.array(self._state.rest)

    @property
    def spikes(self) -> npt.NDArray[np.int64]:
        """Copy of the spikes of each channel, then neuron, since construction; int64."""
        return np.array(self._state.spikes)

    @property
    def active(self) -> npt.NDArray[np.int64]:
        """Copy of the ticks in which each neuron received input; int64[neurons]."""
        return np.array(self._state.active)

    @property
    def synapses(self) -> npt.NDArray[np.int64]:
        """Number of synapses of each channel, then neuron; int64."""
        return np.diff(self._synapses.row)

    def reset(self) -> None:
        """Return to the start, with nothing under way; the counts go on."""
        for part in (self._state.u, self._state.rest, self._state.input, self._state.later):
            part[:] = 0
        self._state.v[:] = np.concatenate([each.start() for each in self.network.populations])

    def put(
        self, first: int, u: npt.NDArray[Any], v: npt.NDArray[Any], rest: npt.NDArray[Any]
    ) -> None:
        """Set u and v, integers within 24 bits, and rest of the neurons from `first` on."""
        self._state.u[first : first + u.size] = u
        self._state.v[first : first + v.size] = v
        self._state.rest[first : first + rest.size] = rest

    def run(self, spikes: TickSpikes) -> TickSpikes:
        """Run one tick per tick of `spikes` and return the spikes of the neurons.

        Of a channel that spikes more often in a tick than its message can tell, the rest is lost.
        Raises SpikeError, with the network unchanged, if an address is no channel, `first` does not
        divide the addresses into ticks, or an amount is no whole number of spikes.
        """
        self.network.check(spikes)
        told = payload(self.network.message_bits)
        spikes = spikes._replace(value=np.minimum(spikes.value, told)).one_by_one()
        # What is read-only or has gaps is of another type for compiled code.
        address, first = (np.require(each, requirements=("C", "W")) for each in spikes[:2])
        fired_first = np.zeros(first.size, np.int64)
        fired = np.empty(max(1024, 2 * self.network.neurons), np.uint32)
        done = 0
        while True:
            done = kernel.run(
                self._constants,
                self._synapses,
                self._state,
                address,
                first,
                done,
                self.ticks,
                told,
                fired,
                fired_first,
            )
            if done == spikes.ticks:
                break
            fired = np.concatenate([fired, np.empty_like(fired)])
        self.ticks += spikes.ticks
        return TickSpikes(fired[: fired_first[-1]].copy(), fired_first)


def _by_source(network: FixedNetwork) -> kernel.Synapses:
    sums = network.neurons
    sources, targets, weights, ways = [], [], [], []
    for index, connection in enumerate(network.connections):
        kept = _checked(network, connection, f"connection {index}").tocoo()
        first, shift, delay = connection.target, -min(connection.exponent, 0), connection.delay
        if shift or delay:
            first = sums
            ways.append((sums, kept.shape[1], shift, delay, connection.target))
            sums += kept.shape[1]
        sources.append(connection.source + kept.row.astype(np.int64))
        targets.append(first + kept.col.astype(np.int32))
        weights.append(kept.data << max(connection.exponent, 0))
    source = _joined(sources, np.int64)
    order = np.argsort(source, kind="stable")
    found = np.bincount(source, minlength=network.channels + network.neurons)
    columns = np.array(ways, np.int64).reshape(-1, 5).T
    return kernel.Synapses(
        np.concatenate(([0], np.cumsum(found))),
        _joined(targets, np.uint32)[order],
        _joined(weights, np.int16)[order],
        *(np.ascontiguousarray(column) for column in columns),
    )


def _checked(network: FixedNetwork, connection: FixedDense, name: str) -> Any:
    check_exponent(connection.exponent, name)
    check_delay(connection.delay, name)
    kept = stored(connection.weights)
    rows, columns = kept.shape
    if not 0 <= connection.source <= network.channels + network.neurons - rows:
        raise NetworkError(f"{name}: its sources from {connection.source} on are not all there")
    if not 0 <= connection.target <= network.neurons - columns:
        raise NetworkError(f"{name}: its targets from {connection.target} on are not all there")
    return kept


def _joined(parts: Sequence[npt.NDArray[Any]], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    joined: npt.NDArray[Any] = np.concatenate([np.empty(0, np.int64), *parts])
    return joined.astype(dtype)
