"""What one Loihi 2 chip holds, and which core holds which neurons."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import NetworkError

# Intel, Taking Neuromorphic Computing to the Next Level with Loihi 2, technology brief, 2021.
CORES = 128
NEURONS_PER_CORE = 8192
SYNAPSES = 120_000_000
SYNAPSES_PER_CORE = SYNAPSES // CORES
"""An equal share of the most that a chip holds; what is stored without compression takes more."""


class Core(NamedTuple):
    """What a core holds: neurons from `first` on, and the synapses that reach them."""

    first: int
    neurons: int
    synapses: int


def place(fan_in: npt.NDArray[np.int64]) -> tuple[Core, ...]:
    """Fill one core after the other with neurons, each with the synapses that reach it.

    fan_in: synapses of each neuron, int64[neurons].
    Raises NetworkError if a neuron fills more than a core, or all fill more than a chip.
    """
    if fan_in.size and fan_in.max() > SYNAPSES_PER_CORE:
        raise NetworkError(
            f"neuron {fan_in.argmax()} is reached by {fan_in.max()} synapses, a core of Loihi 2 "
            f"holds {SYNAPSES_PER_CORE}: prune them, or let neurons between add them up"
        )
    before = np.concatenate(([0], np.cumsum(fan_in)))
    cores: list[Core] = []
    first = 0
    while first < fan_in.size:
        fits = int(np.searchsorted(before, before[first] + SYNAPSES_PER_CORE, "right")) - 1
        last = min(fits, first + NEURONS_PER_CORE, fan_in.size)
        cores.append(Core(first, last - first, int(before[last] - before[first])))
        first = last
    if len(cores) > CORES:
        raise NetworkError(
            f"{fan_in.size} neurons with {before[-1]} synapses need {len(cores)} cores, Loihi 2 "
            f"has {CORES}: take fewer neurons, or prune synapses"
        )
    return tuple(cores)
