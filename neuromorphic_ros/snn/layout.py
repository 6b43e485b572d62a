"""Lay out a network in memory: parameters, state, currents and synapses, and the tables to them."""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn import tables
from neuromorphic_ros.snn.counts import Integers
from neuromorphic_ros.snn.expenses import Expenses, expenses
from neuromorphic_ros.snn.neurons.model import Neuron
from neuromorphic_ros.snn.plasticity.layout import PlasticLayer, fill_plastic, lay_out_plastic
from neuromorphic_ros.snn.spec import NetworkSpec, Population
from neuromorphic_ros.snn.synapses import Connection, bias, connect
from neuromorphic_ros.snn.weights import Values

# 4 GiB of currents that are under way.
MAX_CURRENTS = 2**30

Record = Any


class Layer(NamedTuple):
    """The arrays of one population.

    constant: (constants, size) and state: (fields, size), float64 of adex, else float32.
    rule: int64 (rules, 1). dendrite: float32[dendrites * size].
    drive: float32[compartments * size], the constant input of each compartment.
    """

    constant: npt.NDArray[Any]
    rule: Integers
    state: npt.NDArray[Any]
    dendrite: Values
    drive: Values


class Layout(NamedTuple):
    """A network in memory; the tables hold addresses of the other arrays, so keep it whole.

    names: of inputs, then populations in execution order; their sources begin at `begin`,
    int64[nodes + 1]. nodes, links, network: records of `tables`, one per name, per projection that
    is in `connections`, and one of all. currents: float32, under way to the neurons.
    plastic: of plastic projections, in the order of `plastics`, records of `tables` too.
    expenses: what spikes cost.
    spike_count: int64[sources], and spike_rest: uint8[channels], what is to be added for inputs.
    """

    names: tuple[str, ...]
    begin: Integers
    layers: dict[str, Layer]
    connections: tuple[Connection, ...]
    expenses: Expenses
    spike_count: Integers
    spike_rest: npt.NDArray[np.uint8]
    currents: Values
    amount: Values
    flag: npt.NDArray[np.uint64]
    nodes: npt.NDArray[Any]
    links: npt.NDArray[Any]
    plastic: tuple[PlasticLayer, ...]
    plastics: npt.NDArray[Any]
    network: npt.NDArray[Any]

    @property
    def fires_amounts(self) -> bool:
        """Whether neurons may fire several spikes in a tick."""
        return bool(np.any(self.nodes["graded"] & self.nodes["spikes"]))

    def spikes(self) -> Integers:
        """Return the spikes of each source so far; int64[sources]."""
        spikes: Integers = self.spike_count.copy()
        spikes[: self.spike_rest.size] += self.spike_rest
        return spikes

    def start(self, population: Population) -> None:
        """Set the neurons of a population, and what is under way to them, to the start."""
        layer, node = self.layers[population.name], self.nodes[self.names.index(population.name)]
        state = population.neuron.state()._asdict()
        state.pop("dendrites", None)
        for row, values in enumerate(state.values()):
            layer.state[row] = _each(values, population.size)
        layer.dendrite[:] = 0.0
        ring = self.currents[node["ring"] : node["ring"] + node["depth"] * node["width"]]
        ring.reshape(node["depth"], node["width"])[:] = layer.drive

    def present(self) -> tuple[Connection, ...]:
        """Return the synapses of each projection as they are now."""
        connections = list(self.connections)
        for plastic in self.plastic:
            connections[plastic.projection] = plastic.present()
        return tuple(connections)

    def start_learning(self) -> None:
        """Forget all spikes and rewards; weights stay as they are."""
        self.plastics["phasic"] = self.plastics["next_settled"] = self.plastics["next_scaled"] = 0
        for plastic in self.plastic:
            plastic.start()

    def adopt(self, population: Population, other: Layout, ticks: float) -> None:
        """Take state and currents under way from the same population of a variant.

        ticks: of this network in one of the other.
        """
        self.start(population)
        layer, given = self.layers[population.name], other.layers[population.name]
        layer.state[:], layer.dendrite[:] = given.state, given.dendrite
        fields = type(population.neuron.state())._fields
        if "refractory_left" in fields:
            left = layer.state[fields.index("refractory_left")]
            left[:] = np.ceil(left * ticks)
        ring, coming = self._coming(population.name), other._coming(population.name)
        for after, currents in enumerate(coming):
            due = min(int(after * ticks), len(ring) - 1)
            ring[due] += currents - given.drive

    def _coming(self, name: str) -> list[Values]:
        """Return the currents of the coming ticks of a population, as views."""
        node, tick = self.nodes[self.names.index(name)], int(self.network[0]["tick"])
        depth, width = int(node["depth"]), int(node["width"])
        ring = self.currents[node["ring"] : node["ring"] + depth * width].reshape(depth, width)
        return [ring[(tick + after) % depth] for after in range(depth)]


def lay_out(spec: NetworkSpec) -> Layout:
    """Expand a network; raises NetworkError if a projection does not fit or a delay is too long."""
    order = spec.execution_nodes()
    names = tuple(node.name for node in order)
    begin = np.cumsum([0, *(math.prod(node.shape) for node in order)])
    nodes = np.zeros(len(names), tables.NODE)
    nodes["begin"], nodes["size"] = begin[:-1], np.diff(begin)
    node = dict(zip(names, nodes, strict=True))
    currents = np.zeros(_place_rings(spec, node), np.float32)

    populations = spec.execution_order()
    layers = {population.name: _layer(spec, population) for population in populations}
    for population in populations:
        _fill_node(node[population.name], population.neuron, layers[population.name])

    connections = tuple(connect(spec, index) for index in range(len(spec.projections)))
    place = {name: index for index, name in enumerate(names)}
    pre = [spec.end(projection.pre).name for projection in spec.projections]
    by_source = sorted(range(len(pre)), key=lambda index: place[pre[index]])
    links = np.zeros(max(1, len(pre)), tables.CONNECTION)
    for link, index in zip(links, by_source, strict=False):
        projection, connection = spec.projections[index], connections[index]
        target = spec.end(projection.post).name
        column = projection.compartment * int(node[target]["size"]) + connection.post_start
        _fill_link(link, connection, projection.delay_ticks, node[target], column)
        layers[target].drive[column : column + connection.columns] += bias(spec, index)
    for name, group in itertools.groupby(enumerate(by_source), key=lambda item: pre[item[1]]):
        mine = [position for position, _ in group]
        node[name]["first_connection"], node[name]["last_connection"] = mine[0], mine[-1] + 1

    plastic, plastics = _plastic(spec, node, connections)
    largest = int(nodes["size"].max())
    layout = Layout(
        names=names,
        begin=begin,
        layers=layers,
        connections=connections,
        expenses=expenses(spec, connections),
        spike_count=np.zeros(begin[-1], np.int64),
        spike_rest=np.zeros(max(1, spec.channels), np.uint8),
        currents=currents,
        amount=np.zeros(largest, np.float32),
        # The kernel looks at eight flags at a time.
        flag=np.zeros(-(-largest // 8), np.uint64),
        nodes=nodes,
        links=links,
        plastic=plastic,
        plastics=plastics,
        network=np.zeros(1, tables.NETWORK),
    )
    _fill_network(layout, spec)
    for population in populations:
        layout.start(population)
    return layout


def _place_rings(spec: NetworkSpec, node: dict[str, Record]) -> int:
    """Give each population a ring of currents, as long as the longest delay to it needs."""
    longest = spec.longest_delays()
    total = 0
    for population in spec.execution_order():
        own = node[population.name]
        own["depth"] = 1 + longest[population.name]
        own["width"] = population.neuron.compartments * population.size
        own["ring"] = total
        total += int(own["depth"]) * int(own["width"])
    if total > MAX_CURRENTS:
        raise NetworkError(
            f"delays need {total} currents under way, more than {MAX_CURRENTS}: shorten delays "
            "into large populations"
        )
    return total


def _layer(spec: NetworkSpec, population: Population) -> Layer:
    neuron, size = population.neuron, population.size
    constants, rules = neuron.constants(spec.dt_ms), neuron.rules(spec.dt_ms)
    fields = [name for name in type(neuron.state())._fields if name != "dendrites"]
    return Layer(
        constant=np.array([_each(values, size) for values in constants], neuron.dtype),
        rule=np.array(rules, np.int64).reshape(-1, 1),
        state=np.zeros((len(fields), size), neuron.dtype),
        dendrite=np.zeros((neuron.compartments - 1) * size, np.float32),
        drive=np.zeros(neuron.compartments * size, np.float32),
    )


def _each(values: Any, size: int) -> npt.NDArray[Any]:
    return np.broadcast_to(np.ravel(values) if np.ndim(values) else values, (size,))


def _fill_node(node: Record, neuron: Neuron, layer: Layer) -> None:
    several = getattr(neuron, "multi_spike", False) or getattr(neuron, "substeps", 1) > 1
    node["kind"], node["spikes"] = tables.KINDS[neuron.model], neuron.spikes
    node["plain"] = not layer.rule.any()
    node["graded"] = several or not neuron.spikes
    for part in layer._fields:
        node[part] = getattr(layer, part).ctypes.data


def _fill_link(
    link: Record, connection: Connection, delay_ticks: int, target: Record, column: int
) -> None:
    link["pre_start"], link["rows"] = connection.pre_start, connection.rows
    link["columns"], link["delay"] = connection.columns, delay_ticks
    link["target"] = target["ring"] + column
    link["width"], link["depth"] = target["width"], target["depth"]
    link["storage"] = tables.STORAGE[connection.weight.dtype.name]
    link["scale"], link["far"] = connection.scale, connection.bytes > tables.FAR
    link["weight"] = connection.weight.ctypes.data
    if connection.row is not None and connection.target is not None:
        link["sparse"], link["narrow"] = 1, connection.target.dtype == np.uint16
        link["row"], link["column"] = connection.row.ctypes.data, connection.target.ctypes.data


def _plastic(
    spec: NetworkSpec, node: dict[str, Record], connections: tuple[Connection, ...]
) -> tuple[tuple[PlasticLayer, ...], npt.NDArray[Any]]:
    layers, records = [], []
    for index, (projection, connection) in enumerate(
        zip(spec.projections, connections, strict=True)
    ):
        rule = projection.plasticity
        if rule is None:
            continue
        pre, post = (node[spec.end(end).name] for end in (projection.pre, projection.post))
        layer = lay_out_plastic(index, connection, rule, projection.delay_ticks, spec.dt_ms)
        record = np.zeros(1, tables.PLASTIC)
        fill_plastic(record[0], layer, spec.dt_ms)
        drives = int(pre["begin"]) >= spec.channels
        record["source_kind"] = tables.POPULATION if drives else tables.INPUT
        begin = int(pre["begin"]) - drives * spec.channels
        record["pre_first"] = begin + connection.pre_start
        record["post_first"] = int(post["begin"]) - spec.channels + connection.post_start
        layers.append(layer)
        records.append(record)
    return tuple(layers), np.concatenate([np.zeros(0, tables.PLASTIC), *records])


def _fill_network(layout: Layout, spec: NetworkSpec) -> None:
    network = layout.network[0]
    network["channels"], network["neurons"] = spec.channels, spec.neurons
    network["inputs"], network["nodes"] = len(spec.inputs), len(layout.names)
    network["plastics"], network["learning"] = len(layout.plastic), 1.0
    for field, part in (
        ("node", layout.nodes),
        ("connection", layout.links),
        ("plastic", layout.plastics),
        ("current", layout.currents),
        ("amount", layout.amount),
        ("flag", layout.flag),
        ("count", layout.spike_count),
        ("rest", layout.spike_rest),
    ):
        network[field] = part.ctypes.data
