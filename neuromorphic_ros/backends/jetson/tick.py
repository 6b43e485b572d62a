"""One tick of a network in torch, over tensors that stay where they are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from neuromorphic_ros.snn.network import Linear, Step, TorchNetwork
from neuromorphic_ros.snn.spec import NetworkSpec, Population

LARGEST = torch.finfo(torch.float16).max


class _Layer(NamedTuple):
    """A population.

    ring: currents of this tick and of those to come, (depth, compartments, neurons); `now` tells
    which of the places in rings this tick's are at. drive: its constant input, (compartments,
    neurons). state, start: now and at rest, named tuples of tensors (1, neurons).
    """

    ring: Tensor
    now: int
    drive: Tensor
    state: Any
    start: Any
    step: Step
    spikes: bool


class _Link(NamedTuple):
    """A projection.

    ring: of the compartment that it reaches, (depth, neurons); `then` tells which of the places in
    rings its currents go to.
    """

    linear: Linear
    ring: Tensor
    then: int


class StaticTick:
    """Compute one tick at each call, in place: what a CUDA graph records and replays.

    It never branches on data, makes nothing whose shape depends on data, and moves nothing between
    host and device. All memory but that of results within a tick is taken when it is made.

    A call takes the amounts of all channels from a row of `inputs`, float32 (rows, channels), and
    puts what all neurons fired, in execution order, into that row of `outputs`, float32 (rows,
    neurons); of those that pass on values, 1 for one that is not 0. row: int64[1]; a call adds 1.
    fired: the sums of what went to `outputs`, float64[neurons]. active: how often a neuron had
    other input than its constant one, int64[neurons].

    It computes what `TorchNetwork` does, but for projections whose weights are stored in float16:
    they are computed in float16, their amounts and currents clipped to its largest number. The
    current of a neuron is its bias, then that of each projection as it arrives.
    """

    def __init__(self, spec: NetworkSpec, device: torch.device | str, rows: int) -> None:
        """Start at rest, of a network without graphs.

        Raises NetworkError if a projection does not fit.
        """
        self.spec = spec
        network = TorchNetwork(spec).requires_grad_(False).to(device)
        self.inputs = torch.zeros(rows, spec.channels, device=device)
        self.outputs = torch.zeros(rows, spec.neurons, device=device)
        self.row = torch.zeros(1, dtype=torch.int64, device=device)
        self.fired = torch.zeros(spec.neurons, dtype=torch.float64, device=device)
        self.active = torch.zeros(spec.neurons, dtype=torch.int64, device=device)
        # Places in rings: as many ticks from now, in a ring of that depth.
        delays: list[int] = []
        depths: list[int] = []
        longest = spec.longest_delays()
        self._layers: dict[str, _Layer] = {}
        for population in spec.execution_order():
            depth = 1 + longest[population.name]
            self._layers[population.name] = _layer(network, population, depth, len(delays))
            delays.append(0)
            depths.append(depth)
        self._links: dict[str, list[_Link]] = {name: [] for name in spec.shapes}
        for synapses in network.synapses:
            post, compartment = self._layers[synapses.post.name], synapses.compartment
            constant = synapses.bias()
            if constant is not None:
                post.drive[compartment] += constant
            half = synapses.precision == "float16"
            linear = _in_float16(synapses.linear(torch.float16)) if half else synapses.linear()
            link = _Link(linear, post.ring[:, compartment], len(delays))
            self._links[synapses.pre.name].append(link)
            delays.append(synapses.delay_ticks)
            depths.append(len(post.ring))
        self._due = torch.tensor(delays, device=device)
        self._depths = torch.tensor(depths, device=device)
        self.reset()

    def __call__(self) -> None:
        """Run a tick."""
        places = torch.remainder(self._due, self._depths)
        given = self.inputs.index_select(0, self.row)
        begin = 0
        for source in self.spec.inputs:
            size = math.prod(source.shape)
            self._send(source.name, given[:, begin : begin + size], places)
            begin += size
        fired, active = [], []
        for name, layer in self._layers.items():
            now = places[layer.now : layer.now + 1]
            currents = layer.ring.index_select(0, now)
            active.append((currents[0] != layer.drive).any(0))
            output, after = layer.step(layer.state, currents.unbind(1))
            layer.ring.index_copy_(0, now, layer.drive[None])
            _put(layer.state, after)
            fired.append(output if layer.spikes else (output != 0).to(output.dtype))
            self._send(name, output, places)
        outputs = torch.cat(fired, 1)
        self.outputs.index_copy_(0, self.row, outputs)
        self.fired.add_(outputs[0])
        self.active.add_(torch.cat(active))
        self.row.add_(1)
        self._due.add_(1)

    def clear(self) -> None:
        """Return to rest and begin to count anew, at the first row."""
        self.reset()
        for counted in (self.row, self.fired, self.active):
            counted.zero_()

    def reset(self) -> None:
        """Return to rest; `fired` and `active` go on."""
        for layer in self._layers.values():
            _put(layer.state, layer.start)
            layer.ring.copy_(layer.drive.expand_as(layer.ring))

    def adopt(self, name: str, other: StaticTick) -> None:
        """Take the state of a population, and the currents under way to it, from a variant."""
        layer, given = self._layers[name], other._layers[name]
        ticks = other.spec.dt_ms / self.spec.dt_ms
        _put(layer.state, given.state)
        if "refractory_left" in layer.state._fields:
            left = layer.state.refractory_left
            left.copy_((left * ticks).ceil())
        depth, theirs = len(layer.ring), len(given.ring)
        layer.ring.copy_(layer.drive.expand_as(layer.ring))
        after = torch.arange(theirs, device=layer.ring.device)
        coming = given.ring[(other._due[given.now] + after) % theirs] - given.drive
        due = (after * ticks).long().clamp(max=depth - 1)
        layer.ring.index_add_(0, (self._due[layer.now] + due) % depth, coming)

    def _send(self, name: str, amounts: Tensor, places: Tensor) -> None:
        for link in self._links[name]:
            then = places[link.then : link.then + 1]
            link.ring.index_add_(0, then, link.linear(amounts))


def _layer(network: TorchNetwork, population: Population, depth: int, now: int) -> _Layer:
    neurons = network.neurons[population.name]
    start = neurons.start(1)
    places = torch.zeros(depth, neurons.compartments, neurons.size, device=start[0].device)
    return _Layer(
        ring=places,
        now=now,
        drive=torch.zeros_like(places[0]),
        state=_clone(start),
        start=start,
        step=neurons.step(),
        spikes=population.neuron.spikes,
    )


def _in_float16(linear: Linear) -> Linear:
    def apply(amounts: Tensor) -> Tensor:
        # Of an infinite amount or sum only NaN would be left.
        return linear(amounts.clamp(-LARGEST, LARGEST).half()).float().clamp(-LARGEST, LARGEST)

    return apply


def _tensors(state: Any) -> Iterator[Tensor]:
    """Yield the tensors of a state, those of dendrites too."""
    for part in state:
        if isinstance(part, list):
            yield from part
        else:
            yield part


def _put(state: Any, after: Any) -> None:
    for kept, value in zip(_tensors(state), _tensors(after), strict=True):
        kept.copy_(value)


def _clone(state: Any) -> Any:
    def clone(part: Any) -> Any:
        return [clone(one) for one in part] if isinstance(part, list) else part.clone()

    return type(state)(*map(clone, state))
