"""Networks as data: what a network file says, checked before anything is allocated."""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.array import Array, Quantity
from neuromorphic_ros.snn.graph.event_graph_spec import EventGraphSpec
from neuromorphic_ros.snn.graph.given_nodes import GivenNodes
from neuromorphic_ros.snn.graph.spiking_graph_spec import SpikingGraphSpec
from neuromorphic_ros.snn.neurons.dendritic import DendriticLif
from neuromorphic_ros.snn.neurons.leaky import If, Lif
from neuromorphic_ros.snn.neurons.model import Neuron
from neuromorphic_ros.snn.patterns import AllToAll, Extents, OneToOne, Pattern, Random
from neuromorphic_ros.snn.plasticity.rule import PlasticityRule
from neuromorphic_ros.snn.variant import Variant
from neuromorphic_ros.snn.weights import Precision, Weights
from neuromorphic_ros.spikes import Shape

Bias = Annotated[Quantity, Field(ge=-1e6, le=1e6)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=200)]
Sensor = Literal[
    "camera",
    "scan",
    "imu",
    "odom",
    "temperature",
    "humidity",
    "pressure",
    "illuminance",
    "range",
    "array",
    "joints",
]


@dataclass(frozen=True, config=STRICT)
class Input:
    """A population of channels that an encoder drives, or a program if there is no encoder.

    sensor: the kind of message it listens to; several inputs may share one.
    trigger: true: every sample makes the readouts decide at its stamp.
    """

    name: Name
    shape: Extents
    sensor: Sensor | None = None
    encoder: Name | None = None
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict)
    trigger: bool = True

    def __post_init__(self) -> None:
        if (self.sensor is None) != (self.encoder is None):
            raise ValueError(f"input '{self.name}' needs both sensor and encoder, or neither")


@dataclass(frozen=True, config=STRICT)
class EventGraphLayers:
    """A spiking graph whose nodes are the events of an input.

    events: the input. layers: its graph; in a file, `file` names one beside it.
    """

    events: Name
    layers: EventGraphSpec

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs that it hears."""
        return (self.events,)

    @property
    def shape(self) -> Shape:
        """Shape of what it fires: (features, rows, columns)."""
        return self.layers.output_shape

    def described(self) -> Mapping[str, Any]:
        """Return what it is made of."""
        return {
            "inputs": self.inputs,
            "neurons": self.layers.widths[1:],
            "weights": self.layers.weights,
            "radius_px": self.layers.neighbourhood.radius_px,
            "radius_ms": self.layers.neighbourhood.radius_ms,
            "window_ms": self.layers.window_ms,
        }

    def check(self, shapes: Mapping[str, Shape], dt_ms: float) -> None:
        """Raise NetworkError if it does not fit the inputs and the tick of a network."""
        del dt_ms
        if shapes[self.events] != self.layers.shape:
            raise NetworkError(
                f"is a graph of events of shape {self.layers.shape}, input '{self.events}' has "
                f"{shapes[self.events]}"
            )


@dataclass(frozen=True, config=STRICT)
class GivenGraphLayers:
    """A spiking graph with attention whose nodes hear channels of inputs.

    In a file, `nodes` and `layers` name files beside it. The linear readout of the layers is left
    to projections.
    """

    nodes: GivenNodes
    layers: SpikingGraphSpec

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs that it hears."""
        return tuple(self.nodes.hears)

    @property
    def shape(self) -> Shape:
        """Shape of what it fires: (nodes or clusters, neurons)."""
        return (self.layers.graphs(self.nodes.graph)[-1].nodes, self.layers.layers[-1].width)

    def described(self) -> Mapping[str, Any]:
        """Return what it is made of."""
        return {
            "inputs": self.inputs,
            "neurons": tuple(layer.width for layer in self.layers.layers),
            "weights": self.layers.weights,
            "nodes": self.nodes.count,
            "edges": self.nodes.graph.source.size,
        }

    def check(self, shapes: Mapping[str, Shape], dt_ms: float) -> None:
        """Raise NetworkError if it does not fit the inputs and the tick of a network."""
        if self.layers.dt_ms != dt_ms:
            raise NetworkError(f"has ticks of {self.layers.dt_ms:g} ms, the network of {dt_ms:g}")
        size = self.nodes.count * self.layers.inputs
        for name in self.inputs:
            places, channels = self.nodes.places(name), math.prod(shapes[name])
            if places.size != channels or places.max(initial=-1) >= size:
                raise NetworkError(
                    f"hears {places.size} channels of '{name}', which has {channels}, at up to "
                    f"{places.max(initial=-1)} of {size} features of nodes"
                )


RELAY = If(reset="subtract", multi_spike=True)
"""Neurons that fire what they are told, in the same tick."""


@dataclass(frozen=True, config=STRICT)
class Population:
    """Neurons of one model; each parameter is common or has one value per neuron.

    graph: the neurons are instead those of the last layer of a graph. Its shape may be left out
    then, and the neuron must be.
    """

    name: Name
    shape: Extents = ()
    neuron: Neuron = dataclasses.field(default_factory=Lif)
    graph: EventGraphLayers | GivenGraphLayers | None = None

    def __post_init__(self) -> None:
        if self.graph:
            self._relay(self.graph.shape)
        if not self.shape:
            raise ValueError(f"population '{self.name}' needs a shape")
        for field in dataclasses.fields(self.neuron):
            values = getattr(self.neuron, field.name)
            if isinstance(values, Array) and values.shape != self.shape:
                raise ValueError(
                    f"population '{self.name}': {field.name} has shape {values.shape}, "
                    f"the population {self.shape}"
                )

    @property
    def size(self) -> int:
        """Number of neurons."""
        return math.prod(self.shape)

    @property
    def model(self) -> str:
        """Name of the model of its neurons."""
        if self.graph is None:
            return self.neuron.model
        return "event_graph" if isinstance(self.graph, EventGraphLayers) else "graph_attention"

    def _relay(self, shape: Shape) -> None:
        if self.shape not in ((), shape):
            raise ValueError(f"population '{self.name}' has shape {self.shape}, its graph {shape}")
        if self.neuron not in (Lif(), RELAY):
            raise ValueError(f"population '{self.name}' has a graph and cannot have a neuron too")
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "neuron", RELAY)


@dataclass(frozen=True, config=STRICT)
class Stage:
    """A linear map without memory before the synapses, e.g. a pooling.

    shape: of what it makes; may be left out for conv2d and pooling, which determine it.
    """

    pattern: Pattern
    weights: Weights = 1.0
    bias: Bias | None = None
    shape: Extents | None = None


@dataclass(frozen=True, config=STRICT)
class Projection:
    """Synapses from one population to another, or between slices `name[start:stop]` of them.

    delay_ticks: 0 lets a spike act in its own tick, on a population that is computed later.
    bias: added to the input of every target in every tick; a number, one per target, or for conv2d
    one per channel. before: maps that the spikes pass first, in order.
    precision: in which the weights are stored. compartment: of dendritic neurons, 0 is the soma.
    draw: which random numbers of the network's seed it takes; none: those of its place.
    plasticity: the rule by which its weights learn while the streaming engine runs; none: never.
    All pairs of its pattern are synapses then, of weight 0 too. It takes float32, no maps before,
    and ends that spike.
    """

    pre: str
    post: str
    weights: Weights = 1.0
    pattern: Pattern = dataclasses.field(default_factory=AllToAll)
    delay_ticks: Annotated[int, Field(ge=0, le=100_000)] = 0
    bias: Bias | None = None
    before: tuple[Stage, ...] = ()
    precision: Precision = "float32"
    compartment: Annotated[int, Field(ge=0, le=64)] = 0
    draw: Annotated[int, Field(ge=0)] | None = None
    plasticity: PlasticityRule | None = None

    def __str__(self) -> str:
        return f"{self.pre} -> {self.post}"


@dataclass(frozen=True, config=STRICT)
class Readout:
    """A decoder that turns the spikes of one population into messages."""

    name: Name
    decoder: Name
    population: Name
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict)


class End(NamedTuple):
    """One end of a projection: a range of addresses of a population or input."""

    name: str
    start: int
    stop: int
    shape: Shape

    @property
    def size(self) -> int:
        """Number of addresses."""
        return self.stop - self.start


class Link(NamedTuple):
    """One linear map of a projection, between known shapes."""

    pattern: Pattern
    weights: Weights
    bias: Quantity | None
    pre: Shape
    post: Shape

    @property
    def synapses_at_most(self) -> int:
        """Upper bound of the weights that are not zero."""
        return self.pattern.synapses_at_most(self.pre, self.post)


def _made(stage: Stage, pre: Shape) -> Shape:
    given = stage.weights.shape if isinstance(stage.weights, Array) else stage.shape
    made = stage.pattern.shape(pre, given[0] if given else pre[0]) or stage.shape
    if made is None:
        raise NetworkError(f"a stage of {stage.pattern.type} needs the shape that it makes")
    return made


def _check_shapes(pattern: Pattern, pre: Shape, post: Shape) -> None:
    made = pattern.shape(pre, post[0])
    if made is not None and made != post:
        raise NetworkError(f"{pattern.type} makes {made} of {pre}, the target has {post}")
    sources, targets = math.prod(pre), math.prod(post)
    if isinstance(pattern, OneToOne) and sources != targets:
        raise NetworkError(f"one_to_one needs equal sizes, not {sources} and {targets}")


@dataclass(frozen=True, config=STRICT)
class NetworkSpec:
    """A whole network.

    dt_ms: tick [ms]. seed: of everything random in the network.
    variants: by name; `low` and `medium` are put in force while power is short.
    max_channels (of all inputs), max_neurons, max_synapses: limits that are checked before memory
    is taken.
    """

    name: Name
    dt_ms: Annotated[float, Field(ge=0.01, le=1000)]
    inputs: tuple[Input, ...]
    populations: Annotated[tuple[Population, ...], Field(min_length=1)]
    projections: tuple[Projection, ...] = ()
    readouts: tuple[Readout, ...] = ()
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    variants: dict[Name, Variant] = dataclasses.field(default_factory=dict)
    max_channels: Annotated[int, Field(ge=1, le=2**31)] = 4_000_000
    max_neurons: Annotated[int, Field(ge=1, le=2**31)] = 1_000_000
    max_synapses: Annotated[int, Field(ge=1)] = 20_000_000

    def __post_init__(self) -> None:
        self._check_names()
        self._check_size()
        self._check_readouts()
        self._check_plasticity()
        self._check_graphs()

    @property
    def dt_ns(self) -> int:
        """Tick [ns]."""
        return round(self.dt_ms * 1e6)

    @property
    def nodes(self) -> tuple[Input | Population, ...]:
        """Inputs, then populations, in the order of the file."""
        return (*self.inputs, *self.populations)

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """Shapes of inputs and populations by name, inputs first."""
        return {node.name: node.shape for node in self.nodes}

    @property
    def channels(self) -> int:
        """Number of channels of all inputs."""
        return sum(math.prod(source.shape) for source in self.inputs)

    @property
    def neurons(self) -> int:
        """Number of neurons, inputs not counted."""
        return sum(math.prod(population.shape) for population in self.populations)

    @property
    def gated(self) -> tuple[str, ...]:
        """Populations with dendrites, whose gain a neuromodulator gates."""
        neurons = ((each.name, each.neuron) for each in self.populations)
        return tuple(name for name, neuron in neurons if isinstance(neuron, DendriticLif))

    @property
    def graphs(self) -> tuple[Population, ...]:
        """Populations that are graphs."""
        return tuple(population for population in self.populations if population.graph)

    @property
    def learns(self) -> bool:
        """Whether any projection is plastic."""
        return any(projection.plasticity for projection in self.projections)

    def population(self, name: str) -> Population:
        """Return a population by name; raises NetworkError that lists the known ones."""
        try:
            return self._population[name]
        except KeyError:
            known = ", ".join(self._population)
            raise NetworkError(f"population '{name}' is unknown; the network has {known}") from None

    def end(self, text: str) -> End:
        """Resolve an end of a projection, `name`, `name[index]` or `name[start:stop]`.

        Raises NetworkError if there is no such population or the slice is empty or outside.
        """
        match = re.fullmatch(r"(\w+)(?:\[(\d+)(:(\d+))?\])?", text, re.ASCII)
        if not match:
            raise NetworkError(f"'{text}' is not a name, name[index] or name[start:stop]")
        name, first, is_slice, last = match.groups()
        shape = self.shapes.get(name)
        if shape is None:
            raise NetworkError(f"'{name}' is unknown; the network has {', '.join(self.shapes)}")
        if first is None:
            return End(name, 0, math.prod(shape), shape)
        start = int(first)
        stop = int(last) if is_slice else start + 1
        if not start < stop <= math.prod(shape):
            raise NetworkError(f"'{text}' is empty or outside of {math.prod(shape)} addresses")
        return End(name, start, stop, (stop - start,))

    def stages(self, projection: Projection) -> tuple[Link, ...]:
        """Return the linear maps of a projection in order, with the shapes between them.

        Raises NetworkError if a map does not fit what comes before and after it.
        """
        pre, post = self.end(projection.pre).shape, self.end(projection.post).shape
        maps = (*projection.before, Stage(projection.pattern, projection.weights, projection.bias))
        links = []
        for place, stage in enumerate(maps):
            last = place == len(maps) - 1
            made = post if last else _made(stage, pre)
            _check_shapes(stage.pattern, pre, made)
            links.append(Link(stage.pattern, stage.weights, stage.bias, pre, made))
            pre = made
        return tuple(links)

    def synapses_at_most(self, projection: Projection) -> int:
        """Return an upper bound of the synapses of a projection, and of each map on the way."""
        links = self.stages(projection)
        largest = max(link.synapses_at_most for link in links)
        if len(links) == 1:
            return largest
        fan_out = math.prod(-(-link.synapses_at_most // math.prod(link.pre)) for link in links)
        sources, targets = math.prod(links[0].pre), math.prod(links[-1].post)
        return max(sources * min(fan_out, targets), largest)

    def generator(self, index: int) -> np.random.Generator:
        """Return the generator that draws what is random in a projection."""
        draw = self.projections[index].draw
        return np.random.default_rng((self.seed, index if draw is None else draw))

    def longest_delays(self) -> dict[str, int]:
        """Return the longest delay to each population [ticks]."""
        longest = {population.name: 0 for population in self.populations}
        for projection in self.projections:
            target = self.end(projection.post).name
            longest[target] = max(longest[target], projection.delay_ticks)
        return longest

    def execution_order(self) -> tuple[Population, ...]:
        """Order the populations so that spikes without delay act in their own tick.

        That is the order of the file wherever it allows this.
        Raises NetworkError if projections without delay form a cycle.
        """
        place = {population.name: index for index, population in enumerate(self.populations)}
        sorter: TopologicalSorter[int] = TopologicalSorter(dict.fromkeys(place.values(), ()))
        for projection in self.projections:
            pre, post = self.end(projection.pre).name, self.end(projection.post).name
            if projection.delay_ticks == 0 and pre in place:
                sorter.add(place[post], place[pre])
        try:
            sorter.prepare()
        except CycleError as cycle:
            names = " -> ".join(self.populations[index].name for index in cycle.args[1])
            raise NetworkError(
                f"projections without delay form a cycle: {names}; give one of them delay_ticks: 1"
            ) from None
        order: list[Population] = []
        ready: list[int] = []
        while sorter.is_active():
            for index in sorter.get_ready():
                heappush(ready, index)
            first = heappop(ready)
            order.append(self.populations[first])
            sorter.done(first)
        return tuple(order)

    def execution_nodes(self) -> tuple[Input | Population, ...]:
        """Return the inputs, then the populations in execution order; raises as that does."""
        return (*self.inputs, *self.execution_order())

    def sources_of(self, population: str) -> frozenset[str]:
        """Return the names of the inputs whose spikes can reach a population."""
        found: set[str] = set()
        frontier = {population}
        heard = {each.name: each.graph.inputs for each in self.graphs if each.graph}
        while frontier:
            found |= frontier
            frontier = {
                self.end(projection.pre).name
                for projection in self.projections
                if self.end(projection.post).name in frontier
            }
            for name in found & heard.keys():
                frontier.update(heard[name])
            frontier -= found
        return frozenset(found & {source.name for source in self.inputs})

    @cached_property
    def _population(self) -> dict[str, Population]:
        return {population.name: population for population in self.populations}

    def _check_names(self) -> None:
        for names in (
            [node.name for node in self.nodes],
            [readout.name for readout in self.readouts],
        ):
            repeated = [name for name, times in Counter(names).items() if times > 1]
            if repeated:
                raise NetworkError(f"'{repeated[0]}' is used twice; names must be unique")
        inputs = {source.name for source in self.inputs}
        for projection in self.projections:
            self.end(projection.pre)
            target = self.end(projection.post).name
            if target in inputs:
                raise NetworkError(f"'{projection.post}' is an input and cannot be a target")
            compartments = self.population(target).neuron.compartments
            if projection.compartment >= compartments:
                raise NetworkError(
                    f"projection {projection}: compartment "
                    f"{projection.compartment} is not among the {compartments} of '{target}'"
                )

    def _check_size(self) -> None:
        if self.channels > self.max_channels:
            raise NetworkError(f"{self.channels} channels exceed max_channels {self.max_channels}")
        if self.neurons > self.max_neurons:
            raise NetworkError(f"{self.neurons} neurons exceed max_neurons {self.max_neurons}")
        synapses = 0
        for projection in self.projections:
            try:
                synapses += self.synapses_at_most(projection)
            except NetworkError as wrong:
                raise NetworkError(f"projection {projection}: {wrong}") from None
        if synapses > self.max_synapses:
            raise NetworkError(f"{synapses} synapses exceed max_synapses {self.max_synapses}")

    def _check_readouts(self) -> None:
        populations = {population.name for population in self.populations}
        for readout in self.readouts:
            if readout.population not in populations:
                raise NetworkError(
                    f"readout '{readout.name}' reads '{readout.population}'; "
                    f"the network has {', '.join(sorted(populations))}"
                )

    def _check_plasticity(self) -> None:
        silent = {each.name for each in self.populations if not each.neuron.spikes}
        for projection in self.projections:
            if projection.plasticity is None:
                continue
            pre, post = self.end(projection.pre).name, self.end(projection.post).name
            wrong = None
            if projection.precision != "float32":
                wrong = f"its weights are stored in {projection.precision}, not in float32"
            elif projection.before:
                wrong = "it has maps before its synapses"
            elif not isinstance(projection.pattern, (AllToAll, OneToOne, Random)):
                wrong = f"the synapses of {projection.pattern.type} share their weights"
            elif {pre, post} & silent:
                wrong = f"'{pre if pre in silent else post}' does not spike"
            if wrong:
                raise NetworkError(f"projection {projection} cannot be plastic: {wrong}")

    def _check_graphs(self) -> None:
        inputs = {source.name: source.shape for source in self.inputs}
        for population in self.graphs:
            assert population.graph
            try:
                for name in population.graph.inputs:
                    if name not in inputs:
                        known = ", ".join(inputs) or "none"
                        raise NetworkError(f"is a graph of '{name}'; the inputs are {known}")
                population.graph.check(inputs, self.dt_ms)
            except NetworkError as wrong:
                raise NetworkError(f"population '{population.name}': {wrong}") from None
        graphs = {population.name for population in self.graphs}
        for projection in self.projections:
            if self.end(projection.post).name in graphs:
                raise NetworkError(
                    f"projection {projection}: its target is a graph, which nothing else drives"
                )
