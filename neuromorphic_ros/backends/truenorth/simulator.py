"""Simulate the cores of TrueNorth tick by tick, exactly in integers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.truenorth import tick
from neuromorphic_ros.backends.truenorth.chip import AXONS, NEURONS
from neuromorphic_ros.backends.truenorth.core import Core, check_cores
from neuromorphic_ros.backends.truenorth.neuron import POTENTIAL_MAX, POTENTIAL_MIN, Neurons, idle
from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.snn.tick_spikes import TickSpikes


class Chip(NamedTuple):
    """All cores, as compiled code reads them, and their state.

    used: int64[cores], neurons of a core up to the last that may ever change.
    weight: int16[cores, axons, neurons], what a spike adds for sure. stochastic: bool[cores],
    whether any synapse of a core is. pending: uint8[slots, cores, axons], what arrives in the ticks
    to come. arrivals: int64[cores, axons], spikes that have arrived. driven: int64[cores, neurons],
    ticks in which what arrived moved a neuron. potential: int32[cores, neurons].
    """

    used: npt.NDArray[np.int64]
    axon_type: npt.NDArray[np.uint8]
    crossbar: npt.NDArray[np.bool_]
    neurons: Neurons
    weight: npt.NDArray[np.int16]
    stochastic: npt.NDArray[np.bool_]
    pending: npt.NDArray[np.uint8]
    arrivals: npt.NDArray[np.int64]
    driven: npt.NDArray[np.int64]
    potential: npt.NDArray[np.int32]


def checked(
    spikes: TickSpikes, known: int, kind: str
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    """Return a copy of the addresses and ticks of spikes; kind: what has one of `known` addresses.

    Raises SpikeError for an unknown address, ticks that do not divide the addresses, or amounts: a
    spike has none on TrueNorth.
    """
    address, first = spikes.address, spikes.first
    if spikes.value.size and np.any(spikes.value != 1):
        raise SpikeError("a spike has an amount; axons of TrueNorth carry single bits")
    divides = first.size and first[0] == 0 and first[-1] == address.size
    if not divides or np.any(np.diff(first) < 0):
        raise SpikeError(f"first does not divide {address.size} addresses into ticks")
    if address.size and not 0 <= address.min() <= address.max() < known:
        raise SpikeError(f"{kind} {address.max()} is not among the {known} there are")
    return np.array(address, np.uint32), np.array(first, np.int64)


class Simulator:
    """Run cores with their state.

    A spike of a neuron arrives at its axon `delay` ticks later, one from outside in its own tick.
    Spikes that arrive together at one axon are one. Same seed, same spikes.
    """

    def __init__(self, cores: Sequence[Core], seed: int = 0) -> None:
        """Load cores; raises NetworkError if a value is beyond the limits of the chip."""
        check_cores(cores)
        self._seed = np.uint64(seed % 2**64)
        self._tick = 0
        axon_type, crossbar, neurons = (np.stack(part) for part in zip(*cores, strict=True))
        # By core, axon and neuron: the weight and the mode of its type.
        types = axon_type.astype(np.intp)[:, :, None]
        weight, chance = (
            np.take_along_axis(neurons[field].transpose(0, 2, 1), types, axis=1)
            for field in ("weight", "stochastic_weight")
        )
        changes = neurons != idle(1)[0]
        self._chip = Chip(
            used=np.max(np.where(changes, np.arange(1, NEURONS + 1), 0), axis=1),
            axon_type=axon_type,
            crossbar=crossbar,
            neurons=neurons,
            weight=np.where(crossbar & (chance == 0), weight, 0).astype(np.int16),
            stochastic=np.any(crossbar & (chance != 0), axis=(1, 2)),
            pending=np.zeros((tick.SLOTS, len(cores), AXONS), np.uint8),
            arrivals=np.zeros((len(cores), AXONS), np.int64),
            driven=np.zeros((len(cores), NEURONS), np.int64),
            potential=neurons["initial"].copy(),
        )
        # The first tick of a robot must not be late: compile now.
        self.run(TickSpikes(np.empty(0, np.uint32), np.zeros(1, np.int64)))

    @property
    def potential(self) -> npt.NDArray[np.int32]:
        """Membrane potentials now; int32[cores, 256]."""
        return np.array(self._chip.potential)

    def put(self, neurons: npt.NDArray[np.int64], potential: npt.NDArray[np.int64]) -> None:
        """Set membrane potentials; neurons: counted through all cores."""
        self._chip.potential.reshape(-1)[neurons] = np.clip(potential, POTENTIAL_MIN, POTENTIAL_MAX)

    @property
    def arrivals(self) -> npt.NDArray[np.int64]:
        """Spikes that have arrived at each axon since construction; int64[cores, 256]."""
        return np.array(self._chip.arrivals)

    @property
    def driven(self) -> npt.NDArray[np.int64]:
        """Ticks since construction in which its input moved each neuron; int64[cores, 256]."""
        return np.array(self._chip.driven)

    @property
    def ticks(self) -> int:
        """Ticks since construction or the last reset."""
        return self._tick

    def reset(self) -> None:
        """Return to the start: potentials, what is under way, random numbers; counts go on."""
        self._tick = 0
        self._chip.pending[:] = 0
        self._chip.potential[:] = self._chip.neurons["initial"]

    def run(self, spikes: TickSpikes) -> TickSpikes:
        """Run one tick per tick of `spikes`.

        Addresses are those of axons as input and of neurons as output, 256 to a core.
        Raises SpikeError, with nothing changed, as `checked` does.
        """
        address, first = checked(spikes, self._chip.arrivals.size, "axon")
        capacity = self._chip.potential.size
        fired = np.empty(4 * capacity, np.uint32)
        ends = np.zeros(first.size, np.int64)
        done = 0
        while True:
            before, began = done, self._tick
            done = tick.run(self._chip, self._seed, began, address, first, before, fired, ends)
            self._tick += done - before
            if done == first.size - 1:
                return TickSpikes(fired[: ends[-1]].copy(), ends)
            fired = np.concatenate((fired, np.empty(fired.size, np.uint32)))
