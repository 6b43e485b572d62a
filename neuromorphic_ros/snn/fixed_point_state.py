"""Neurons whose state is kept in few bits from tick to tick, as a torch network.

What a neuron remembers, and the current that is gathered for it, are fixed-point numbers of a word
length; the arithmetic of a tick between them is wider, as is that of a processor that loads narrow
words into wide registers. Numbers of up to 24 bits are exact in float32, so that what is kept is
what such memory would hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from neuromorphic_ros.errors import BackendError, NetworkError
from neuromorphic_ros.snn.state_bits import StateBits

try:
    import torch
    from torch import Tensor
except ImportError:
    raise BackendError(
        "training needs torch, which is not installed: pip install neuromorphic_ros[torch]"
    ) from None

from neuromorphic_ros.snn.network import Step, TorchNetwork

# The point may be far outside of the word, but what it counts must be a normal float32.
MAX_FRACTION_BITS = 100


class FixedPoint(NamedTuple):
    """Numbers k / 2^fraction_bits with k a signed integer of some bits."""

    bits: int
    fraction_bits: int

    def kept(self, value: Tensor) -> Tensor:
        """Return the nearest such numbers, those at the ends for what is beyond."""
        end = 1 << self.bits - 1
        scale = 2.0**self.fraction_bits
        return (value * scale).round().clamp(-end, end - 1) / scale


class StateRange:
    """Largest magnitudes of what a population keeps."""

    def __init__(self, membrane: float = 0.0, current: float = 0.0) -> None:
        self.membrane, self.current = membrane, current

    def keep_membrane(self, value: Tensor) -> Tensor:
        """Return membranes as they are."""
        self.membrane = max(self.membrane, float(value.detach().abs().max()))
        return value

    def keep_current(self, value: Tensor) -> Tensor:
        """Return currents as they are."""
        self.current = max(self.current, float(value.detach().abs().max()))
        return value


class StateFormat(NamedTuple):
    """How a population keeps its state."""

    membrane: FixedPoint
    current: FixedPoint

    def keep_membrane(self, value: Tensor) -> Tensor:
        """Return membranes as they are kept."""
        return self.membrane.kept(value)

    def keep_current(self, value: Tensor) -> Tensor:
        """Return currents as they are kept."""
        return self.current.kept(value)


def fixed_point(largest: float, bits: int) -> FixedPoint:
    """Return the finest format of a word length that holds a magnitude."""
    if largest == 0:
        return FixedPoint(bits, 0)
    finest = math.floor(math.log2(((1 << bits - 1) - 1) / largest))
    return FixedPoint(bits, max(-MAX_FRACTION_BITS, min(finest, MAX_FRACTION_BITS)))


def state_formats(ranges: Mapping[str, StateRange], bits: StateBits) -> dict[str, StateFormat]:
    """Return the finest formats, by population, that hold what occurred."""
    return {
        name: StateFormat(
            fixed_point(each.membrane, bits.membrane), fixed_point(each.current, bits.current)
        )
        for name, each in ranges.items()
    }


def watch_state(network: TorchNetwork) -> dict[str, StateRange]:
    """Return the ranges of each population of neurons, which grow while the network runs."""
    ranges = {name: StateRange() for name in network.neurons}
    _replace(network, {name: _Kept(network.neurons[name], each) for name, each in ranges.items()})
    return ranges


def keep_state(network: TorchNetwork, formats: Mapping[str, StateFormat]) -> None:
    """Let populations of a network keep their state in formats from now on, those named.

    Membranes and synaptic currents are, and the input of each compartment; adaptation, dendrites
    and refractoriness stay in floating point.
    Raises NetworkError if the network has no such population of neurons.
    """
    for name in formats:
        if name not in network.neurons:
            known = ", ".join(network.neurons) or "none"
            raise NetworkError(f"'{name}' is no population of neurons; there are {known}")
    kept = {name: _Kept(network.neurons[name], formats[name]) for name in formats}
    _replace(network, kept)


def _replace(network: TorchNetwork, neurons: Mapping[str, Any]) -> None:
    cast("torch.nn.ModuleDict", network.neurons).update(neurons)


class _Kept(torch.nn.Module):
    """The neurons of a population, with something between them and their memory."""

    def __init__(self, neurons: Any, memory: StateRange | StateFormat) -> None:
        super().__init__()
        self.neurons, self.memory = neurons, memory
        self.neuron, self.size = neurons.neuron, neurons.size
        self.compartments = neurons.compartments

    def start(self, batch: int) -> Any:
        """Return the state at the start."""
        return self._kept(self.neurons.start(batch))

    def step(self) -> Step:
        """Return what advances a state by a tick, given the currents of each compartment."""
        advance, keep, spikes = self.neurons.step(), self.memory.keep_current, self.neuron.spikes

        def advance_kept(state: Any, currents: Sequence[Tensor]) -> tuple[Tensor, Any]:
            output, state = advance(state, [keep(current) for current in currents])
            state = self._kept(state)
            return output if spikes else state.membrane, state

        return advance_kept

    def _kept(self, state: Any) -> Any:
        keep: dict[str, Callable[[Tensor], Tensor]] = {
            "membrane": self.memory.keep_membrane,
            "synapse": self.memory.keep_current,
        }
        changed = {name: keep[name](getattr(state, name)) for name in keep if name in state._fields}
        return state._replace(**changed)
