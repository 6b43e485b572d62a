"""A network for BrainScaleS-2 as PyNN runs it: on the chip, or on NEST, Brian2 or NEURON.

This file needs numpy and PyNN alone, on the chip pynn-brainscales too, so that it can be taken to
where they are:

    python pynn_network.py network.npz nest spikes.npz fired.npz

spikes.npz has `source`, int64[n], and `time_us`, float64[n], of what the sources fire, and
`stop_us`, until when it runs. fired.npz gets `neuron` and `time_us` of what the neurons fire. All
times are those of the circuits in us; simulators take them as ms.
"""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

# A source can fire so many steps of a simulator after what it is told at.
LEAD_STEPS = 3
# NEURON's cells jump to 40 mV when they spike: all potentials of the circuits lie below.
HIGHEST_LSB = 220.0

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Network(NamedTuple):
    """A network in parameters of the circuits.

    first: int64[populations + 1], where the neurons of each population begin. Of each neuron,
    float64: potentials in LSB and time constants in us; refractory_us: of each population.
    pre, post: int64[connections]; sources come before neurons in `pre`. weight:
    float64[connections], LSB, negative: inhibitory; above 63 a chip takes several synapses.
    delay_us: of all connections. step_us: what simulators resolve. history_us: after which circuits
    have forgotten.
    """

    names: npt.NDArray[np.str_]
    first: Integers
    sources: int
    v_rest_lsb: Floats
    v_reset_lsb: Floats
    v_thresh_lsb: Floats
    tau_mem_us: Floats
    tau_syn_us: Floats
    refractory_us: Floats
    pre: Integers
    post: Integers
    weight: Floats
    delay_us: float
    step_us: float
    history_us: float


class Fired(NamedTuple):
    """Spikes of neurons."""

    neuron: Integers
    time_us: Floats


class Built(NamedTuple):
    """What PyNN made of a network."""

    sources: Any
    populations: list[Any]
    projections: list[Any]


def build(simulator: Any, network: Network) -> Built:
    """Build a network in PyNN, the same on every simulator and on the chip."""
    pynn = simulator.pynn
    sources = pynn.Population(max(network.sources, 1), pynn.SpikeSourceArray(spike_times=[]))
    populations = []
    for index, name in enumerate(network.names):
        mine = slice(network.first[index], network.first[index + 1])
        cell = simulator.cell(
            v_rest_lsb=network.v_rest_lsb[mine],
            v_reset_lsb=network.v_reset_lsb[mine],
            v_thresh_lsb=network.v_thresh_lsb[mine],
            tau_mem_us=network.tau_mem_us[mine],
            tau_syn_us=network.tau_syn_us[mine],
            refractory_us=network.refractory_us[index],
        )
        population = pynn.Population(mine.stop - mine.start, cell, label=str(name))
        population.record("spikes")
        populations.append(population)
    projections = []
    ends = [sources, *populations]
    begins = np.concatenate(([0], network.sources + network.first))
    which_pre = np.searchsorted(begins, network.pre, "right") - 1
    which_post = np.searchsorted(network.first, network.post, "right") - 1
    for pre, post, excites in np.unique(
        np.stack((which_pre, which_post, network.weight > 0)), axis=1
    ).T:
        mine = (which_pre == pre) & (which_post == post) & ((network.weight > 0) == excites)
        row, column = network.pre[mine] - begins[pre], network.post[mine] - network.first[post]
        projections += simulator.connect(
            ends[pre],
            populations[post],
            "excitatory" if excites else "inhibitory",
            row,
            column,
            network.weight[mine],
            network.tau_syn_us[network.post[mine]],
        )
    return Built(sources, populations, projections)


class Software(ABC):
    """What PyNN's simulators have in common: the cell, and lists of connections."""

    pynn: Any
    settings: Mapping[str, Any] = {}

    def __init__(self, network: Network) -> None:
        self.network = network
        self.time_us = 0.0
        step_us = network.step_us
        self.delay_us = max(1, round(network.delay_us / step_us)) * step_us
        self.pynn.setup(
            timestep=step_us, min_delay=step_us, max_delay=self.delay_us, **self.settings
        )
        self.built = build(self, network)

    def cell(self, **circuits: Any) -> Any:
        """Return the cell of circuits with a capacitance of 1 nF and 1 mV for an LSB."""
        return self.pynn.IF_curr_exp(
            cm=1.0,
            v_rest=circuits["v_rest_lsb"] - HIGHEST_LSB,
            v_reset=circuits["v_reset_lsb"] - HIGHEST_LSB,
            v_thresh=circuits["v_thresh_lsb"] - HIGHEST_LSB,
            tau_m=circuits["tau_mem_us"],
            tau_syn_E=circuits["tau_syn_us"],
            tau_syn_I=circuits["tau_syn_us"],
            tau_refrac=self._on_grid(circuits["refractory_us"]),
            i_offset=0.0,
        )

    def connect(
        self,
        pre: Any,
        post: Any,
        receptor: str,
        row: Integers,
        column: Integers,
        weight: Floats,
        tau_syn_us: Floats,
    ) -> list[Any]:
        """Connect by currents [nA] whose charge raises a membrane by 1 mV for an LSB."""
        delay = np.full(row.size, self.delay_us)
        listed = np.column_stack((row, column, weight / tau_syn_us, delay))
        connector = self.pynn.FromListConnector(listed, column_names=["weight", "delay"])
        return [self.pynn.Projection(pre, post, connector, receptor_type=receptor)]

    def run(self, source: Integers, time_us: Floats, stop_us: float) -> Fired:
        """Play spikes of sources up to a time, and return what has fired since the last run."""
        if source.size:
            self.play(source, self._on_grid(time_us))
        self.advance(stop_us)
        self.time_us = stop_us
        return self.fired()

    @abstractmethod
    def play(self, source: Integers, time_us: Floats) -> None:
        """Let sources fire in the coming run."""

    def advance(self, stop_us: float) -> None:
        """Run up to a time."""
        self.pynn.run_until(stop_us)

    @abstractmethod
    def fired(self) -> Fired:
        """Return what has fired since the last run."""

    def reset(self) -> Software:
        """Return the simulator at rest at time 0, built anew: not all of them can go back."""
        return type(self)(self.network)

    def _on_grid(self, time_us: Any) -> Any:
        """Return times rounded to whole steps."""
        return np.round(time_us / self.network.step_us) * self.network.step_us


class Nest(Software):
    """NEST. Spikes go to and come from its own nodes: PyNN would touch every one of them."""

    # Between the steps it looks for the time of a spike, which it does not always find.
    settings: Mapping[str, Any] = {"spike_precision": "on_grid"}

    def __init__(self, network: Network) -> None:
        import nest
        import pyNN.nest as pynn

        nest.verbosity = nest.VerbosityLevel.ERROR
        self.pynn, self._nest = pynn, nest
        super().__init__(network)

    def play(self, source: Integers, time_us: Floats) -> None:
        """Let sources fire in the coming run."""
        order = np.lexsort((time_us, source))
        source, time_us = source[order], time_us[order]
        which, first = np.unique(source, return_index=True)
        # PyNN's sources go through a parrot, which takes the smallest delay.
        times = np.split(self._on_grid(time_us - self.network.step_us), first[1:])
        nodes = self.built.sources.node_collection_source[which.tolist()]
        nodes.set([{"spike_times": each} for each in times])

    def advance(self, stop_us: float) -> None:
        """Run up to a time; from the second on without PyNN, which asks for the time each time."""
        if self.time_us:
            self._nest.Simulate(stop_us - self.time_us)
        else:
            super().advance(stop_us)

    def fired(self) -> Fired:
        """Return what has fired since the last run."""
        neuron, time_us = [], []
        for population, first in zip(self.built.populations, self.network.first, strict=False):
            recorder = population.recorder._spike_detector.device
            events = recorder.get("events")
            if len(events["senders"]):
                recorder.set(n_events=0)
                neuron.append(events["senders"] - int(population.first_id) + first)
                time_us.append(events["times"])
        return _together(neuron, time_us)


class Brian2(Software):
    """Brian2, without its compiler: a model is run once."""

    def __init__(self, network: Network) -> None:
        import brian2

        brian2.prefs.codegen.target = "numpy"
        import pyNN.brian2 as pynn

        self.pynn = pynn
        self._read = [0] * len(network.names)
        super().__init__(network)

    def play(self, source: Integers, time_us: Floats) -> None:
        """Let sources fire in the coming run."""
        from brian2 import ms

        self.built.sources.brian2_group.set_spikes(source, time_us * ms)

    def fired(self) -> Fired:
        """Return what has fired since the last run."""
        from brian2 import ms

        neuron, time_us = [], []
        for index, population in enumerate(self.built.populations):
            monitor = population.recorder._devices["spikes"]
            fresh = slice(self._read[index], None)
            numbers, times = np.asarray(monitor.i)[fresh], np.asarray(monitor.t / ms)[fresh]
            self._read[index] += numbers.size
            neuron.append(numbers + self.network.first[index])
            time_us.append(times)
        return _together(neuron, time_us)


class Neuron(Software):
    """NEURON. Sources are told spike by spike: those of PyNN look for new ones every ms only."""

    def __init__(self, network: Network) -> None:
        # Where its compiler of mechanisms is, which PyNN's first import needs.
        os.environ["PATH"] = os.pathsep.join(
            (os.path.dirname(sys.executable), os.environ.get("PATH", ""))
        )
        import pyNN.neuron as pynn

        self.pynn = pynn
        super().__init__(network)
        self._synapses: list[list[Any]] = [[] for _ in range(network.sources)]
        for projection in self.built.projections:
            if projection.pre is self.built.sources:
                for connection in projection.connections:
                    self._synapses[connection.presynaptic_index].append(connection.nc)
        self.pynn.run_until(0.0)

    def play(self, source: Integers, time_us: Floats) -> None:
        """Let sources fire in the coming run."""
        for which, time in zip(source.tolist(), time_us.tolist(), strict=True):
            for synapse in self._synapses[which]:
                synapse.event(time + self.delay_us)

    def fired(self) -> Fired:
        """Return what has fired since the last run."""
        neuron, time_us = [], []
        cells = [cell for population in self.built.populations for cell in population.all_cells]
        for number, cell in enumerate(cells):
            times = cell._cell.spike_times
            if times.size():
                time_us.append(np.array(times.as_numpy(), np.float64))
                neuron.append(np.full(time_us[-1].size, number))
                times.resize(0)
        return _together(neuron, time_us)


class Chip:
    """BrainScaleS-2 through pynn-brainscales.

    A chip cannot be stopped and go on: every run begins at rest. So what came in the network's
    `history_us` is played again before what is new, and only what is fired then is returned.
    """

    def __init__(self, network: Network) -> None:
        import pynn_brainscales.brainscales2 as pynn

        self.pynn = pynn
        self.network = network
        self.time_us = 0.0
        self._source, self._time_us = np.empty(0, np.int64), np.empty(0)
        pynn.setup()
        self.built = build(self, network)

    def cell(self, **circuits: Any) -> Any:
        """Return the cell that is calibrated to these values in the first run."""
        return self.pynn.cells.CalibHXNeuronCuba(
            v_rest=circuits["v_rest_lsb"],
            v_reset=circuits["v_reset_lsb"],
            v_thresh=circuits["v_thresh_lsb"],
            tau_m=circuits["tau_mem_us"],
            tau_syn_E=circuits["tau_syn_us"],
            tau_syn_I=circuits["tau_syn_us"],
            tau_refrac=circuits["refractory_us"],
        )

    def connect(
        self,
        pre: Any,
        post: Any,
        receptor: str,
        row: Integers,
        column: Integers,
        weight: Floats,
        tau_syn_us: Floats,
    ) -> list[Any]:
        """Connect by one projection for each weight: lists with weights are not for its PyNN."""
        del tau_syn_us
        made = []
        for value in np.unique(weight):
            mask = np.zeros((pre.size, post.size), np.bool_)
            mask[row[weight == value], column[weight == value]] = True
            synapse = self.pynn.standardmodels.synapses.StaticSynapse(weight=int(value))
            connector = self.pynn.ArrayConnector(mask)
            made.append(
                self.pynn.Projection(
                    pre, post, connector, synapse_type=synapse, receptor_type=receptor
                )
            )
        return made

    def run(self, source: Integers, time_us: Floats, stop_us: float) -> Fired:
        """Play spikes of sources up to a time, and return what has fired since the last run."""
        begin = max(0.0, self.time_us - self.network.history_us)
        source = np.concatenate((self._source, source))
        time_us = np.concatenate((self._time_us, time_us))
        kept = time_us >= begin
        self._source, self._time_us = source[kept], time_us[kept]
        played = [
            np.sort(self._time_us[self._source == which] - begin) * 1e-3
            for which in range(self.built.sources.size)
        ]
        self.built.sources.set(spike_times=played)
        self.pynn.run((stop_us - begin) * 1e-3)
        self.pynn.reset()
        neuron, fired_us = [], []
        for population, first in zip(self.built.populations, self.network.first, strict=False):
            segment = population.get_data("spikes", clear=True).segments[-1]
            for index, train in enumerate(segment.spiketrains):
                times = begin + 1e3 * np.asarray(train.rescale("ms").magnitude)
                fresh = times[times >= self.time_us]
                neuron.append(np.full(fresh.size, first + index))
                fired_us.append(fresh)
        self.time_us = stop_us
        return _together(neuron, fired_us)

    def reset(self) -> Chip:
        """Return the chip at rest at time 0, with its calibration."""
        self.time_us = 0.0
        self._source, self._time_us = np.empty(0, np.int64), np.empty(0)
        return self


SCALARS = ("sources", "delay_us", "step_us", "history_us")
SIMULATORS: Mapping[str, Callable[[Network], Any]] = {
    "nest": Nest,
    "brian2": Brian2,
    "neuron": Neuron,
    "brainscales2": Chip,
}


def _together(neuron: list[Any], time_us: list[Any]) -> Fired:
    return Fired(
        np.concatenate([np.empty(0, np.int64), *neuron]).astype(np.int64),
        np.concatenate([np.empty(0), *time_us]).astype(np.float64),
    )


def load(path: str) -> Network:
    """Read a network that `save` has written."""
    with np.load(path, allow_pickle=False) as file:
        content = {name: file[name] for name in Network._fields}
    content.update({name: content[name].item() for name in SCALARS})
    return Network(**content)


def save(path: str, network: Network) -> None:
    """Write a network to one file."""
    np.savez(path, **network._asdict())


def serve(simulator: Any, requests: Any, answers: Any) -> None:
    """Run what a stream asks for, until it ends.

    A request: float64 stop_us and int64 n, then int64[n] sources and float64[n] times; stop_us
    below 0: reset. An answer: int64 n, then int64[n] neurons and float64[n] times.
    """
    answers.write(np.int64(0).tobytes())
    answers.flush()
    while len(head := requests.read(16)) == 16:
        stop_us, count = np.frombuffer(head[:8]).item(), np.frombuffer(head[8:], np.int64).item()
        source = np.frombuffer(requests.read(8 * count), np.int64)
        time_us = np.frombuffer(requests.read(8 * count), np.float64)
        if stop_us < 0:
            simulator = simulator.reset()
            fired = _together([], [])
        else:
            fired = simulator.run(source, time_us, stop_us)
        answers.write(np.int64(fired.neuron.size).tobytes())
        answers.write(fired.neuron.tobytes() + fired.time_us.tobytes())
        answers.flush()


def main(arguments: list[str]) -> int:
    """Run a network on a file of spikes, or as `serve` says."""
    if len(arguments) not in (2, 4) or arguments[1] not in SIMULATORS:
        print(f"usage: NETWORK.npz {'|'.join(SIMULATORS)} SPIKES.npz FIRED.npz", file=sys.stderr)
        return 2
    path, engine, *files = arguments
    if not files:
        # Simulators print what they like.
        answers = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        serve(SIMULATORS[engine](load(path)), sys.stdin.buffer, answers)
        return 0
    simulator = SIMULATORS[engine](load(path))
    with np.load(files[0], allow_pickle=False) as spikes:
        fired = simulator.run(spikes["source"], spikes["time_us"], float(spikes["stop_us"]))
    np.savez(files[1], **fired._asdict())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
