"""Run a network at batch 1, event-driven and compiled: one call for any number of ticks."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import NetworkError, SpikeError
from neuromorphic_ros.snn import kernel, tables
from neuromorphic_ros.snn.counts import Counts, Integers
from neuromorphic_ros.snn.neurons.model import Neuron
from neuromorphic_ros.snn.spec import NetworkSpec, Population
from neuromorphic_ros.snn.synapses import Connection, bias, connect
from neuromorphic_ros.snn.weights import Values
from neuromorphic_ros.spikes import Addresses

# 4 GiB of currents that are under way.
MAX_CURRENTS = 2**30
_ONES = np.empty(0, np.float32)
_ADDRESS, _FIRST, _VALUE = np.dtype(np.uint32), np.dtype(np.int64), np.dtype(np.float32)


class TickSpikes(NamedTuple):
    """Spikes by tick: those of tick k are address[first[k]:first[k + 1]].

    address: uint32[n], flat over all inputs (as input) or all neurons in execution order (as
    output). first: int64[ticks + 1]. value: float32[n], the amount of each, for graded input and
    neurons that fire several spikes in a tick; empty: all 1.
    """

    address: Addresses
    first: npt.NDArray[np.int64]
    value: Values = _ONES

    @property
    def ticks(self) -> int:
        """Number of ticks."""
        return self.first.size - 1

    def one_by_one(self) -> TickSpikes:
        """Return n spikes for a spike of amount n, as address events have no amounts."""
        if not self.value.size:
            return self
        amounts = self.value.astype(np.int64)
        spikes_before = np.concatenate(([0], np.cumsum(amounts)))
        return TickSpikes(np.repeat(self.address, amounts), spikes_before[self.first])


def _as_compiled(part: npt.NDArray[Any], dtype: np.dtype[Any], name: str) -> npt.NDArray[Any]:
    if part.dtype != dtype or part.ndim != 1:
        raise SpikeError(
            f"{name} must be {dtype} of one dimension, not {part.dtype} of {part.ndim}"
        )
    # What is read-only or has gaps is of another type for compiled code.
    return part if part.flags.carray else np.array(part)


class _Layer(NamedTuple):
    """The arrays of one population, as the kernel takes them."""

    constant: npt.NDArray[Any]
    rule: Integers
    state: npt.NDArray[Any]
    dendrite: Values
    drive: Values


class StreamingNetwork:
    """Run one network for one robot.

    Work per tick: the synapses of the channels and neurons that spiked, and one update per neuron.
    A spike over a projection with delay 0 acts in its own tick, on later populations. The current
    of a neuron is summed in float32: its bias, then spikes in the order of sources and projections.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        """Expand and compile a network; raises NetworkError if a projection does not fit."""
        self.spec = spec
        nodes = spec.execution_nodes()
        self._names = tuple(node.name for node in nodes)
        self._sizes = np.array([math.prod(node.shape) for node in nodes], np.int64)
        self._begin = np.concatenate(([0], np.cumsum(self._sizes)))
        self._order = spec.execution_order()
        self.connections = tuple(connect(spec, index) for index in range(len(spec.projections)))
        self._layers = {population.name: _layer(spec, population) for population in self._order}
        sources = int(self._begin[-1])
        self._spike_count = np.zeros(sources, np.int64)
        self._build()
        self._make_room(max(1024, 4 * spec.neurons))
        self.reset()
        # The first tick of a robot must not be late.
        kernel.prepare()

    def reset(self) -> None:
        """Return to rest; the counts go on."""
        self._currents[:] = 0.0
        for population in self._order:
            layer, node = self._layers[population.name], self._node[population.name]
            _start(layer, population)
            ring = self._currents[node["ring"] : node["ring"] + node["depth"] * node["width"]]
            ring.reshape(node["depth"], node["width"])[:] = layer.drive

    def step(self, address: Addresses, value: Values = _ONES) -> Addresses:
        """Run one tick and return the neurons that fired; valid until the next call.

        address: uint32[n], flat over all inputs; value: float32[n], or empty for ones. Returns
        uint32[m], flat over all neurons in execution order; `run` returns their amounts too.
        Raises SpikeError, with the network unchanged, for another dtype or an unknown channel.
        """
        if value.size:
            return self.run(TickSpikes(address, np.array([0, address.size]), value)).address
        try:
            fired = kernel.run(self._table, address, kernel.SINGLE)
        except TypeError:  # not as compiled: of another dtype, read-only or with gaps
            return self.run(TickSpikes(address, np.array([0, address.size]))).address
        if fired < 0:
            self._refuse()
        return self._fired[:fired]

    def run(self, spikes: TickSpikes) -> TickSpikes:
        """Run one tick per tick of `spikes` and return the spikes of the neurons.

        Raises SpikeError, with the network unchanged, if an address is no channel, `first` does not
        divide the addresses into ticks, or a dtype or size is wrong.
        """
        address = _as_compiled(spikes.address, _ADDRESS, "address")
        first = _as_compiled(spikes.first, _FIRST, "first")
        value = _as_compiled(spikes.value, _VALUE, "value")
        if first.size == 0 or value.size not in (0, address.size):
            self._refuse()
        ticks = first.size - 1
        fired_first = np.zeros(first.size, np.int64)
        network = self._network[0]
        network["ticks"], network["first"] = ticks, first.ctypes.data
        network["fired_first"] = fired_first.ctypes.data
        if value.size:
            if not np.all(np.isfinite(value)):
                raise SpikeError("an amount is NaN or infinite")
            network["value"] = value.ctypes.data
        try:
            done = 0
            while (done := kernel.run(self._table, address, done)) < ticks:
                if done < 0:
                    self._refuse()
                self._make_room(2 * self._fired.size)
        finally:
            network["value"] = 0
        fired = self._fired[: fired_first[-1]].copy()
        if not self._fires_amounts:
            return TickSpikes(fired, fired_first)
        return TickSpikes(fired, fired_first, self._fired_amount[: fired_first[-1]].copy())

    def membrane(self, name: str) -> npt.NDArray[Any]:
        """Return the membranes of a population now, flat; float32, of adex float64 [mV].

        Raises NetworkError if there is no such population.
        """
        population = self.spec.population(name)
        fields = type(population.neuron.state())._fields
        return np.array(self._layers[name].state[fields.index("membrane")])

    def modulate(self, name: str, level: float) -> None:
        """Set the level of the neuromodulator, -1 to 1, in a population of dendritic neurons.

        Raises NetworkError for another population or level.
        """
        fields = type(self.spec.population(name).neuron.state())._fields
        if "modulation" not in fields:
            raise NetworkError(f"population '{name}' has no dendrites that a modulator could gate")
        if not -1 <= level <= 1:
            raise NetworkError(f"modulation {level} of '{name}' is outside of -1..1")
        self._layers[name].state[fields.index("modulation")] = level

    def counts(self) -> Counts:
        """Return the counts since construction."""
        begin = self._begin[:-1]
        inputs = len(self.spec.inputs)
        ticks = int(self._network[0]["tick"])
        return Counts(
            names=self._names,
            sizes=self._sizes,
            spikes=_sum_by(self._spike_count, begin),
            synaptic_events=_sum_by(self._spike_count * self._synapses_per_source, begin),
            neuron_updates=np.where(np.arange(self._sizes.size) < inputs, 0, self._sizes) * ticks,
            ticks=ticks,
            dense_macs=int(self._synapses_per_source.sum()) * ticks,
        )

    def _refuse(self) -> NoReturn:
        raise SpikeError(
            f"spikes do not fit network '{self.spec.name}': an address is outside of its "
            f"{self.spec.channels} channels, first does not rise from 0 to the last address, or "
            "there is not one value for each address"
        )

    def _make_room(self, spikes: int) -> None:
        kept = getattr(self, "_fired", np.empty(0, np.uint32))
        kept_amount = getattr(self, "_fired_amount", _ONES)
        self._fired = np.empty(spikes, np.uint32)
        self._fired_amount = np.empty(spikes, np.float32)
        self._fired[: kept.size], self._fired_amount[: kept.size] = kept, kept_amount
        network = self._network[0]
        network["room"] = spikes
        network["fired"] = self._fired.ctypes.data
        network["fired_amount"] = self._fired_amount.ctypes.data

    def _build(self) -> None:
        """Lay out the tables of the kernel; everything they point to is kept by this object."""
        spec = self.spec
        pre = [spec.end(projection.pre).name for projection in spec.projections]
        post = [spec.end(projection.post).name for projection in spec.projections]
        self._nodes = np.zeros(len(self._names), tables.NODE)
        self._node = dict(zip(self._names, self._nodes, strict=True))
        ring = 0
        for index, (name, node) in enumerate(self._node.items()):
            node["begin"], node["size"] = self._begin[index], self._sizes[index]
            node["depth"] = 1 + max(
                (
                    projection.delay_ticks
                    for projection, target in zip(spec.projections, post, strict=True)
                    if target == name
                ),
                default=0,
            )
            if name in self._layers:
                layer = self._layers[name]
                neuron = spec.population(name).neuron
                node["kind"], node["spikes"] = tables.KINDS[neuron.model], neuron.spikes
                node["plain"] = not layer.rule.any()
                node["graded"] = not neuron.spikes or _fires_amounts(neuron)
                node["width"] = layer.drive.size
                node["ring"] = ring
                ring += int(node["depth"] * node["width"])
                for part in layer._fields:
                    node[part] = getattr(layer, part).ctypes.data
        if ring > MAX_CURRENTS:
            raise NetworkError(
                f"delays need {ring} currents under way, more than {MAX_CURRENTS}: shorten delays "
                "into large populations"
            )
        self._currents = np.zeros(ring, np.float32)

        by_source = sorted(range(len(pre)), key=lambda index: self._names.index(pre[index]))
        self._links = np.zeros(max(1, len(pre)), tables.CONNECTION)
        for name, node in self._node.items():
            mine = [place for place, index in enumerate(by_source) if pre[index] == name]
            node["first_connection"] = mine[0] if mine else 0
            node["last_connection"] = mine[-1] + 1 if mine else 0
        self._synapses_per_source = np.zeros(int(self._begin[-1]), np.int64)
        for link, index in zip(self._links, by_source, strict=False):
            connection, projection = self.connections[index], spec.projections[index]
            target = self._node[post[index]]
            column = projection.compartment * int(target["size"]) + connection.post_start
            _fill(link, connection, projection.delay_ticks, target, column)
            begin = int(self._node[pre[index]]["begin"]) + connection.pre_start
            self._synapses_per_source[begin : begin + connection.rows] += (
                connection.synapses_per_row
            )
            drive = self._layers[post[index]].drive
            drive[column : column + connection.columns] += bias(spec, index)

        self._amount = np.zeros(max(self._sizes), np.float32)
        # The kernel looks at eight flags at a time.
        self._flag = np.zeros(-(-int(max(self._sizes)) // 8), np.uint64)
        self._fires_amounts = bool(np.any(self._nodes["graded"] & self._nodes["spikes"]))
        self._network = np.zeros(1, tables.NETWORK)
        network = self._network[0]
        network["channels"], network["neurons"] = spec.channels, spec.neurons
        network["inputs"], network["nodes"] = len(spec.inputs), len(self._names)
        network["node"] = self._nodes.ctypes.data
        network["connection"] = self._links.ctypes.data
        network["current"] = self._currents.ctypes.data
        network["amount"] = self._amount.ctypes.data
        network["flag"] = self._flag.ctypes.data
        network["count"] = self._spike_count.ctypes.data
        self._table = self._network.ctypes.data


def _layer(spec: NetworkSpec, population: Population) -> _Layer:
    neuron, size = population.neuron, population.size
    constants = neuron.constants(spec.dt_ms)
    rules = np.zeros((8, 1), np.int64)
    conventions = neuron.rules(spec.dt_ms)
    rules[: len(conventions), 0] = conventions
    fields = [name for name in type(neuron.state())._fields if name != "dendrites"]
    return _Layer(
        constant=np.array([_each(values, size) for values in constants], neuron.dtype),
        rule=rules,
        state=np.zeros((len(fields), size), neuron.dtype),
        dendrite=np.zeros((neuron.compartments - 1) * size, np.float32),
        drive=np.zeros(neuron.compartments * size, np.float32),
    )


def _fires_amounts(neuron: Neuron) -> bool:
    return getattr(neuron, "multi_spike", False) or getattr(neuron, "substeps", 1) > 1


def _each(values: Any, size: int) -> npt.NDArray[Any]:
    return np.broadcast_to(np.ravel(values) if np.ndim(values) else values, (size,))


def _start(layer: _Layer, population: Population) -> None:
    state = population.neuron.state()._asdict()
    state.pop("dendrites", None)
    for row, values in enumerate(state.values()):
        layer.state[row] = _each(values, population.size)
    layer.dendrite[:] = 0.0


def _fill(link: Any, connection: Connection, delay_ticks: int, target: Any, column: int) -> None:
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


def _sum_by(values: Integers, begin: Integers) -> Integers:
    return np.add.reduceat(values, begin) if values.size else np.zeros(begin.size, np.int64)
