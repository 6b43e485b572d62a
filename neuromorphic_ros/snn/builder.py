"""Build a network in Python, as short as in a file, and run it: all that one import needs."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import NetworkError, SpikeError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.neurons.adaptive import Alif
from neuromorphic_ros.snn.neurons.adex import AdEx
from neuromorphic_ros.snn.neurons.cuba import CubaLi, CubaLif
from neuromorphic_ros.snn.neurons.dendritic import DendriticLif
from neuromorphic_ros.snn.neurons.leaky import If, Integrator, Li, Lif
from neuromorphic_ros.snn.neurons.model import Neuron
from neuromorphic_ros.snn.patterns import (
    AllToAll,
    Conv1d,
    Conv2d,
    OneToOne,
    Pattern,
    Pool2d,
    Random,
)
from neuromorphic_ros.snn.plasticity.hebbian import Hebbian
from neuromorphic_ros.snn.plasticity.pair_stdp import PairStdp
from neuromorphic_ros.snn.plasticity.reward_stdp import RewardStdp
from neuromorphic_ros.snn.plasticity.rule import PlasticityRule
from neuromorphic_ros.snn.plasticity.scaling import SynapticScaling
from neuromorphic_ros.snn.plasticity.triplet_stdp import TripletStdp
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection, Readout, Stage
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes
from neuromorphic_ros.snn.synapses import Connection
from neuromorphic_ros.snn.weights import Normal, Precision, Uniform
from neuromorphic_ros.spikes import Shape, SpikeBatch

__all__ = [
    "AdEx",
    "Alif",
    "AllToAll",
    "Conv1d",
    "Conv2d",
    "CubaLi",
    "CubaLif",
    "DendriticLif",
    "Hebbian",
    "If",
    "Integrator",
    "Li",
    "Lif",
    "Network",
    "Normal",
    "OneToOne",
    "PairStdp",
    "Pool2d",
    "Random",
    "Result",
    "RewardStdp",
    "Stage",
    "SynapticScaling",
    "TripletStdp",
    "Uniform",
]

# 8 GiB of recorded potentials.
MAX_POTENTIALS = 2**31

Recorded = Literal["spikes", "potentials", "weights"]
Drive = float | npt.NDArray[Any] | SpikeBatch

Part = TypeVar("Part")
Node = TypeVar("Node", Input, Population)


class Result(NamedTuple):
    """What a run did, by name of input and population.

    spike_counts: spikes of all neurons together. rates_hz: mean over its neurons [Hz].
    What was not recorded is empty. spikes: of inputs and populations, at the start of their tick;
    the first tick is at 0. potentials: membranes after each tick, (ticks, *shape).
    weights: of each projection in order, as stored; `.dense()` makes a matrix.
    """

    ticks: int
    spike_counts: dict[str, int]
    rates_hz: dict[str, float]
    spikes: dict[str, SpikeBatch]
    potentials: dict[str, npt.NDArray[Any]]
    weights: tuple[Connection, ...]


class Network:
    """Collect the parts of a NetworkSpec; every method but `spec` and `run` returns the network.

    A part that does not fit raises NetworkError at once, names itself and is not added.
    """

    def __init__(
        self,
        dt_ms: float = 1.0,
        *,
        name: str = "network",
        seed: int = 0,
        precision: Precision = "float32",
        max_channels: int = NetworkSpec.max_channels,
        max_neurons: int = NetworkSpec.max_neurons,
        max_synapses: int = NetworkSpec.max_synapses,
    ) -> None:
        """Begin an empty network.

        dt_ms: tick [ms]. seed: of everything random. precision: of weights, unless a projection has
        its own. max_channels (of all inputs), max_neurons, max_synapses: limits.
        """
        self._precision = precision
        self._settings = {"name": name, "dt_ms": dt_ms, "seed": seed}
        self._limits = {
            "max_channels": max_channels,
            "max_neurons": max_neurons,
            "max_synapses": max_synapses,
        }
        self._inputs: list[Input] = []
        self._populations: list[Population] = []
        self._projections: list[Projection] = []
        self._readouts: list[Readout] = []
        self._synapses = 0

    def add_input(
        self,
        name: str,
        shape: int | Sequence[int],
        *,
        sensor: str | None = None,
        encoder: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        trigger: bool = True,
    ) -> Network:
        """Add a sensory layer: channels that a program drives, or the encoder of a sensor."""
        where = f"input '{name}'"
        values = {
            "name": name,
            "shape": _shape(shape),
            "sensor": sensor,
            "encoder": encoder,
            "parameters": dict(parameters or {}),
            "trigger": trigger,
        }
        self._add(_made(Input, values, where), self._inputs, where, "channels")
        return self

    def add(self, name: str, shape: int | Sequence[int], neuron: Neuron | None = None) -> Network:
        """Add a population of neurons; without `neuron` they are `Lif()`."""
        where = f"population '{name}'"
        values = {"name": name, "shape": _shape(shape), "neuron": neuron or Lif()}
        made = _made(Population, values, where)
        self._add(made, self._populations, where, "neurons")
        return self

    def connect(
        self,
        pre: str,
        post: str,
        *,
        weights: float | npt.ArrayLike | Uniform | Normal = 1.0,
        pattern: Pattern | None = None,
        probability: float | None = None,
        delay_ticks: int = 0,
        bias: float | npt.ArrayLike | None = None,
        before: Sequence[Stage] = (),
        precision: Precision | None = None,
        compartment: int = 0,
        plasticity: PlasticityRule | None = None,
    ) -> Network:
        """Add synapses between populations that are there already, or slices `name[3:7]` of them.

        probability: short for `pattern=Random(probability=...)`. The rest is as in `Projection`.
        """
        where = f"projection {pre} -> {post}"
        if probability is not None:
            if pattern is not None:
                raise NetworkError(f"{where}: give either pattern or probability")
            pattern = _made(Random, {"probability": probability}, where)
        values = {
            "pre": pre,
            "post": post,
            "weights": weights,
            "pattern": pattern or AllToAll(),
            "delay_ticks": delay_ticks,
            "bias": bias,
            "before": tuple(before),
            "precision": precision or self._precision,
            "compartment": compartment,
            "plasticity": plasticity,
        }
        made = _made(Projection, values, where)
        # Of this projection alone, so that the work does not grow with the square of projections.
        alone = self._checked((made,), (), where, max_synapses=2**63)
        synapses = self._synapses + alone.synapses_at_most(made)
        self._check_limit(where, "synapses", synapses)
        self._synapses = synapses
        self._projections.append(made)
        return self

    def add_readout(
        self,
        name: str,
        population: str,
        decoder: str,
        parameters: Mapping[str, Any] | None = None,
    ) -> Network:
        """Make a population a motor layer: a decoder turns its spikes into messages."""
        where = f"readout '{name}'"
        values = {
            "name": name,
            "population": population,
            "decoder": decoder,
            "parameters": dict(parameters or {}),
        }
        made = _made(Readout, values, where)
        self._checked((), (*self._readouts, made), where)
        self._readouts.append(made)
        return self

    def spec(self) -> NetworkSpec:
        """Return the network as data; raises NetworkError if a cycle has no delay."""
        where = f"network '{self._settings['name']}'"
        spec = self._checked(self._projections, self._readouts, where)
        spec.execution_order()
        return spec

    def run(
        self,
        duration_ms: float,
        inputs: Mapping[str, Drive] | None = None,
        *,
        record: Collection[Recorded] = (),
    ) -> Result:
        """Run the network from rest on the streaming engine.

        inputs: by name, each one of a rate [Hz], at which every channel spikes at random, drawn
        from the seed; an array (ticks, *shape), 0 where there is no spike, else its amount; a
        SpikeBatch with times from the start of the run. Others are silent.
        record: what else than counts to return. Populations that do not spike, such
        as li, have potentials only.
        Raises NetworkError or SpikeError if something does not fit.
        """
        spec = self.spec()
        ticks = _ticks(duration_ms, spec.dt_ms)
        unknown = set(record) - {"spikes", "potentials", "weights"}
        if unknown:
            raise NetworkError(f"cannot record {min(unknown)}; choose spikes, potentials, weights")
        if "potentials" in record and ticks * spec.neurons > MAX_POTENTIALS:
            raise NetworkError(
                f"potentials of {spec.neurons} neurons in {ticks} ticks are more than "
                f"{MAX_POTENTIALS}; run for a shorter time"
            )
        driven = _driven(spec, inputs or {}, ticks)
        engine = StreamingNetwork(spec)
        potentials: dict[str, npt.NDArray[Any]] = {}
        if "potentials" in record:
            fired, potentials = _run_watched(engine, driven)
        else:
            fired = engine.run(driven)

        spikes = driven.by_node(spec.inputs, spec.dt_ns)
        spikes |= fired.one_by_one().by_node(spec.execution_order(), spec.dt_ns)
        duration_s = ticks * spec.dt_ms / 1e3
        return Result(
            ticks=ticks,
            spike_counts={name: len(batch) for name, batch in spikes.items()},
            rates_hz={name: len(batch) / batch.size / duration_s for name, batch in spikes.items()},
            spikes=spikes if "spikes" in record else {},
            potentials=potentials,
            weights=engine.connections if "weights" in record else (),
        )

    def _add(self, node: Node, nodes: list[Node], where: str, kind: str) -> None:
        used = {each.name for each in self._inputs} | {each.name for each in self._populations}
        if node.name in used:
            raise NetworkError(f"{where}: the name is used already; names must be unique")
        total = math.prod(node.shape) + sum(math.prod(each.shape) for each in nodes)
        self._check_limit(where, kind, total)
        nodes.append(node)

    def _check_limit(self, where: str, kind: str, total: int) -> None:
        limit = self._limits[f"max_{kind}"]
        if total > limit:
            raise NetworkError(
                f"{where}: with it, {total} {kind} exceed max_{kind} {limit}; raise the limit or "
                "make it smaller"
            )

    def _checked(
        self,
        projections: Sequence[Projection],
        readouts: Sequence[Readout],
        where: str,
        **limits: int,
    ) -> NetworkSpec:
        """Return all populations with some of the rest as data, or refuse it."""
        if not self._populations:
            raise NetworkError(f"{where}: there are no populations yet; add them first")
        values = {
            **self._settings,
            **self._limits,
            **limits,
            "inputs": tuple(self._inputs),
            "populations": tuple(self._populations),
            "projections": tuple(projections),
            "readouts": tuple(readouts),
        }
        return _made(NetworkSpec, values, where)


def _made(cls: type[Part], values: Mapping[str, Any], where: str) -> Part:
    try:
        return build(cls, values, where, NetworkError)
    except NetworkError as wrong:
        # What is wrong between fields is told with the name of the part already.
        raise NetworkError(str(wrong).replace(f"{where}: {where}", where)) from None


def _shape(shape: int | Sequence[int]) -> Shape:
    return (shape,) if isinstance(shape, int) else tuple(shape)


def _ticks(duration_ms: float, dt_ms: float) -> int:
    ticks = duration_ms / dt_ms
    if not 0.5 <= ticks < 2**31:
        raise NetworkError(f"a run of {duration_ms} ms is not at least one tick of {dt_ms} ms")
    return round(ticks)


class _Events(NamedTuple):
    """Spikes of one input in any order."""

    tick: npt.NDArray[Any]
    address: npt.NDArray[Any]
    value: npt.NDArray[Any]


def _driven(spec: NetworkSpec, inputs: Mapping[str, Drive], ticks: int) -> TickSpikes:
    """Return the spikes of all inputs by tick, sorted by channel."""
    names = [source.name for source in spec.inputs]
    unknown = [name for name in inputs if name not in names]
    if unknown:
        raise SpikeError(
            f"'{unknown[0]}' is no input; the network has {', '.join(names) or 'none'}"
        )
    parts, begin = [_Events(*np.empty((3, 0)))], 0
    for index, source in enumerate(spec.inputs):
        if source.name in inputs:
            events = _events(spec, index, inputs[source.name], ticks)
            parts.append(events._replace(address=events.address + begin))
        begin += math.prod(source.shape)
    tick, address, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((address, tick))
    value = value[order].astype(np.float32)
    return TickSpikes(
        address=address[order].astype(np.uint32),
        first=np.searchsorted(tick[order], np.arange(ticks + 1)),
        value=value[:0] if np.all(value == 1) else value,
    )


def _events(spec: NetworkSpec, index: int, drive: Drive, ticks: int) -> _Events:
    source = spec.inputs[index]
    size = math.prod(source.shape)
    if isinstance(drive, SpikeBatch):
        if drive.shape != source.shape:
            raise SpikeError(f"input '{source.name}' has shape {source.shape}, not {drive.shape}")
        tick = drive.time_ns // spec.dt_ns
        outside = drive.time_ns[(tick < 0) | (tick >= ticks)]
        if outside.size:
            raise SpikeError(
                f"input '{source.name}': a spike at {outside[0]} ns is outside of the run, which "
                f"lasts {ticks * spec.dt_ns} ns from 0"
            )
        return _Events(tick, drive.address, np.ones(len(drive)))

    if np.ndim(drive) == 0:
        probability = float(drive) * spec.dt_ms / 1e3
        if not 0 <= probability <= 1:
            raise SpikeError(
                f"input '{source.name}': {drive} Hz is not between 0 and one spike a tick"
            )
        # The third number keeps the draws apart from those of the weights.
        generator = np.random.default_rng((spec.seed, index, 1))
        drawn = [
            np.flatnonzero(generator.random(size, np.float32) < probability) for _ in range(ticks)
        ]
        tick = np.repeat(np.arange(ticks), [len(channels) for channels in drawn])
        return _Events(tick, np.concatenate(drawn), np.ones(tick.size))

    amounts = np.asarray(drive)
    if amounts.shape != (ticks, *source.shape):
        raise SpikeError(
            f"input '{source.name}' needs shape {(ticks, *source.shape)}, not {amounts.shape}"
        )
    if amounts.dtype.kind not in "biuf" or not np.all(np.isfinite(amounts)):
        raise SpikeError(f"input '{source.name}' holds something else than finite numbers")
    flat = amounts.reshape(ticks, size)
    tick, channel = np.nonzero(flat)
    return _Events(tick, channel, flat[tick, channel])


def _run_watched(
    engine: StreamingNetwork, driven: TickSpikes
) -> tuple[TickSpikes, dict[str, npt.NDArray[Any]]]:
    """Run tick by tick; returns what fired and the potentials after each tick."""
    populations = engine.spec.execution_order()
    potentials = {
        population.name: np.empty((driven.ticks, population.size), population.neuron.dtype)
        for population in populations
    }
    parts = []
    for tick in range(driven.ticks):
        parts.append(engine.run(driven.between(tick, tick + 1)))
        for name, rows in potentials.items():
            rows[tick] = engine.membrane(name)
    fired = TickSpikes(
        address=np.concatenate([part.address for part in parts]),
        first=np.cumsum([0, *(part.address.size for part in parts)], dtype=np.int64),
        value=np.concatenate([part.value for part in parts]),
    )
    shaped = {
        population.name: potentials[population.name].reshape(-1, *population.shape)
        for population in populations
    }
    return fired, shaped
