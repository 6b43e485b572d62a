"""Run a network at batch 1, event-driven and compiled: one call for any number of ticks."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.snn.counts import Counts, Integers
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.synapses import Fanout, Values, fanout
from neuromorphic_ros.spikes import Addresses


class TickSpikes(NamedTuple):
    """Spikes by tick: those of tick k are address[first[k]:first[k + 1]].

    address: uint32[n], flat over all inputs (as input) or all neurons in execution order (as
    output). first: int64[ticks + 1].
    """

    address: Addresses
    first: npt.NDArray[np.int64]

    @property
    def ticks(self) -> int:
        """Number of ticks."""
        return self.first.size - 1


class LifTable(NamedTuple):
    """Parameters of all neurons in execution order, one value per neuron.

    decay, gain, bias, threshold, floor: float32[n]; refractory_ticks: int32[n];
    subtract: bool[n], subtractive reset.
    """

    decay: Values
    gain: Values
    bias: Values
    threshold: Values
    floor: Values
    refractory_ticks: npt.NDArray[np.int32]
    subtract: npt.NDArray[np.bool_]


class LifState(NamedTuple):
    """What neurons and synapses remember between ticks.

    membrane: float32[n]. refractory_left: int32[n] ticks. current: float32[delays, n], summed
    weights that arrive in coming ticks; row `tick % delays` is the present one.
    """

    membrane: Values
    refractory_left: npt.NDArray[np.int32]
    current: Values


@numba.njit(cache=True, nogil=True)
def _fits(address: Addresses, first: Integers, channels: int) -> bool:
    # Compiled code reads and writes without bounds checks, so a wrong index would corrupt memory.
    if first.size == 0 or first[0] != 0 or first[-1] != address.size:
        return False
    for tick in range(first.size - 1):
        if first[tick + 1] < first[tick]:
            return False
    outside = 0
    for source in address:
        if source < 0 or source >= channels:
            outside += 1
    return outside == 0


# Inlined, for passing arrays to a function counts references to each of them, for every spike.
@numba.njit(inline="always")
def _deliver(source: int, slot: int, fan: Fanout, current: Values) -> None:
    delays = current.shape[0]
    for segment in range(fan.row[source], fan.row[source + 1]):
        arriving = (slot + fan.delay_ticks[segment]) % delays
        begin, end = fan.first[segment], fan.first[segment + 1]
        if fan.contiguous[segment]:
            # Without look-ups, and with indices that cannot count from the end, the compiler uses
            # vector instructions.
            row, start, weight = np.uintp(arriving), np.uintp(fan.target[begin]), np.uintp(begin)
            for synapse in range(np.uintp(end - begin)):
                current[row, start + synapse] += fan.weight[weight + synapse]
        else:
            for synapse in range(begin, end):
                current[arriving, fan.target[synapse]] += fan.weight[synapse]


@numba.njit(cache=True, nogil=True)
def _run(
    address: Addresses,
    first: Integers,
    channels: int,
    fan: Fanout,
    table: LifTable,
    state: LifState,
    slot: int,
    start_tick: int,
    fired: Addresses,
    fired_first: Integers,
    spike_count: Integers,
) -> int:
    neurons = table.decay.size
    delays = state.current.shape[0]
    total = fired_first[start_tick]
    for tick in range(start_tick, first.size - 1):
        if fired.size - total < neurons:
            return tick
        for position in range(first[tick], first[tick + 1]):
            source = np.int64(address[position])
            spike_count[source] += 1
            _deliver(source, slot, fan, state.current)
        current = state.current[slot]
        for neuron in range(neurons):
            membrane = (
                state.membrane[neuron] * table.decay[neuron]
                + table.gain[neuron] * current[neuron]
                + table.bias[neuron]
            )
            current[neuron] = 0.0
            if state.refractory_left[neuron] > 0:
                state.refractory_left[neuron] -= 1
                continue
            if membrane < table.floor[neuron]:
                membrane = table.floor[neuron]
            if membrane >= table.threshold[neuron]:
                membrane = membrane - table.threshold[neuron] if table.subtract[neuron] else 0.0
                state.refractory_left[neuron] = table.refractory_ticks[neuron]
                fired[total] = neuron
                total += 1
                spike_count[channels + neuron] += 1
                _deliver(channels + neuron, slot, fan, state.current)
            state.membrane[neuron] = membrane
        fired_first[tick + 1] = total
        slot = (slot + 1) % delays
    return first.size - 1


class StreamingNetwork:
    """Run one network for one robot.

    Work per tick: the synapses of the channels and neurons that spiked, and one update per neuron.
    A spike over a projection with delay 0 acts in its own tick, on later populations.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        """Expand and compile a network; raises NetworkError if a projection does not fit."""
        self.spec = spec
        self._channels = spec.channels
        self._fan = fanout(spec)
        self._table = _table(spec)
        nodes = spec.execution_nodes()
        self._names = tuple(node.name for node in nodes)
        self._sizes = np.array([math.prod(node.shape) for node in nodes], np.int64)
        self._fired = np.empty(max(1024, 4 * self._table.decay.size), np.uint32)
        self._ticks = 0
        self._spike_count = np.zeros(self._channels + self._table.decay.size, np.int64)
        self.reset()
        # Compiles, or loads what was compiled, so that the first tick of a robot is not late.
        self.run(TickSpikes(np.empty(0, np.uint32), np.zeros(1, np.int64)))

    def reset(self) -> None:
        """Return to rest; the counts go on."""
        neurons = self._table.decay.size
        delays = 1 + int(self._fan.delay_ticks.max(initial=0))
        self._state = LifState(
            np.zeros(neurons, np.float32),
            np.zeros(neurons, np.int32),
            np.zeros((delays, neurons), np.float32),
        )

    def run(self, spikes: TickSpikes) -> TickSpikes:
        """Run one tick per tick of `spikes` and return the spikes of the neurons.

        Raises SpikeError, with the network unchanged, if an address is no channel or `first` does
        not divide the addresses into ticks.
        """
        if not _fits(spikes.address, spikes.first, self._channels):
            raise SpikeError(
                f"spikes do not fit network '{self.spec.name}': an address is outside of its "
                f"{self._channels} channels, or first does not rise from 0 to the last address"
            )
        fired_first = np.zeros(spikes.ticks + 1, np.int64)
        delays = self._state.current.shape[0]
        done = 0
        while True:
            done = _run(
                spikes.address,
                spikes.first,
                self._channels,
                self._fan,
                self._table,
                self._state,
                (self._ticks + done) % delays,
                done,
                self._fired,
                fired_first,
                self._spike_count,
            )
            if done == spikes.ticks:
                break
            self._fired = np.concatenate((self._fired, np.empty_like(self._fired)))
        self._ticks += spikes.ticks
        return TickSpikes(self._fired[: fired_first[-1]].copy(), fired_first)

    def counts(self) -> Counts:
        """Return the counts since construction."""
        begin = np.concatenate(([0], np.cumsum(self._sizes)[:-1]))
        events = self._spike_count * self._fan.synapses_per_source
        inputs = len(self.spec.inputs)
        return Counts(
            names=self._names,
            sizes=self._sizes,
            spikes=_sum_by(self._spike_count, begin),
            synaptic_events=_sum_by(events, begin),
            neuron_updates=np.where(np.arange(self._sizes.size) < inputs, 0, self._sizes)
            * self._ticks,
            ticks=self._ticks,
            dense_macs=self._fan.weight.size * self._ticks,
        )


def _sum_by(values: Integers, begin: Integers) -> Integers:
    return np.add.reduceat(values, begin) if values.size else np.zeros(begin.size, np.int64)


def _table(spec: NetworkSpec) -> LifTable:
    order = spec.execution_order()
    models = [population.neuron for population in order]
    sizes = [math.prod(population.shape) for population in order]
    dt_ms = spec.dt_ms

    def each(values: list[Any], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        return np.repeat(np.array(values, dtype), sizes)

    return LifTable(
        decay=each([model.decay(dt_ms) for model in models], np.float32),
        gain=each([model.gain(dt_ms) for model in models], np.float32),
        bias=each([model.bias for model in models], np.float32),
        threshold=each([model.threshold for model in models], np.float32),
        floor=each([model.floor for model in models], np.float32),
        refractory_ticks=each([model.refractory_ticks(dt_ms) for model in models], np.int32),
        subtract=each([model.reset == "subtract" for model in models], np.bool_),
    )
