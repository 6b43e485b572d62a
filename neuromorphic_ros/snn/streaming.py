"""Run a network at batch 1, event-driven and compiled: one call for any number of ticks."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import NetworkError, SpikeError
from neuromorphic_ros.snn import kernel, tables
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.graph.graph_populations import GraphPopulations
from neuromorphic_ros.snn.layout import lay_out
from neuromorphic_ros.snn.learned_weights import (
    LearnedWeights,
    check_weights,
    digest,
    projection_names,
)
from neuromorphic_ros.snn.patterns import OneToOne
from neuromorphic_ros.snn.plasticity.layout import modulate
from neuromorphic_ros.snn.plasticity.reward_stdp import RewardStdp
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.synapses import Connection
from neuromorphic_ros.snn.tick_spikes import ONES, TickSpikes
from neuromorphic_ros.snn.weights import Values
from neuromorphic_ros.spikes import Addresses

REWARD, DOPAMINE, SEROTONIN = MODULATORS = ("reward", "dopamine", "serotonin")
# Beyond it a change in one tick means nothing.
MAX_LEARNING_RATE = 1e6
_ADDRESS, _FIRST, _VALUE = np.dtype(np.uint32), np.dtype(np.int64), np.dtype(np.float32)


def _as_compiled(part: npt.NDArray[Any], dtype: np.dtype[Any], name: str) -> npt.NDArray[Any]:
    if part.dtype != dtype or part.ndim != 1:
        raise SpikeError(
            f"{name} must be {dtype} of one dimension, not {part.dtype} of {part.ndim}"
        )
    # What is read-only or has gaps is of another type for compiled code.
    return part if part.flags.carray else np.array(part)


class StreamingNetwork:
    """Run one network for one robot.

    Work per tick: the synapses of the channels and neurons that spiked, and one update per neuron.
    A spike over a projection with delay 0 acts in its own tick, on later populations. The current
    of a neuron is summed in float32: its bias, then spikes in the order of sources and projections.

    Graphs of events run first, on events that have the time of their tick.

    Plastic projections learn at the end of a tick, so that changed weights act from the next tick
    on, in the order of the file. In each, traces decay by a tick; then the spikes that arrive in
    this tick change the weights of their rows, in the order of rows, and set their traces; then the
    targets that fired change the weights of their columns and set theirs. Spikes of one tick are
    thus a pair with source first. A delay is that of the spike: it arrives, for the rule too,
    delay_ticks later. A neuron counts once in a tick, whatever its amount. What a rule costs grows
    with spikes but for the decay of traces, which like the update of neurons grows with neurons.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        """Expand and compile a network; raises NetworkError if a projection does not fit."""
        self.spec = spec
        self._graphs = GraphPopulations(spec) if spec.graphs else None
        self._layout = lay_out(self._graphs.spec if self._graphs else spec)
        self._fires_amounts = self._layout.fires_amounts
        self._network = self._layout.network[0]
        self._table = self._layout.network.ctypes.data
        self._fired, self._fired_amount = np.empty(0, np.uint32), ONES
        self._learning_rate, self._freeze = 1.0, False
        self._dopamine = self._serotonin = 0.0
        self._make_room(max(1024, 4 * spec.neurons))
        self._make_ticks(1024)
        # The first tick of a robot must not be late.
        self._plastic = bool(self._layout.plastic)
        kernel.prepare(self._plastic)

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The synapses of each projection, as stored; of plastic ones as they are now."""
        return self._layout.present()[: len(self.spec.projections)]

    def reset(self) -> None:
        """Return to rest; what was learned and the levels of modulators stay, the counts go on."""
        for population in self.spec.populations:
            self._layout.start(population)
        if self._graphs:
            self._graphs.reset()
        self._layout.start_learning()
        if self._dopamine:
            self._gate()

    def adopt(self, other: object) -> None:
        """Go on from the state of a variant: by population, where model and shape are the same.

        What is under way arrives when it would have, to a tick; other populations start at rest,
        and the counts go on. Plastic projections that are the same in both go on from the weights
        that were learned, but forget spikes; learning rate, freeze and levels of modulators are
        taken over. Raises NetworkError if `other` runs elsewhere.
        """
        other = self._here(other)
        before = {each.name: each for each in other.spec.populations}
        for population in self.spec.populations:
            given = before.get(population.name)
            same = given and given.shape == population.shape
            if given and same and given.neuron.model == population.neuron.model:
                ticks = other.spec.dt_ms / self.spec.dt_ms
                self._layout.adopt(population, other._layout, ticks)
            else:
                self._layout.start(population)
        self._layout.start_learning()
        self.adopt_weights(other)
        self.learning_rate, self.freeze = other.learning_rate, other.freeze
        if DOPAMINE in self.modulators and DOPAMINE in other.modulators:
            self.dopamine = other.dopamine
        if SEROTONIN in self.modulators and SEROTONIN in other.modulators:
            self.serotonin = other.serotonin

    def adopt_weights(self, other: object) -> None:
        """Take the weights of the plastic projections that are the same in a variant.

        Raises NetworkError if `other` runs elsewhere.
        """
        other = self._here(other)
        learned = {
            dataclasses.replace(other.spec.projections[index], draw=None): index
            for index in (plastic.projection for plastic in other._layout.plastic)
        }
        for plastic in self._layout.plastic:
            projection = self.spec.projections[plastic.projection]
            same = learned.get(dataclasses.replace(projection, draw=None))
            if same is not None:
                plastic.put(other.connections[same].weight)

    def step(self, address: Addresses, value: Values = ONES) -> Addresses:
        """Run one tick and return the neurons that fired; valid until the next call.

        address: uint32[n], flat over all inputs; value: float32[n], or empty for ones. Returns
        uint32[m], flat over all neurons in execution order; `run` returns their amounts too.
        Raises SpikeError, with the network unchanged, for another dtype or an unknown channel.
        """
        if value.size or self._graphs:
            return self.run(TickSpikes(address, np.array([0, address.size]), value)).address
        try:
            run = kernel.run_plastic if self._plastic else kernel.run
            fired = run(self._table, address, kernel.SINGLE)
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
        if value.size and not np.all(np.isfinite(value)):
            raise SpikeError("an amount is NaN or infinite")
        if self._graphs:
            address, first, value = self._graphs.drive(TickSpikes(address, first, value))
        ticks = first.size - 1
        if ticks >= self._first.size:
            self._make_ticks(2 * ticks)
        self._first[: ticks + 1] = first
        network = self._network
        network["ticks"] = ticks
        if value.size:
            network["value"] = value.ctypes.data
        try:
            done, run = 0, kernel.run_plastic if self._plastic else kernel.run
            while (done := run(self._table, address, done)) < ticks:
                if done < 0:
                    self._refuse()
                self._make_room(2 * self._fired.size)
        finally:
            network["value"] = 0
        fired_first = self._fired_first[: ticks + 1].copy()
        fired = self._fired[: fired_first[-1]].copy()
        if not self._fires_amounts:
            return TickSpikes(fired, fired_first)
        return TickSpikes(fired, fired_first, self._fired_amount[: fired.size].copy())

    def membrane(self, name: str) -> npt.NDArray[Any]:
        """Return the membranes of a population now, flat; float32, of adex float64 [mV].

        Raises NetworkError if there is no such population.
        """
        population = self.spec.population(name)
        fields = type(population.neuron.state())._fields
        return np.array(self._layout.layers[name].state[fields.index("membrane")])

    def modulate(self, name: str, level: float) -> None:
        """Set the level of the neuromodulator, -1 to 1, in a population of dendritic neurons.

        Raises NetworkError for another population or level.
        """
        fields = type(self.spec.population(name).neuron.state())._fields
        if "modulation" not in fields:
            raise NetworkError(f"population '{name}' has no dendrites that a modulator could gate")
        if not -1 <= level <= 1:
            raise NetworkError(f"modulation {level} of '{name}' is outside of -1..1")
        self._layout.layers[name].state[fields.index("modulation")] = level

    @property
    def learning_rate(self) -> float:
        """Factor of the learning rates of all plastic projections, from 0 on; at first 1."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, factor: float) -> None:
        if not 0 <= factor <= MAX_LEARNING_RATE:
            raise NetworkError(f"learning_rate {factor} is outside of 0..{MAX_LEARNING_RATE:g}")
        self._learning_rate = factor
        self._set_learning()

    @property
    def freeze(self) -> bool:
        """Whether weights stay as they are; traces go on. At first they learn."""
        return self._freeze

    @freeze.setter
    def freeze(self, freeze: bool) -> None:
        self._freeze = freeze
        self._set_learning()

    @property
    def dopamine(self) -> float:
        """Tonic level of dopamine, -1 to 1; at first 0.

        Projections learn under it, and it is the modulator of all populations with dendrites
        (Servan-Schreiber, Printz & Cohen, Science 249, 892, 1990: dopamine scales a unit's gain).
        """
        return self._dopamine

    @dopamine.setter
    def dopamine(self, level: float) -> None:
        self._check_modulator(DOPAMINE, level)
        self._layout.plastics["tonic"][self._rewarded] = level
        self._dopamine = level
        self._gate()

    @property
    def serotonin(self) -> float:
        """Level of serotonin, -1 to 1, the patience of what learns by reward; at first 0."""
        return self._serotonin

    @serotonin.setter
    def serotonin(self, level: float) -> None:
        self._check_modulator(SEROTONIN, level)
        for plastic, record in zip(self._layout.plastic, self._layout.plastics, strict=True):
            rule = self.spec.projections[plastic.projection].plasticity
            if isinstance(rule, RewardStdp):
                modulate(record, rule, self.spec.dt_ms, level)
        self._serotonin = level

    def reward(self, amount: float) -> None:
        """Add to the phasic level of dopamine, -1 to 1; negative: punish.

        Raises NetworkError if nothing learns by reward, as setting a level without effect does.
        """
        self._check_modulator(REWARD, amount)
        self._layout.plastics["phasic"][self._rewarded] += amount

    def weights(self, projection: str | int) -> Values:
        """Return a copy of the present weights of a projection, float32 (pre, post).

        projection: `pre -> post` as in the network, or its index.
        Raises NetworkError if there is none or there are several.
        """
        return self.connections[self._index(projection)].dense()

    def learned(self) -> NetworkSpec:
        """Return the network with the weights of its plastic projections as they are now.

        They are matrices, but of one_to_one; `write_nir` writes them.
        """
        projections, connections = list(self.spec.projections), self.connections
        for index in (plastic.projection for plastic in self._layout.plastic):
            projection, connection = projections[index], connections[index]
            one_to_one = isinstance(projection.pattern, OneToOne)
            weights = connection.weight.copy() if one_to_one else connection.dense()
            projections[index] = dataclasses.replace(projection, weights=Array(weights))
        return dataclasses.replace(self.spec, projections=tuple(projections))

    def learned_weights(self) -> LearnedWeights:
        """Return a copy of the weights of the plastic projections as they are now."""
        connections = self._plastic_connections()
        return LearnedWeights(
            self.spec.name,
            {name: connection.weight.copy() for name, connection in connections.items()},
            dict(self._synapses),
        )

    def restore(self, learned: LearnedWeights) -> None:
        """Go on from learned weights, with traces and eligibilities at rest.

        Raises NetworkError, with the network unchanged, if they are not of these projections, their
        synapses join other neurons, or weights are beyond the bounds of a rule.
        """
        present = self._plastic_connections()
        if learned.weights.keys() != present.keys():
            theirs, ours = (", ".join(sorted(x)) or "none" for x in (learned.weights, present))
            raise NetworkError(
                f"what network '{learned.network}' has learned are weights of {theirs}; in "
                f"'{self.spec.name}' these learn: {ours}"
            )
        for plastic, (name, connection) in zip(self._layout.plastic, present.items(), strict=True):
            if learned.synapses[name] != self._synapses[name]:
                raise NetworkError(
                    f"learned weights of {name} are of other synapses: the pattern, or the seed "
                    "that drew it, has changed"
                )
            check_weights(name, plastic.rule, connection.weight, learned.weights[name])
        for plastic, name in zip(self._layout.plastic, present, strict=True):
            plastic.put(learned.weights[name])
        self._layout.start_learning()

    def counts(self) -> Counts:
        """Return the counts since construction."""
        layout = self._layout
        updates = np.zeros(len(layout.connections), np.int64)
        for plastic, record in zip(layout.plastic, layout.plastics, strict=True):
            updates[plastic.projection] = record["updates"]
        counts = layout.expenses.counts(
            layout.spikes(), layout.nodes["active"].copy(), updates, int(self._network["tick"])
        )
        return self._graphs.counts(counts) if self._graphs else counts

    def _refuse(self) -> NoReturn:
        raise SpikeError(
            f"spikes do not fit network '{self.spec.name}': an address is outside of its "
            f"{self.spec.channels} channels, first does not rise from 0 to the last address, or "
            "there is not one value for each address"
        )

    def _here(self, other: object) -> StreamingNetwork:
        if not isinstance(other, StreamingNetwork):
            raise NetworkError(f"network '{self.spec.name}' runs elsewhere: its state is not here")
        return other

    def _set_learning(self) -> None:
        self._network["learning"] = 0.0 if self._freeze else self._learning_rate

    def _plastic_connections(self) -> dict[str, Connection]:
        names, present = projection_names(self.spec.projections), self.connections
        places = [plastic.projection for plastic in self._layout.plastic]
        return {names[place]: present[place] for place in places}

    @cached_property
    def _synapses(self) -> dict[str, str]:
        return {name: digest(each) for name, each in self._plastic_connections().items()}

    @property
    def modulators(self) -> tuple[str, ...]:
        """Which of reward, dopamine and serotonin have an effect."""
        if np.any(self._rewarded):
            return MODULATORS
        return (DOPAMINE,) if self.spec.gated else ()

    @property
    def _rewarded(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self._layout.plastics["kind"] == tables.REWARD_STDP)

    def _check_modulator(self, modulator: str, level: float) -> None:
        if modulator not in self.modulators:
            raise NetworkError(f"{modulator}: it has no effect on network '{self.spec.name}'")
        if not -1 <= level <= 1:
            raise NetworkError(f"{modulator} {level} is outside of -1..1")

    def _gate(self) -> None:
        for name in self.spec.gated:
            self.modulate(name, self._dopamine)

    def _index(self, projection: str | int) -> int:
        names = [str(each) for each in self.spec.projections]
        if isinstance(projection, int) and 0 <= projection < len(names):
            return projection
        if names.count(str(projection)) == 1:
            return names.index(str(projection))
        raise NetworkError(
            f"'{projection}' is not one projection of network '{self.spec.name}', which has "
            f"{', '.join(names) or 'none'}; several of a name go by their index"
        )

    def _make_ticks(self, ticks: int) -> None:
        self._first, self._fired_first = np.zeros((2, ticks + 1), np.int64)
        self._network["first"] = self._first.ctypes.data
        self._network["fired_first"] = self._fired_first.ctypes.data

    def _make_room(self, spikes: int) -> None:
        fired, amount = np.empty(spikes, np.uint32), np.empty(spikes, np.float32)
        fired[: self._fired.size], amount[: self._fired.size] = self._fired, self._fired_amount
        self._fired, self._fired_amount = fired, amount
        self._network["room"] = spikes
        self._network["fired"], self._network["fired_amount"] = (
            fired.ctypes.data,
            amount.ctypes.data,
        )
