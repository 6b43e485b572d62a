"""One tick of the cores of TrueNorth, compiled.

The equations are those of Cassidy et al. (IJCNN 2013), in their order. In every tick, for neuron j,
with A(i) the spikes that arrive on axons and w(i, j) the bits of the crossbar:

    V += sum over i of A(i) w(i, j) [(1 - b) s + b F(s, r) sgn(s)], s and b of the type of axon i
    V += O [(1 - c) l + c F(l, r) sgn(l)], with O = 1 - e + e sgn(V)
    h = r & M
    if V >= a + h: spike; V = R, V - (a + h) or V, by the reset mode
    else if V < -(k b + (1 - k)(b + h)): V = -b if k, else -R, V + (b + h) or V, by the reset mode

F(s, r) is 1 if |s| >= r. Each r is a random number of its own: of 8 bits for synapses and leak, of
18 for the threshold. The chip draws them with a shift register; here they are SplitMix64 (Steele,
Lea & Flood, OOPSLA 2014) of seed, tick, neuron and place, so that each is the same in any order.

A leak that reverses with the sign of V and is larger than |V| passes zero, as the equations say.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from neuromorphic_ros.backends.truenorth.chip import AXONS, NEURONS
from neuromorphic_ros.backends.truenorth.neuron import (
    NO_CORE,
    POTENTIAL_MAX,
    POTENTIAL_MIN,
    RESET_LINEAR,
    RESET_TO_VALUE,
)

SLOTS = 16
"""Ticks for which a core keeps what arrives."""

# Places of draws, after those of the axons.
LEAK = AXONS
THRESHOLD = AXONS + 1
_PLACES_BITS = 9

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)


@numba.njit(cache=True)
def _mixed(state: Any) -> Any:
    state = (state ^ (state >> _S30)) * _FIRST
    state = (state ^ (state >> _S27)) * _SECOND
    return state ^ (state >> _S31)


@numba.njit(cache=True)
def _drawn(key: Any, neuron: int, place: int, bits: int) -> int:
    """Return `bits` random bits of a neuron; key: of the tick."""
    state = key + _STEP * np.uint64((neuron << _PLACES_BITS) + place + 1)
    return int(_mixed(state) >> np.uint64(64 - bits))


@numba.njit(cache=True)
def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


@numba.njit(cache=True)
def _clipped(value: int) -> int:
    return min(max(value, POTENTIAL_MIN), POTENTIAL_MAX)


@numba.njit(cache=True)
def _leaked(neuron: Any, potential: int, key: Any, index: int) -> int:
    leak = np.int64(neuron.leak)
    if neuron.stochastic_leak:
        leak = _sign(leak) * (abs(leak) >= _drawn(key, index, LEAK, 8))
    if neuron.leak_reversal:
        leak *= _sign(potential)
    return _clipped(potential + leak)


@numba.njit(cache=True)
def _fired(neuron: Any, potential: int, key: Any, index: int) -> Any:
    """Return whether a neuron fires, and its potential after any reset."""
    noise = 0
    if neuron.mask_bits:
        mask = (1 << np.int64(neuron.mask_bits)) - 1
        noise = _drawn(key, index, THRESHOLD, 18) & mask
    threshold = neuron.threshold + noise
    if potential >= threshold:
        if neuron.reset_mode == RESET_TO_VALUE:
            return True, np.int64(neuron.reset_value)
        if neuron.reset_mode == RESET_LINEAR:
            return True, potential - threshold
        return True, potential
    if neuron.saturate:
        return False, max(potential, -np.int64(neuron.negative_threshold))
    floor = neuron.negative_threshold + noise
    if potential < -floor:
        if neuron.reset_mode == RESET_TO_VALUE:
            return False, -np.int64(neuron.reset_value)
        if neuron.reset_mode == RESET_LINEAR:
            return False, potential + floor
    return False, potential


@numba.njit(cache=True)
def _integrate(chip: Any, core: int, arrived: Any, total: Any, key: Any) -> None:
    """Add to total[256] what the arrived axons of a core bring, and count their spikes."""
    used = chip.used[core]
    for axon in range(AXONS):
        if not arrived[axon]:
            continue
        arrived[axon] = 0
        chip.arrivals[core, axon] += 1
        weights = chip.weight[core, axon]
        for neuron in range(used):
            total[neuron] += weights[neuron]
        if not chip.stochastic[core]:
            continue
        kind = chip.axon_type[core, axon]
        for neuron in range(used):
            record = chip.neurons[core, neuron]
            if chip.crossbar[core, axon, neuron] and record.stochastic_weight[kind]:
                weight = np.int64(record.weight[kind])
                if abs(weight) >= _drawn(key, core * NEURONS + neuron, axon, 8):
                    total[neuron] += _sign(weight)


@numba.njit(cache=True, nogil=True)
def run(
    chip: Any, seed: Any, tick: int, address: Any, first: Any, start: int, fired: Any, ends: Any
) -> int:
    """Run ticks from `start` on while there is room for the spikes of all neurons.

    chip: a Chip. seed: uint64. tick: number of the tick `start`. address: uint32[n], axons counted
    through all cores, that spike in tick k from first[k] to before first[k + 1]. fired: uint32,
    where the neurons that fire go, counted through all cores; ends: int64[ticks + 1], their ranges.
    Returns the first tick that was not run.
    """
    cores = chip.potential.shape[0]
    total = np.empty(NEURONS, np.int32)
    count = ends[start]
    for step in range(start, first.size - 1):
        if fired.size - count < cores * NEURONS:
            return step
        slot = tick % SLOTS
        key = _mixed(seed + _STEP * np.uint64(tick + 1))
        for place in range(first[step], first[step + 1]):
            chip.pending[slot, address[place] // AXONS, address[place] % AXONS] = 1
        for core in range(cores):
            total[:] = 0
            _integrate(chip, core, chip.pending[slot, core], total, key)
            for neuron in range(chip.used[core]):
                record = chip.neurons[core, neuron]
                index = core * NEURONS + neuron
                chip.driven[core, neuron] += total[neuron] != 0
                potential = _clipped(np.int64(chip.potential[core, neuron]) + total[neuron])
                potential = _leaked(record, potential, key, index)
                spike, potential = _fired(record, potential, key, index)
                chip.potential[core, neuron] = potential
                if spike:
                    fired[count] = index
                    count += 1
                    if record.destination_core != NO_CORE:
                        later = (tick + record.delay) % SLOTS
                        target = record.destination_core
                        chip.pending[later, target, record.destination_axon] = 1
        ends[step + 1] = count
        tick += 1
    return int(first.size - 1)
