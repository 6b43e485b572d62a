"""What a TrueNorth chip holds."""

from __future__ import annotations

from pydantic.dataclasses import dataclass

from neuromorphic_ros.backends.limits import Count, Limit, limits
from neuromorphic_ros.parameters import STRICT


@dataclass(frozen=True, config=STRICT)
class ChipLimits:
    """The limits of a chip.

    axon_types: and weights of a neuron. weight: with its sign. delay: the longest, of a spike.
    tick: the shortest.
    """

    cores: Count
    axons_per_core: Count
    neurons_per_core: Count
    axon_types: Count
    weight: Count
    delay: Count
    tick: Limit


CHIP = limits("truenorth", ChipLimits)

CORES = CHIP.cores.value
AXONS = CHIP.axons_per_core.value
NEURONS = CHIP.neurons_per_core.value
TYPES = CHIP.axon_types.value
WEIGHT_BITS = CHIP.weight.value
MAX_DELAY = CHIP.delay.value
"""[ticks]"""
TICK_MS = CHIP.tick.value
