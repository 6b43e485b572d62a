"""The spiking graph in torch: every edge in every tick, differentiable; to train, and as reference.

It computes what `SpikingGraph` does, to the bit. What is rounded there is rounded here, with a
straight-through gradient (Bengio, Leonard & Courville, arXiv:1308.3432).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from neuromorphic_ros.errors import BackendError, NetworkError
from neuromorphic_ros.parameters import replace
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.attention import exponential_table
from neuromorphic_ros.snn.graph.event_graph_spec import GRID
from neuromorphic_ros.snn.graph.given_graph import GivenGraph
from neuromorphic_ros.snn.graph.pooling import Pooling
from neuromorphic_ros.snn.graph.spiking_graph_kernel import (
    COEFFICIENT_GRID,
    SLOPE,
    STEPS_PER_UNIT,
)
from neuromorphic_ros.snn.graph.spiking_graph_spec import (
    GraphAttentionLayer,
    SpikingGraphSpec,
    decay_table,
)
from neuromorphic_ros.snn.neurons.firing import PLAIN

try:
    import torch
    from torch import Tensor
except ImportError:
    raise BackendError(
        "training needs torch, which is not installed: pip install neuromorphic_ros[torch]"
    ) from None

from neuromorphic_ros.snn.surrogate import SuperSpike, Surrogate


class GraphSpikes(NamedTuple):
    """What a network fired.

    layers: of each, pooled if it has a pooling; float64 (batch, ticks, nodes or clusters, neurons).
    output: float64 (batch, nodes or clusters, outputs).
    """

    layers: list[Tensor]
    output: Tensor


class SpikingGraphModule(torch.nn.Module):
    """A spiking graph whose weights are parameters, with a surrogate gradient for spikes."""

    def __init__(
        self, spec: SpikingGraphSpec, graph: GivenGraph, surrogate: Surrogate | None = None
    ) -> None:
        """Take the weights of a spec; without `surrogate` the gradient is that of SuperSpike.

        Raises NetworkError if a pooling is for another number of nodes.
        """
        super().__init__()
        self._spec = spec
        layers = [
            _Layer(layer, each, spec.dt_ms, surrogate or SuperSpike())
            for layer, each in zip(spec.layers, spec.graphs(graph), strict=False)
        ]
        self.layers = cast("Sequence[_Layer]", torch.nn.ModuleList(layers))
        self.weight, self.bias = (_parameter(each) for each in (spec.weight, spec.bias))

    def spec(self) -> SpikingGraphSpec:
        """Return the spec with the present weights.

        Raises NetworkError if sums of them are not exact, ValueError if one is not finite.
        """
        weights = {
            "layers": tuple(layer.spec() for layer in self.layers),
            "weight": _array(self.weight),
            "bias": _array(self.bias),
        }
        return replace(self._spec, weights, "trained spiking graph", NetworkError)

    def forward(self, spikes: Tensor) -> GraphSpikes:
        """Run from rest; spikes: (batch, ticks, nodes, features), whole numbers."""
        found, now = [], spikes.double()
        for layer in self.layers:
            now = layer(now)
            found.append(now)
        weight, bias = (_rounded(each.double()) for each in (self.weight, self.bias))
        return GraphSpikes(found, bias + now.sum(dim=1) @ weight / max(spikes.shape[1], 1))


class _Memory(NamedTuple):
    """State of a layer after a tick: (batch, nodes, width); trace_tick (batch, nodes)."""

    message_trace: Tensor
    query_trace: Tensor
    trace_tick: Tensor
    membrane: Tensor
    membrane_tick: Tensor
    deaf_until: Tensor


class _Layer(torch.nn.Module):
    source: Tensor
    target: Tensor
    edge_weight: Tensor
    decay: Tensor
    trace_decay: Tensor
    exponential: Tensor

    def __init__(
        self, layer: GraphAttentionLayer, graph: GivenGraph, dt_ms: float, surrogate: Surrogate
    ) -> None:
        super().__init__()
        self.message, self.query, self.attention = (
            _parameter(each) for each in (layer.message, layer.query, layer.attention)
        )
        self._layer, self._nodes, self._surrogate = layer, graph.nodes, surrogate
        constants = {
            "source": graph.source,
            "target": graph.target,
            "edge_weight": graph.weight,
            "decay": decay_table(layer.neurons.tau_mem_ms, dt_ms),
            "trace_decay": decay_table(layer.tau_trace_ms, dt_ms),
            "exponential": exponential_table(),
        }
        for name, values in constants.items():
            self.register_buffer(name, torch.tensor(values), persistent=False)
        delays = torch.tensor(graph.delay_ticks)
        self._by_delay = [
            (int(delay), torch.nonzero(delays == delay).flatten()) for delay in delays.unique()
        ]

    def spec(self) -> GraphAttentionLayer:
        return dataclasses.replace(
            self._layer,
            message=_array(self.message),
            query=_array(self.query),
            attention=_array(self.attention),
        )

    def forward(self, spikes: Tensor) -> Tensor:
        message, query = (
            _rounded(each.double()).transpose(0, 1).flatten(1)
            for each in (self.message, self.query)
        )
        told, asked = _rounded(spikes @ message), spikes @ query
        tells = (spikes != 0).any(dim=-1)
        batch, ticks = spikes.shape[:2]
        rest = spikes.new_zeros(batch, self._nodes, message.shape[1])
        whole = torch.zeros_like(rest, dtype=torch.int64)
        memory = _Memory(rest, rest, whole[..., 0] - 1, rest, whole, whole)
        found = []
        for tick in range(ticks):
            memory = self._look_back(memory, told[:, tick], asked[:, tick], tells[:, tick], tick)
            current, reached = self._receive(memory, told, tells, tick)
            fired, memory = self._fire(memory, current, reached, tick)
            found.append(fired)
        fired = torch.stack(found, dim=1) if found else rest[:, None][:, :0]
        return _pooled(fired, self._layer.pooling) if self._layer.pooling else fired

    def _look_back(
        self, memory: _Memory, told: Tensor, asked: Tensor, tells: Tensor, tick: int
    ) -> _Memory:
        left = self._left(tick - memory.trace_tick)
        message = _rounded(memory.message_trace * left) + told
        query = _rounded(_rounded(memory.query_trace * left) + asked)
        heard = tells[..., None]
        return memory._replace(
            message_trace=torch.where(heard, message, memory.message_trace),
            query_trace=torch.where(heard, query, memory.query_trace),
            trace_tick=torch.where(tells, tick, memory.trace_tick),
        )

    def _left(self, age: Tensor) -> Tensor:
        return self.trace_decay[age.clamp(max=self.trace_decay.numel() - 1)][..., None]

    def _coefficients(self, memory: _Memory, tick: int) -> Tensor:
        """Return what each edge counts for, (batch, edges, heads)."""
        left = self._left(tick - memory.trace_tick)
        messages, queries = (
            _rounded(trace * left) for trace in (memory.message_trace, memory.query_trace)
        )
        seen = (messages[:, self.source] + queries[:, self.target]).unflatten(
            -1, self._layer.attention.shape
        )
        leaky = torch.where(seen > 0, seen, SLOPE * seen)
        score = (leaky * _rounded(self.attention.double())).sum(dim=-1)
        places = self.target[None, :, None].expand_as(score)
        nowhere = score.new_full((score.shape[0], self._nodes, score.shape[2]), -torch.inf)
        largest = nowhere.scatter_reduce(1, places, score.detach(), "amax")[:, self.target]
        below = largest - score
        step = torch.round(below.detach() * STEPS_PER_UNIT)
        table = self.exponential[step.clamp(max=self.exponential.numel() - 1).long()]
        exponential = cast("Tensor", _StraightThrough.apply(torch.exp(-below), table))
        total = torch.zeros_like(nowhere).index_add(1, self.target, exponential)
        part = exponential / total[:, self.target] * self.edge_weight[:, None]
        return _rounded(part, COEFFICIENT_GRID)

    def _receive(
        self, memory: _Memory, told: Tensor, tells: Tensor, tick: int
    ) -> tuple[Tensor, Tensor]:
        """Return what arrives at every neuron, and at which nodes anything does."""
        coefficients = self._coefficients(memory, tick)
        current = torch.zeros_like(memory.membrane)
        arrivals = torch.zeros_like(memory.trace_tick)
        for delay, edges in self._by_delay:
            if tick < delay:
                continue
            source, target = self.source[edges], self.target[edges]
            arriving = told[:, tick - delay, source].unflatten(-1, self._layer.attention.shape)
            weighted = arriving * coefficients[:, edges, :, None]
            current = current.index_add(1, target, weighted.flatten(2))
            arrivals = arrivals.index_add(1, target, tells[:, tick - delay, source].long())
        return current, arrivals > 0

    def _fire(
        self, memory: _Memory, current: Tensor, reached: Tensor, tick: int
    ) -> tuple[Tensor, _Memory]:
        neurons = self._layer.neurons
        hears = reached[..., None] & (tick >= memory.deaf_until)
        age = (tick - memory.membrane_tick).clamp(max=self.decay.numel() - 1)
        membrane = _rounded(memory.membrane * self.decay[age] + current)
        threshold = membrane.new_tensor(neurons.threshold)
        fired = self._surrogate(membrane, threshold, PLAIN).double() * hears
        held = fired.detach() > 0
        zero = torch.zeros_like(membrane)
        reset = membrane - threshold if neurons.reset == "subtract" else zero
        after = torch.where(held, reset, membrane)
        return fired, memory._replace(
            membrane=torch.where(hears, after, memory.membrane),
            membrane_tick=torch.where(hears, tick, memory.membrane_tick),
            deaf_until=torch.where(held, tick + 1 + neurons.refractory_ticks, memory.deaf_until),
        )


class _StraightThrough(torch.autograd.Function):
    """A value forward, the gradient to what it stands for backward."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, instead: Tensor) -> Tensor:
        return instead

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return grads[0], None


def _rounded(value: Tensor, grid: float = GRID) -> Tensor:
    exact = torch.round(value.detach() * grid) / grid
    return cast("Tensor", _StraightThrough.apply(value, exact))


def _pooled(fired: Tensor, pooling: Pooling) -> Tensor:
    clusters = torch.tensor(pooling.clusters, device=fired.device)
    shape = (*fired.shape[:2], pooling.sizes.size, fired.shape[3])
    amount = fired.new_zeros(shape).index_add(2, clusters, fired)
    if pooling.how == "max":
        return cast("Tensor", _StraightThrough.apply(amount, amount.detach().clamp(max=1.0)))
    return _rounded(amount / fired.new_tensor(pooling.divisor)[:, None])


def _parameter(values: Array) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.tensor(values.values))


def _array(parameter: Tensor) -> Array:
    return Array(parameter.detach().cpu().numpy())
