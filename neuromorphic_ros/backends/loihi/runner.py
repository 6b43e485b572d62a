"""A network in Loihi's integers, run tick by tick with its counts."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.loihi.dense import stored
from neuromorphic_ros.backends.loihi.engine import FixedPointEngine
from neuromorphic_ros.backends.loihi.neuron import STATE_LIMIT
from neuromorphic_ros.backends.loihi.quantisation import Quantised, quantise
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.counts import Counts, Integers
from neuromorphic_ros.snn.dense_equivalent import dense_equivalent
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.tick_spikes import TickSpikes


class Engine(Protocol):
    """What runs the integers; FixedPointEngine tells what is asked of it."""

    @property
    def ticks(self) -> int: ...
    @property
    def spikes(self) -> Integers: ...
    @property
    def active(self) -> Integers: ...
    @property
    def synapses(self) -> Integers: ...
    @property
    def u(self) -> npt.NDArray[np.int32]: ...
    @property
    def v(self) -> npt.NDArray[np.int32]: ...
    @property
    def rest(self) -> npt.NDArray[np.int32]: ...
    def run(self, spikes: TickSpikes) -> TickSpikes: ...
    def reset(self) -> None: ...
    def put(
        self, first: int, u: npt.NDArray[Any], v: npt.NDArray[Any], rest: npt.NDArray[Any]
    ) -> None: ...


def _integer_engine(quantised: Quantised) -> FixedPointEngine:
    return FixedPointEngine(quantised.network)


class IntegerRunner:
    """Run a network in integers, by our engine or by Lava's simulation of Loihi.

    Populations fire later than in float, by `quantised.timing.lag_ticks`.
    """

    def __init__(
        self, spec: NetworkSpec, engine: Callable[[Quantised], Engine] = _integer_engine
    ) -> None:
        """Quantise a network; raises NetworkError that names everything that does not fit.

        engine: starts what runs the integers.
        """
        self.spec = spec
        self.quantised: Quantised = quantise(spec)
        self._engine = engine(self.quantised)
        self._fan_out = [_fan_out(each.weights) for each in self.quantised.network.connections]

    def run(self, spikes: TickSpikes) -> TickSpikes:
        """Run one tick per tick of `spikes`; raises SpikeError if they do not fit."""
        return self._engine.run(spikes)

    def reset(self) -> None:
        """Return to rest; the counts go on."""
        self._engine.reset()

    def adopt(self, other: object) -> None:
        """Go on from the state of a variant: by population, where model and shape are the same.

        What is under way is lost, other populations start at rest, and the counts go on.
        Raises NetworkError if `other` runs elsewhere.
        """
        if not isinstance(other, IntegerRunner):
            raise NetworkError(f"network '{self.spec.name}' runs elsewhere: its state is not here")
        self._engine.reset()
        given = {each.name: each for each in other.spec.populations}
        before, engine = other._neurons(), other._engine
        ticks = other.spec.dt_ms / self.spec.dt_ms
        for name, place in self._neurons().items():
            here, there = self.spec.population(name), given.get(name)
            if not there or (here.model, here.shape) != (there.model, there.shape):
                continue
            mine, theirs = self.quantised.scale[place], other.quantised.scale[before[name]]
            u, v, rest = (part[before[name]] for part in (engine.u, engine.v, engine.rest))
            membrane = v / theirs + other.quantised.origin[before[name]]
            self._engine.put(
                place.start,
                _within(u * (mine / theirs)),
                _within((membrane - self.quantised.origin[place]) * mine),
                np.where(rest > 0, np.rint(rest * ticks), rest),
            )

    def counts(self) -> Counts:
        """Return the counts since construction; of each synapse a spike reads a byte."""
        spec, ticks, synapses = self.spec, self._engine.ticks, self._engine.synapses
        spikes, active = self._engine.spikes, self._engine.active
        sizes = np.array([place.stop - place.start for place in self._places.values()])
        neurons, begin = self._neurons(), [place.start for place in self._places.values()]
        events = _whole(
            [
                spikes[each.source : each.source + fan_out.size] @ fan_out
                for each, fan_out in zip(
                    self.quantised.network.connections, self._fan_out, strict=True
                )
            ]
        )
        dense = [dense_equivalent(spec, index) for index in range(len(spec.projections))]
        is_neuron = np.array([name in neurons for name in self._places])
        return Counts(
            names=tuple(self._places),
            sizes=sizes,
            spikes=np.add.reduceat(spikes, begin),
            synaptic_events=np.add.reduceat(spikes * synapses, begin),
            neuron_updates=np.where(is_neuron, sizes, 0) * ticks,
            active_updates=_whole(
                [active[neurons[name]].sum() if name in neurons else 0 for name in self._places]
            ),
            projections=tuple(map(str, spec.projections)),
            projection_events=events,
            plasticity_updates=np.zeros(events.size, np.int64),
            memory_bytes=events.copy(),
            dense_macs=_whole([each.macs for each in dense]) * ticks,
            dense_bytes=_whole([each.weight_bytes for each in dense]) * ticks,
            ticks=ticks,
        )

    @cached_property
    def _places(self) -> dict[str, slice]:
        """Addresses of inputs, then populations in execution order, by name."""
        nodes = [(source.name, source.shape) for source in self.spec.inputs]
        nodes += [(each.name, each.shape) for each in self.spec.execution_order()]
        begin = np.cumsum([0, *(math.prod(shape) for _, shape in nodes)]).tolist()
        ends = itertools.pairwise(begin)
        return {name: slice(*end) for (name, _), end in zip(nodes, ends, strict=True)}

    def _neurons(self) -> dict[str, slice]:
        """Places of populations among the neurons, by name."""
        channels, inputs = self.spec.channels, {source.name for source in self.spec.inputs}
        return {
            name: slice(place.start - channels, place.stop - channels)
            for name, place in self._places.items()
            if name not in inputs
        }


def _within(state: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    """Return the state that is nearest within 24 bits."""
    return np.asarray(np.clip(np.rint(state), 1 - STATE_LIMIT, STATE_LIMIT - 1))


def _fan_out(weights: Any) -> Integers:
    kept = stored(weights)
    return np.diff(kept.indptr).astype(np.int64)


def _whole(numbers: list[Any]) -> Integers:
    return np.array(numbers, np.int64)
