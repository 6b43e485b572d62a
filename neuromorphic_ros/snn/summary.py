"""What a network is made of and what memory it takes, before it runs."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.components import components
from neuromorphic_ros.snn.graph.event_tables import table_bytes
from neuromorphic_ros.snn.graph.spiking_graph_tables import state_bytes
from neuromorphic_ros.snn.neurons.model import Neuron
from neuromorphic_ros.snn.spec import (
    EventGraphLayers,
    GivenGraphLayers,
    NetworkSpec,
    Population,
    Projection,
)
from neuromorphic_ros.snn.synapses import DENSE_FROM, Connection, connect, target_dtype

# What is larger than this, in synapses and addresses, is told by its bounds instead of being built.
BUILT_AT_MOST = 2**25
FLOAT_BYTES = 4
ROW_BYTES = 8


class Synapses(NamedTuple):
    """The weights of one projection that are not zero.

    exact: counted; else bounds, and low and high are not known. low, high: of the weights as
    stored; none without weights.
    """

    number: int
    bytes: int
    dense: bool
    exact: bool
    low: float | None
    high: float | None


class Fan(NamedTuple):
    """The input or neuron with most synapses of a direction, all projections together."""

    name: str
    synapses: int


class Summary(NamedTuple):
    """A network by numbers.

    synapses: of each projection. fan_in, fan_out: none if a projection was not built.
    recurrent: populations that drive each other or themselves, in groups, by execution order.
    neuron_bytes: state and constants. delay_bytes: currents of this tick and of delayed spikes.
    graph_bytes: weights and nodes of graphs.
    """

    spec: NetworkSpec
    synapses: tuple[Synapses, ...]
    fan_in: Fan | None
    fan_out: Fan | None
    recurrent: tuple[tuple[str, ...], ...]
    neuron_bytes: int
    delay_bytes: int
    graph_bytes: int

    @property
    def synapse_count(self) -> int:
        """Synapses of all projections."""
        return sum(part.number for part in self.synapses)

    @property
    def weight_bytes(self) -> int:
        """Memory of all projections."""
        return sum(part.bytes for part in self.synapses)

    @property
    def bytes(self) -> int:
        """Memory of all arrays that grow with the network."""
        return self.weight_bytes + self.neuron_bytes + self.delay_bytes + self.graph_bytes

    @property
    def exact(self) -> bool:
        """Whether every projection was counted."""
        return all(part.exact for part in self.synapses)


def summarize(spec: NetworkSpec) -> Summary:
    """Build a network projection by projection, and count.

    What is beyond BUILT_AT_MOST is bounded without building it.
    Raises NetworkError if a projection does not fit or a cycle has no delay.
    """
    order = spec.execution_order()
    left = BUILT_AT_MOST - spec.channels - spec.neurons
    built: list[Synapses] = []
    fans = _Fans(spec) if left > 0 else None
    for index, projection in enumerate(spec.projections):
        left -= _work(spec, projection)
        if fans is None or left < 0:
            fans = None
            built.append(_bounded(spec, projection))
            continue
        connection = connect(spec, index)
        fans.add(projection, connection)
        built.append(_counted(connection))
    return Summary(
        spec=spec,
        synapses=tuple(built),
        fan_in=fans.largest(fans.incoming) if fans else None,
        fan_out=fans.largest(fans.outgoing) if fans else None,
        recurrent=_recurrent(spec, [population.name for population in order]),
        neuron_bytes=sum(_neuron_bytes(spec, population) for population in order),
        delay_bytes=_delay_bytes(spec),
        graph_bytes=sum(_graph_bytes(each.graph) for each in spec.graphs if each.graph),
    )


def parameters(neuron: Neuron) -> dict[str, Any]:
    """Return the parameters of a model by name; of those per neuron the lowest and highest."""
    values = {
        field.name: getattr(neuron, field.name)
        for field in dataclasses.fields(neuron)
        if field.name != "model"
    }
    return {
        name: [float(value.values.min()), float(value.values.max())]
        if isinstance(value, Array)
        else value
        for name, value in values.items()
    }


class _Fans:
    """Synapses into and out of every address."""

    def __init__(self, spec: NetworkSpec) -> None:
        self._spec = spec
        sizes = {name: math.prod(shape) for name, shape in spec.shapes.items()}
        self.incoming = {name: np.zeros(size, np.int64) for name, size in sizes.items()}
        self.outgoing = {name: np.zeros(size, np.int64) for name, size in sizes.items()}

    def add(self, projection: Projection, connection: Connection) -> None:
        pre, post = self._spec.end(projection.pre), self._spec.end(projection.post)
        self.outgoing[pre.name][pre.start : pre.stop] += connection.synapses_per_row
        if connection.target is None:
            into = np.count_nonzero(connection.used, axis=0)
        else:
            into = np.bincount(connection.target[connection.used], minlength=connection.columns)
        self.incoming[post.name][post.start : post.stop] += into

    def largest(self, by_name: dict[str, npt.NDArray[np.int64]]) -> Fan:
        fans = [Fan(name, int(synapses.max())) for name, synapses in by_name.items()]
        return max(fans, key=lambda fan: fan.synapses)


def _work(spec: NetworkSpec, projection: Projection) -> int:
    """Return how many numbers building a projection takes at most."""
    links = spec.stages(projection)
    steps = sum(link.synapses_at_most + math.prod(link.pre) for link in links)
    return max(steps, spec.synapses_at_most(projection))


def _counted(connection: Connection) -> Synapses:
    used = connection.weight[connection.used]
    return Synapses(
        number=used.size,
        bytes=connection.bytes,
        dense=connection.target is None,
        exact=True,
        low=float(used.min() * connection.scale) if used.size else None,
        high=float(used.max() * connection.scale) if used.size else None,
    )


def _bounded(spec: NetworkSpec, projection: Projection) -> Synapses:
    number = spec.synapses_at_most(projection)
    rows, columns = spec.end(projection.pre).size, spec.end(projection.post).size
    dense = number >= DENSE_FROM * rows * columns
    width = np.dtype(projection.precision).itemsize
    sparse_bytes = number * (width + target_dtype(columns).itemsize) + (rows + 1) * ROW_BYTES
    return Synapses(
        number=number,
        bytes=rows * columns * width if dense else sparse_bytes,
        dense=dense,
        exact=False,
        low=None,
        high=None,
    )


def _neuron_bytes(spec: NetworkSpec, population: Population) -> int:
    neuron = population.neuron
    fields = [name for name in type(neuron.state())._fields if name != "dendrites"]
    rows = len(neuron.constants(spec.dt_ms)) + len(fields)
    branches = neuron.compartments - 1
    # A dendritic neuron has a potential of each branch; any has its constant input by compartment.
    own = rows * np.dtype(neuron.dtype).itemsize
    return population.size * (own + (branches + neuron.compartments) * FLOAT_BYTES)


def _graph_bytes(graph: EventGraphLayers | GivenGraphLayers) -> int:
    if isinstance(graph, EventGraphLayers):
        return table_bytes(graph.layers)
    weights, graphs = graph.layers.weights * FLOAT_BYTES, graph.layers.graphs(graph.nodes.graph)
    layers = zip(graphs, graph.layers.layers, strict=False)
    return weights + sum(state_bytes(each, layer.width) for each, layer in layers)


def _delay_bytes(spec: NetworkSpec) -> int:
    longest = spec.longest_delays()
    currents = sum(
        population.size * population.neuron.compartments * (1 + longest[population.name])
        for population in spec.populations
    )
    return currents * FLOAT_BYTES


def _recurrent(spec: NetworkSpec, order: list[str]) -> tuple[tuple[str, ...], ...]:
    ends = [(spec.end(each.pre).name, spec.end(each.post).name) for each in spec.projections]
    selves = {pre for pre, post in ends if pre == post}
    place = {name: index for index, name in enumerate(order)}
    groups = [names for names in components(spec) if len(names) > 1 or names[0] in selves]
    return tuple(sorted(groups, key=lambda names: place[names[0]]))
