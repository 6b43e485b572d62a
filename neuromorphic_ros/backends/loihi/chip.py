"""What one Loihi 2 chip holds, and which core holds which neurons."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic.dataclasses import dataclass

from neuromorphic_ros.backends.limits import Count, limits
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT


@dataclass(frozen=True, config=STRICT)
class ChipLimits:
    """The limits of a chip; delay: of a spike, beside the tick that every connection takes."""

    cores: Count
    neurons_per_core: Count
    synapses: Count
    weight: Count
    delay: Count

    @property
    def neurons(self) -> int:
        """Most neurons of a chip."""
        return self.cores.value * self.neurons_per_core.value

    @property
    def synapses_per_core(self) -> int:
        """An equal share of the most of a chip; what is stored uncompressed takes more."""
        return self.synapses.value // self.cores.value


@cache
def chip() -> ChipLimits:
    """Return the limits of Loihi 2; raises HardwareModelError if their file is wrong."""
    return limits("loihi2", ChipLimits)


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
    cores, neurons = chip().cores.value, chip().neurons_per_core.value
    synapses = chip().synapses_per_core
    if fan_in.size and fan_in.max() > synapses:
        raise NetworkError(
            f"neuron {fan_in.argmax()} is reached by {fan_in.max()} synapses, a core of Loihi 2 "
            f"holds {synapses}: prune them, or let neurons between add them up"
        )
    before = np.concatenate(([0], np.cumsum(fan_in)))
    filled: list[Core] = []
    first = 0
    while first < fan_in.size:
        fits = int(np.searchsorted(before, before[first] + synapses, "right")) - 1
        last = min(fits, first + neurons, fan_in.size)
        filled.append(Core(first, last - first, int(before[last] - before[first])))
        first = last
    if len(filled) > cores:
        raise NetworkError(
            f"{fan_in.size} neurons with {before[-1]} synapses need {len(filled)} cores, Loihi 2 "
            f"has {cores}: take fewer neurons, or prune synapses"
        )
    return tuple(filled)
