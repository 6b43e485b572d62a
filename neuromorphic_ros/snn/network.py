"""Run a network in torch: batched, differentiable, on any device; for training and as reference."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, cast

import numpy as np

from neuromorphic_ros.errors import BackendError, NetworkError, SpikeError
from neuromorphic_ros.snn.array import Array, as_numpy
from neuromorphic_ros.snn.components import components
from neuromorphic_ros.snn.patterns import AllToAll, Conv1d, Conv2d, OneToOne, Pool2d, Random
from neuromorphic_ros.snn.spec import EventGraphLayers, Link, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.synapses import bias, expanded, weight_shape
from neuromorphic_ros.snn.tick_spikes import TickSpikes
from neuromorphic_ros.snn.weights import Precision, store, values

try:
    import torch
    from torch import Tensor
    from torch.nn.functional import avg_pool2d, conv2d, pad
except ImportError:
    raise BackendError(
        "training needs torch, which is not installed: pip install neuromorphic_ros[torch]"
    ) from None

from neuromorphic_ros.snn.graph.event_population_module import EventPopulationModule
from neuromorphic_ros.snn.graph.given_population_module import GivenPopulationModule
from neuromorphic_ros.snn.surrogate import SuperSpike, Surrogate

Linear = Callable[[Tensor], Tensor]
Step = Callable[[Any, Sequence[Tensor]], tuple[Tensor, Any]]


class NetworkState(NamedTuple):
    """What goes on from one call to the next.

    neurons: the state of each population, of tensors (batch, neurons).
    under_way: for each input and population, what it sent in as many last ticks as its longest
    delay has; float32 (ticks, batch, addresses).
    """

    neurons: dict[str, Any]
    under_way: dict[str, Tensor]

    def detach(self) -> NetworkState:
        """Return the state without its gradient, for truncated backpropagation through time."""
        return NetworkState(
            {name: _detached(state) for name, state in self.neurons.items()},
            {name: sent.detach() for name, sent in self.under_way.items()},
        )


class TorchNetwork(torch.nn.Module):
    """A network whose weights and biases are parameters, with a surrogate gradient for spikes.

    It computes what `StreamingNetwork` does, operation for operation: the same steps of the neurons
    in the same order, the same rounding of weights. Two things differ in the last place. The
    float32 currents of a neuron are summed in another order, which is exact as long as the sums
    are, e.g. of spikes times multiples of 1/64; and torch has its own exponential, which adex and
    dendritic_lif use. On CUDA, convolutions are as exact only without TF32
    (torch.backends.cudnn.allow_tf32 = False).

    Weights keep their form, so that training keeps shared kernels and drawn pairs; pooling is not
    trained. Weights in float16 or int8 are parameters in float32 that every call rounds, with a
    straight-through gradient (Bengio, Leonard & Courville, arXiv:1308.3432); of several maps in a
    row, the engine rounds the product, so they are multiplied out. `random` takes the memory of its
    dense matrix while it runs.

    Plastic projections do not learn here: their weights are as in the description.

    Graphs hear whole amounts, those of events in the order of addresses within a tick, and run
    first.

    Populations that do not drive themselves through others run one after the other over the whole
    sequence, with one product for all ticks; those in a cycle run tick by tick.
    """

    def __init__(self, spec: NetworkSpec, surrogate: Surrogate | None = None) -> None:
        """Build a network; without `surrogate` the gradient is that of SuperSpike.

        Raises NetworkError if a projection does not fit.
        """
        super().__init__()
        self._spec, surrogate = spec, surrogate or SuperSpike()
        neurons: dict[str, _Neurons] = {}
        graphs: dict[str, EventPopulationModule | GivenPopulationModule] = {}
        for population in spec.populations:
            if isinstance(population.graph, EventGraphLayers):
                graphs[population.name] = EventPopulationModule(
                    population.graph, spec.dt_ns, surrogate
                )
            elif population.graph:
                graphs[population.name] = GivenPopulationModule(population.graph, surrogate)
            else:
                neurons[population.name] = _Neurons(population, spec.dt_ms, surrogate)
        self._components = [each for each in components(spec) if graphs.keys().isdisjoint(each)]
        synapses = [_Synapses(spec, index) for index in range(len(spec.projections))]
        self.neurons = cast("Mapping[str, _Neurons]", torch.nn.ModuleDict(neurons))
        self.graphs = cast(
            "Mapping[str, EventPopulationModule | GivenPopulationModule]",
            torch.nn.ModuleDict(graphs),
        )
        self.synapses = cast("Sequence[_Synapses]", torch.nn.ModuleList(synapses))
        # The longest delay of what each input and population sends.
        self._depth = dict.fromkeys(spec.shapes, 0)
        for each in synapses:
            self._depth[each.pre.name] = max(self._depth[each.pre.name], each.delay_ticks)

    def spec(self) -> NetworkSpec:
        """Return the network with its present weights and biases."""
        projections = (
            synapses.trained(projection)
            for synapses, projection in zip(self.synapses, self._spec.projections, strict=True)
        )
        populations = (
            dataclasses.replace(population, graph=self.graphs[population.name].trained())
            if population.graph
            else population
            for population in self._spec.populations
        )
        return dataclasses.replace(
            self._spec, populations=tuple(populations), projections=tuple(projections)
        )

    def start(self, batch: int) -> NetworkState:
        """Return the state at the start of a batch of sequences."""
        device = next(chain(self.buffers(), self.parameters())).device
        return NetworkState(
            {name: neurons.start(batch) for name, neurons in self.neurons.items()},
            {
                name: torch.zeros(self._depth[name], batch, math.prod(shape), device=device)
                for name, shape in self._spec.shapes.items()
            },
        )

    def forward(
        self,
        inputs: Mapping[str, Tensor] | Tensor,
        state: NetworkState | None = None,
        record: Collection[str] = (),
    ) -> tuple[dict[str, Tensor], NetworkState]:
        """Run a sequence.

        inputs: the amount of every channel, (ticks, batch, *shape), of each input by name; of the
        only input, its tensor alone. state: that of an earlier call, to go on from it.
        record: populations whose membranes after each tick are returned too.

        Returns the output of every population, (ticks, batch, *shape) float32: spikes, or the
        membrane of neurons that do not spike; the membranes of `record` as `name.membrane`; of
        graphs of events, as `name.1` and so on, the spikes of each layer before the last, summed
        over all events, (ticks, batch, features); and the state.
        Raises SpikeError if inputs or state do not fit the network, as a state does none with
        graphs of events; NetworkError if a name in `record` is no population with membranes.
        """
        for name in record:
            if self._spec.population(name).graph:
                raise NetworkError(f"population '{name}' is a graph without membranes")
        if self.graphs and state is not None:
            raise SpikeError(
                f"network '{self._spec.name}' has graphs, whose sequences start anew: pass no state"
            )
        inputs = self._checked(inputs)
        ticks, batch = next(iter(inputs.values())).shape[:2]
        state = self.start(batch) if state is None else state
        if any(sent.shape[1] != batch for sent in state.under_way.values()):
            raise SpikeError(f"state is of another batch than the inputs, {batch}")

        linear = [synapses.linear() for synapses in self.synapses]
        inner: dict[str, Tensor] = {}
        for name, graph in self.graphs.items():
            if isinstance(graph, EventPopulationModule):
                inputs[name], layers = graph(inputs[graph.events])
                inner |= {f"{name}.{number}": layer for number, layer in enumerate(layers, 1)}
            else:
                inputs[name] = graph(inputs)
        # From as many ticks before this call on as it may be delayed.
        sent = {
            name: torch.cat((state.under_way[name], x)) if self._depth[name] else x
            for name, x in inputs.items()
        }
        after = dict(state.neurons)
        membranes: dict[str, list[Tensor]] = {name: [] for name in record}
        for component in self._components:
            arriving = {
                name: self._arriving(name, component, sent, linear, (ticks, batch))
                for name in component
            }
            inside = {name: self._between(component, name) for name in component}
            step = {name: self.neurons[name].step() for name in component}
            fired = {name: list(state.under_way[name].unbind()) for name in component}
            for tick in range(ticks):
                for name in component:
                    currents = [current[tick] for current in arriving[name]]
                    for index, synapses in inside[name]:
                        pre, place = synapses.pre.name, synapses.compartment
                        before = fired[pre][tick + self._depth[pre] - synapses.delay_ticks]
                        currents[place] = currents[place] + linear[index](before)
                    output, after[name] = step[name](after[name], currents)
                    fired[name].append(output)
                    if name in membranes:
                        membranes[name].append(after[name].membrane)
            sent |= {name: torch.stack(fired[name]) for name in component}

        outputs = inner
        for population in self._spec.populations:
            name, shape = population.name, population.shape
            output = _ticks(sent[name], self._depth[name], ticks)
            outputs[name] = output.unflatten(-1, shape)
            if name in membranes:
                outputs[f"{name}.membrane"] = torch.stack(membranes[name]).unflatten(-1, shape)
        under_way = {name: sequence[ticks:].clone() for name, sequence in sent.items()}
        return outputs, NetworkState(after, under_way)

    def _between(self, sources: Collection[str], target: str) -> list[tuple[int, _Synapses]]:
        return [
            (index, synapses)
            for index, synapses in enumerate(self.synapses)
            if synapses.pre.name in sources and synapses.post.name == target
        ]

    def _arriving(
        self,
        name: str,
        component: Collection[str],
        sent: Mapping[str, Tensor],
        linear: Sequence[Linear],
        size: tuple[int, int],
    ) -> list[tuple[Tensor, ...]]:
        """Return the current from biases and outside of the component, by compartment and tick."""
        neurons, device = self.neurons[name], next(iter(sent.values())).device
        total: list[Tensor | None] = [None] * neurons.compartments
        for _, synapses in self._between(self._depth, name):
            place = synapses.compartment
            total[place] = _sum(total[place], synapses.bias())
        for index, synapses in self._between(self._depth.keys() - component, name):
            pre, place = synapses.pre.name, synapses.compartment
            before = _ticks(sent[pre], self._depth[pre] - synapses.delay_ticks, size[0])
            current = linear[index](before.flatten(0, 1)).unflatten(0, size)
            total[place] = _sum(total[place], current)
        zero = torch.zeros((), device=device)
        return [
            (zero if current is None else current).expand(*size, neurons.size).unbind()
            for current in total
        ]

    def _checked(self, inputs: Mapping[str, Tensor] | Tensor) -> dict[str, Tensor]:
        """Return the inputs as (ticks, batch, channels) float32."""
        spec = self._spec
        names = [source.name for source in spec.inputs]
        known = ", ".join(names) or "none"
        if isinstance(inputs, Tensor):
            if len(names) != 1:
                raise SpikeError(f"pass the inputs of network '{spec.name}' by name: {known}")
            inputs = {names[0]: inputs}
        if not names or set(inputs) != set(names):
            found = ", ".join(inputs) or "none"
            raise SpikeError(f"the inputs of network '{spec.name}' are {known}, not {found}")
        size = next(iter(inputs.values())).shape[:2]
        for name in names:
            shape, given = spec.shapes[name], tuple(inputs[name].shape)
            if len(size) < 2 or given != (*size, *shape) or not size[0]:
                raise SpikeError(
                    f"input '{name}' has shape {given}; it needs (ticks, batch, *{shape}), with at "
                    "least one tick and as many as the others"
                )
        return {name: inputs[name].flatten(2).to(torch.float32) for name in names}


class _Neurons(torch.nn.Module):
    """A population: its constants as buffers, and its step."""

    def __init__(self, population: Population, dt_ms: float, surrogate: Surrogate) -> None:
        super().__init__()
        self.neuron, self.size = population.neuron, population.size
        self.compartments = self.neuron.compartments
        self.surrogate = surrogate
        self.rules = self.neuron.rules(dt_ms)
        constants = self.neuron.constants(dt_ms)
        self._constants = type(constants)
        for name, value in constants._asdict().items():
            self.register_buffer(name, self._tensor(value), persistent=False)

    def start(self, batch: int) -> Any:
        """Return the state at the start."""
        device = next(self.buffers()).device

        def each(value: Any) -> Any:
            if isinstance(value, list):
                return [each(one) for one in value]
            return self._tensor(value).to(device).expand(batch, self.size)

        state = self.neuron.state()
        return type(state)(*map(each, state))

    def step(self) -> Step:
        """Return what advances a state by a tick, given the currents of each compartment."""
        step, surrogate, rules = self.neuron.step, self.surrogate, self.rules
        constants = self._constants(*(getattr(self, name) for name in self._constants._fields))
        single = self.compartments == 1

        def advance(state: Any, currents: Sequence[Tensor]) -> tuple[Tensor, Any]:
            current = currents[0] if single else currents
            output, state = step(surrogate, constants, rules, state, current)
            return output.to(torch.float32), state

        return advance

    def _tensor(self, value: Any) -> Tensor:
        array = np.asarray(value, self.neuron.dtype)
        return torch.tensor(array.ravel() if array.ndim else array)


class _Synapses(torch.nn.Module):
    """A projection: its linear maps, between slices of two populations."""

    def __init__(self, spec: NetworkSpec, index: int) -> None:
        super().__init__()
        projection = spec.projections[index]
        self.pre, self.post = spec.end(projection.pre), spec.end(projection.post)
        self.post_size = math.prod(spec.shapes[self.post.name])
        self.pre_size = math.prod(spec.shapes[self.pre.name])
        self.delay_ticks, self.compartment = projection.delay_ticks, projection.compartment
        self.precision: Precision = projection.precision
        # Raises if a bias does not fit.
        bias(spec, index)
        generator = spec.generator(index)
        try:
            maps = [_Map(link, generator) for link in spec.stages(projection)]
        except NetworkError as wrong:
            raise NetworkError(f"projection {projection}: {wrong}") from None
        self.maps = cast("Sequence[_Map]", torch.nn.ModuleList(maps))

    def linear(self, dtype: torch.dtype = torch.float32) -> Linear:
        """Return the map of spikes (n, pre) to currents (n, post), with the present weights.

        dtype: in which it is computed, that of spikes and currents.
        """
        if self.precision == "float32" or len(self.maps) == 1:
            stages: list[tuple[Callable[..., Tensor], Tensor]] = [
                (each, _rounded(each.present(), self.precision)) for each in self.maps
            ]
        else:
            product = torch.eye(self.pre.size, device=self.maps[0].weight.device)
            for each in self.maps:
                product = each(product, each.present())
            stages = [(torch.matmul, _rounded(product, self.precision))]
        stages = [(stage, weight.to(dtype)) for stage, weight in stages]
        pre, post = self.pre, self.post

        def apply(spikes: Tensor) -> Tensor:
            if pre.size < self.pre_size:
                spikes = spikes[:, pre.start : pre.stop]
            for stage, weight in stages:
                spikes = stage(spikes, weight)
            if post.size < self.post_size:
                return pad(spikes, (post.start, self.post_size - post.stop))
            return spikes

        return apply

    def bias(self) -> Tensor | None:
        """Return the constant input of every target, (post,)."""
        carried: Tensor | None = None
        for each in self.maps:
            if carried is not None:
                carried = each(carried[None], each.present())[0]
            carried = _sum(carried, each.flat_bias())
        if carried is None:
            return None
        return pad(carried, (self.post.start, self.post_size - self.post.stop))

    def trained(self, projection: Projection) -> Projection:
        """Return a projection with the present weights and biases."""
        trained = [each.trained(place == 0) for place, each in enumerate(self.maps)]
        return dataclasses.replace(
            projection,
            before=tuple(
                dataclasses.replace(stage, **changes)
                for stage, changes in zip(projection.before, trained, strict=False)
            ),
            **trained[-1],
        )


class _Map(torch.nn.Module):
    """A linear map with its weights in the form of its pattern."""

    weight: Tensor
    place: Tensor
    bias: torch.nn.Parameter | None

    def __init__(self, link: Link, generator: np.random.Generator) -> None:
        super().__init__()
        self.link = link
        pattern = link.pattern
        if isinstance(pattern, Random):
            drawn = expanded(link, generator)
            sources = np.repeat(np.arange(drawn.row.size - 1), np.diff(drawn.row))
            place = sources * math.prod(link.post) + drawn.target
            self.register_buffer("place", torch.from_numpy(place), persistent=False)
            weight = torch.tensor(drawn.weight)
        else:
            weight = torch.tensor(values(link.weights, weight_shape(link), generator))
        if isinstance(pattern, Pool2d):
            self.register_buffer("weight", weight, persistent=False)
        else:
            self.weight = torch.nn.Parameter(weight)
        given = None if link.bias is None else torch.tensor(as_numpy(link.bias, np.float32))
        self.register_parameter("bias", None if given is None else torch.nn.Parameter(given))
        if isinstance(pattern, (Conv1d, Conv2d)):
            # Taps that only ever see padding are no synapses, and must not count in rounding.
            with torch.enable_grad():
                reached = self(torch.ones(1, math.prod(link.pre)), self.weight).sum()
            (uses,) = torch.autograd.grad(reached, self.weight)
            self.weight.data[uses == 0] = 0.0

    def present(self) -> Tensor:
        """Return the weights as `forward` takes them, before rounding."""
        pattern, sources, targets = self.link.pattern, *map(math.prod, self.link[3:])
        if isinstance(pattern, Random):
            matrix = self.weight.new_zeros(sources * targets)
            return matrix.scatter(0, self.place, self.weight).view(sources, targets)
        if isinstance(pattern, Pool2d) and pattern.type == "avg_pool2d":
            return self.weight / math.prod(pattern.kernel)
        return self.weight

    def forward(self, spikes: Tensor, weight: Tensor) -> Tensor:
        """Map (n, pre) to (n, post)."""
        pattern, pre = self.link.pattern, self.link.pre
        if isinstance(pattern, Conv1d):
            image = spikes.reshape(-1, pre[0], 1, pre[1])
            return _convolved(pattern.flat, image, weight[:, :, None]).flatten(1)
        if isinstance(pattern, Conv2d):
            return _convolved(pattern, spikes.reshape(-1, *pre), weight).flatten(1)
        if isinstance(pattern, Pool2d):
            rows, columns = pattern.padding
            image = spikes.reshape(-1, *pre)
            if rows or columns:
                image = pad(image, (columns, columns, rows, rows))
            summed = avg_pool2d(image, pattern.kernel, pattern.step, divisor_override=1)
            return (summed * weight).flatten(1)
        return spikes * weight if isinstance(pattern, OneToOne) else spikes @ weight

    def flat_bias(self) -> Tensor | None:
        """Return the bias of each target, (post,)."""
        if self.bias is None:
            return None
        post = self.link.post
        size = math.prod(post)
        if tuple(self.bias.shape) in ((), post, (size,)):
            return self.bias.flatten().expand(size)
        return self.bias.repeat_interleave(size // post[0])

    def trained(self, first: bool) -> dict[str, Any]:
        """Return pattern, weights and bias of a stage with the present values.

        first: of its projection. A random map after others would draw other pairs if those before
        it no longer draw their weights; it becomes a matrix with zeros.
        """
        pattern, weight = self.link.pattern, self.weight
        if isinstance(pattern, Random):
            weight = self.present()
            pattern = pattern if first else AllToAll()
        return {"pattern": pattern, "weights": _quantity(weight), "bias": _quantity(self.bias)}


class _Rounded(torch.autograd.Function):
    """Weights as the engine stores them; the gradient passes straight through."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, precision: Precision) -> Any:
        stored = store(weight.detach().cpu().numpy(), precision)
        rounded = stored.values.astype(np.float32) * stored.scale
        return torch.tensor(rounded, device=weight.device)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return grads[0], None


def _rounded(weight: Tensor, precision: Precision) -> Tensor:
    if precision == "float32":
        return weight
    return _Rounded.apply(weight, precision)  # type: ignore[no-any-return]


def dense(spec: NetworkSpec, spikes: TickSpikes) -> dict[str, Tensor]:
    """Return the spikes of the inputs as a batch of one; raises SpikeError for unknown channels.

    Returns the amounts by input, float32 (ticks, 1, *shape).
    """
    if spikes.address.size and spikes.address.max() >= spec.channels:
        raise SpikeError(
            f"channel {spikes.address.max()} is outside of the {spec.channels} of '{spec.name}'"
        )
    amounts = np.zeros((spikes.ticks, spec.channels), np.float32)
    tick = np.repeat(np.arange(spikes.ticks), np.diff(spikes.first))
    np.add.at(amounts, (tick, spikes.address), spikes.value if spikes.value.size else 1.0)
    sizes = [math.prod(source.shape) for source in spec.inputs]
    parts = np.split(amounts, np.cumsum(sizes)[:-1], axis=1)
    return {
        source.name: torch.from_numpy(part.reshape(spikes.ticks, 1, *source.shape))
        for source, part in zip(spec.inputs, parts, strict=True)
    }


def sparse(spec: NetworkSpec, outputs: Mapping[str, Tensor]) -> TickSpikes:
    """Return the spikes of all neurons of a batch of one, as `StreamingNetwork.run` does."""
    amounts = np.concatenate(
        [
            (outputs[population.name][:, 0] * population.neuron.spikes).flatten(1).detach().cpu()
            for population in spec.execution_order()
        ],
        axis=1,
    )
    tick, address = np.nonzero(amounts)
    first = np.searchsorted(tick, np.arange(len(amounts) + 1))
    return TickSpikes(address.astype(np.uint32), first, amounts[tick, address])


def _detached(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach()
    detached = map(_detached, value)
    return list(detached) if isinstance(value, list) else type(value)(*detached)


def _ticks(sent: Tensor, first: int, ticks: int) -> Tensor:
    # The gradient of a slice is a copy, so there is none of everything.
    return sent if len(sent) == ticks else sent[first : first + ticks]


def _sum(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    if one is None or other is None:
        return one if other is None else other
    return one + other


def _convolved(pattern: Conv2d, image: Tensor, kernel: Tensor) -> Tensor:
    (top, bottom), (left, right) = pattern.borders
    if (top, left) != (bottom, right):
        image = pad(image, (left, right, top, bottom))
        top = left = 0
    return conv2d(
        image,
        kernel,
        stride=pattern.stride,
        padding=(top, left),
        dilation=pattern.dilation,
        groups=pattern.groups,
    )


def _quantity(parameter: Tensor | None) -> float | Array | None:
    if parameter is None:
        return None
    found = parameter.detach().cpu().numpy()
    return Array(found.copy()) if found.ndim else float(found)
