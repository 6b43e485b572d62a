"""Neurons whose state is kept in few bits from tick to tick, as a torch network.

What a neuron remembers, and the current that is gathered for it, are fixed-point numbers of a word
length; the arithmetic of a tick between them is wider, as is that of a processor that loads narrow
words into wide registers. Numbers of up to 24 bits are exact in float32, so that what is kept is
what such memory would hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple, cast

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import BackendError, NetworkError
from neuromorphic_ros.parameters import STRICT

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


@dataclass(frozen=True, config=STRICT)
class StateBits:
    """Word lengths of what neurons keep, with sign.

    membrane: of the membrane potential. current: of the gathered input, and of a synaptic current.
    """

    membrane: Annotated[int, Field(ge=4, le=24, description="Bits of a membrane")] = 24
    current: Annotated[int, Field(ge=4, le=24, description="Bits of a current")] = 24


class FixedPoint(NamedTuple):
    """Numbers k / 2^fraction_bits with k a signed integer of some bits."""

    bits: int
    fraction_bits: int

    def kept(self, value: Tensor) -> Tensor:
        """Return the nearest such numbers, those at the ends for what is beyond."""
        end = 1 << self.bits - 1
        scale = 2.0**self.fraction_bits
        return (value * scale).round().clamp(-end, end - 1) / scale


class StateRange(NamedTuple):
    """Largest magnitudes that occurred."""

    membrane: float
    current: float


class StateFormat(NamedTuple):
    """How the state of a population is kept."""

    membrane: FixedPoint
    current: FixedPoint


def fixed_point(largest: float, bits: int) -> FixedPoint:
    """Return the finest format of a word length that holds a magnitude."""
    if largest == 0:
        return FixedPoint(bits, 0)
    finest = math.floor(math.log2(((1 << bits - 1) - 1) / largest))
    return FixedPoint(bits, max(-MAX_FRACTION_BITS, min(finest, MAX_FRACTION_BITS)))


def state_formats(ranges: Mapping[str, StateRange], bits: StateBits) -> dict[str, StateFormat]:
    """Return the finest formats, by population, that hold what occurred in a recording."""
    return {
        name: StateFormat(
            fixed_point(each.membrane, bits.membrane), fixed_point(each.current, bits.current)
        )
        for name, each in ranges.items()
    }


def state_ranges(network: TorchNetwork, inputs: Mapping[str, Tensor]) -> dict[str, StateRange]:
    """Run a recording and return the ranges of the state of each population that is no graph.

    inputs: as `network` takes them. The network is not changed.
    """
    watched = {name: _Watched() for name in network.neurons}
    inner = dict(network.neurons)
    try:
        _replace(network, {name: _Kept(inner[name], each) for name, each in watched.items()})
        with torch.no_grad():
            network(inputs)
    finally:
        _replace(network, inner)
    return {name: StateRange(each.membrane, each.current) for name, each in watched.items()}


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
    kept = {name: _Kept(network.neurons[name], _Formatted(*formats[name])) for name in formats}
    _replace(network, kept)


def _replace(network: TorchNetwork, neurons: Mapping[str, Any]) -> None:
    cast("torch.nn.ModuleDict", network.neurons).update(neurons)


class _Watched:
    """Remembers the largest of what passes."""

    def __init__(self) -> None:
        self.membrane = self.current = 0.0

    def keep_membrane(self, value: Tensor) -> Tensor:
        self.membrane = max(self.membrane, float(value.abs().max()))
        return value

    def keep_current(self, value: Tensor) -> Tensor:
        self.current = max(self.current, float(value.abs().max()))
        return value


class _Formatted(NamedTuple):
    membrane: FixedPoint
    current: FixedPoint

    def keep_membrane(self, value: Tensor) -> Tensor:
        return self.membrane.kept(value)

    def keep_current(self, value: Tensor) -> Tensor:
        return self.current.kept(value)


class _Kept(torch.nn.Module):
    """The neurons of a population, with something between them and their memory."""

    def __init__(self, neurons: Any, memory: _Watched | _Formatted) -> None:
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
