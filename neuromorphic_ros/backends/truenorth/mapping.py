"""Map a network onto the cores of TrueNorth: neurons to cores, sources to axons, fan-out to copies.

Neurons fill cores one after the other, in the order of their sources. A source has an axon in every
core that hears it, one for each type that its weights need there. A neuron has one destination; for
more, it is copied within its core, inputs and all, if there is room for its whole population, else
its spikes go through a splitter: an axon whose neurons pass them on, a tick later. A neuron with
more sources than a core has axons for hears accumulators in their place, a tick later too.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.retiming import Path, Timing, retimed
from neuromorphic_ros.backends.truenorth.chip import (
    AXONS,
    CORES,
    MAX_DELAY,
    NEURONS,
    TICK_MS,
    TYPES,
)
from neuromorphic_ros.backends.truenorth.core import Core
from neuromorphic_ros.backends.truenorth.layer import Integers, Layer, Loss, layers, refused
from neuromorphic_ros.backends.truenorth.neuron import idle
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.spec import NetworkSpec

SPLITTER = -1
"""What hears an axon whose neurons pass on its spikes."""


class Axon(NamedTuple):
    """What an axon carries.

    source: a channel or, after all channels, a neuron in execution order or, after these, an
    accumulator. delay: after which it acts in the network [ticks]. post: index of the population
    that hears it in execution order or, after these, of accumulators, or SPLITTER. part: counts
    axons of a type that carry the same. type: of the axon.
    """

    source: int
    delay: int
    post: int
    part: int
    type: int


class Inputs(NamedTuple):
    """Where the spikes of channels go: those of channel k to first[k] up to before first[k + 1].

    axon: uint32[n], counted through all cores. delay: int64[n], ticks until they arrive.
    """

    first: Integers
    axon: npt.NDArray[np.uint32]
    delay: Integers


class PopulationFit(NamedTuple):
    """How a population is mapped.

    lag_ticks: how much later its neurons fire than in the network. fan_out: `direct`, `copies` or
    `splitters`. axons_per_source: mean over its sources and cores. relative_refractory: whether
    its refractory period is one that input shortens.
    """

    name: str
    loss: Loss
    lag_ticks: int
    fan_out: str
    axons_per_source: float
    relative_refractory: bool


class Slowed(NamedTuple):
    """Spikes within a loop of populations that take longer than the network asks for [ticks]."""

    pre: str
    post: str
    delay_ticks: int
    takes_ticks: int


class Mapping(NamedTuple):
    """A network on cores.

    axons: of each core, what its axons carry, in order. neuron: int64[neurons], in execution order,
    where each is, counted through all cores. scale: float64[neurons], integers per unit of their
    membranes. copied: int64[copies, 2], the neuron of each copy, and where it is. taken: neurons of
    each core in use. of: of each post of axons, the place of the population that it is, or whose
    accumulators it is. copies, splitters, accumulators: how many neurons there are for fan-out and
    fan-in.
    """

    spec: NetworkSpec
    cores: tuple[Core, ...]
    axons: tuple[tuple[Axon, ...], ...]
    inputs: Inputs
    neuron: Integers
    scale: npt.NDArray[np.float64]
    copied: Integers
    taken: tuple[int, ...]
    of: tuple[int, ...]
    populations: tuple[PopulationFit, ...]
    slowed: tuple[Slowed, ...]
    copies: int
    splitters: int
    accumulators: int


def map_network(spec: NetworkSpec) -> Mapping:
    """Return a network on cores.

    Raises NetworkError that names what does not fit, the limit and a way out.
    """
    if reasons := _refused(spec):
        raise NetworkError("; ".join(reasons))
    made, of = layers(spec)
    cores: list[_Filling] = []
    neuron = np.concatenate([_fill(cores, index, layer) for index, layer in enumerate(made)])
    targets = _targets(cores)
    read = {each.population for each in spec.readouts}
    populations = len(spec.populations)
    fans = [
        _fan_out(
            cores,
            layer,
            neuron,
            targets,
            spec.channels,
            index < populations and layer.population.name in read,
        )
        for index, layer in enumerate(made)
    ]
    paths = _paths(spec, made, fans)
    timing = retimed(len(made) + 1, paths)
    takes = _takes(paths, timing)
    _check_delays(made, paths, takes)
    for index, (layer, fan) in enumerate(zip(made, fans, strict=True)):
        for own, emitters in enumerate(fan.emitters):
            aims = targets[spec.channels + layer.begin + own]
            spare = len(emitters.places) - len(aims)
            for place, aim in zip(emitters.places[spare:], aims, strict=True):
                ticks = takes[index, aim.carried.post, aim.carried.delay] - emitters.late
                _send(cores, place, aim.core, aim.axon, ticks)
    return Mapping(
        spec=spec,
        cores=tuple(core.core for core in cores),
        axons=tuple(tuple(core.axons) for core in cores),
        inputs=_inputs(spec.channels, targets, takes, len(made)),
        neuron=neuron[: spec.neurons],
        scale=np.concatenate([layer.scale for layer in made[:populations]]),
        copied=np.array(
            [
                (layer.begin + own, place)
                for layer, fan in zip(made[:populations], fans, strict=False)
                for own, emitters in enumerate(fan.emitters)
                for place in emitters.places[1:]
                if fan.kind == "copies"
            ],
            np.int64,
        ).reshape(-1, 2),
        taken=tuple(core.taken for core in cores),
        of=of,
        populations=tuple(
            PopulationFit(
                layer.population.name,
                layer.loss,
                lag,
                fan.kind,
                axons_per_source,
                layer.relative_refractory,
            )
            for layer, lag, fan, axons_per_source in zip(
                made, timing.lags, fans, _spread(cores, populations), strict=False
            )
        ),
        slowed=tuple(
            Slowed(
                made[path.pre].population.name, made[path.post].population.name, path.delay, delay
            )
            for path, delay in zip(paths, timing.delays, strict=True)
            if delay > path.delay
        ),
        copies=sum(fan.copies for fan in fans),
        splitters=sum(fan.splitters for fan in fans),
        accumulators=len(neuron) - spec.neurons,
    )


Takes = dict[tuple[int, int, int], int]
"""Ticks that spikes take, by the populations they go from and to and their delay in the network."""


class _Filling:
    """A core that is being filled."""

    def __init__(self) -> None:
        self.core = Core(
            np.zeros(AXONS, np.uint8), np.zeros((AXONS, NEURONS), np.bool_), idle(NEURONS)
        )
        self.axons: list[Axon] = []
        self.taken = 0

    @property
    def room(self) -> tuple[int, int]:
        """Axons and neurons that are left."""
        return AXONS - len(self.axons), NEURONS - self.taken

    def has_room(self, axons: int, neurons: int) -> bool:
        """Return whether as many more find room."""
        return self.room[0] >= axons and self.room[1] >= neurons

    def carry(self, carried: Sequence[Axon]) -> Integers:
        """Let new axons carry something, and return which."""
        first, last = len(self.axons), len(self.axons) + len(carried)
        self.core.axon_type[first:last] = [each.type for each in carried]
        self.axons += carried
        return np.arange(first, last)

    def place(self, neuron: Any, axons: Any) -> int:
        """Put a neuron that hears some axons into the next place, and return the place."""
        place, self.taken = self.taken, self.taken + 1
        self.core.neurons[place] = neuron
        self.core.crossbar[axons, place] = True
        return place


class _Aim(NamedTuple):
    core: int
    axon: int
    carried: Axon


class _Emitters(NamedTuple):
    """The places, counted through all cores, that send the spikes of a neuron.

    If the neuron is read out, the first keeps them. late: ticks that they are late by.
    """

    places: list[int]
    late: int


class _Fan(NamedTuple):
    """How the neurons of a population reach several axons. least: ticks that this takes."""

    kind: str
    emitters: list[_Emitters]
    least: int
    copies: int
    splitters: int


def refusals(spec: NetworkSpec) -> tuple[str, ...]:
    """Return why a network cannot be mapped, as far as that shows before neurons have places."""
    return _refused(spec) if spec.neurons > CORES * NEURONS else _refused(spec) + refused(spec)


def _refused(spec: NetworkSpec) -> tuple[str, ...]:
    """Return why nothing of a network is mapped at all."""
    reasons = []
    if spec.neurons > CORES * NEURONS:
        reasons.append(
            f"network '{spec.name}' has {spec.neurons} neurons, a chip of TrueNorth "
            f"{CORES * NEURONS}; choose smaller populations"
        )
    if spec.dt_ms < TICK_MS:
        reasons.append(
            f"network '{spec.name}': a tick of {spec.dt_ms:g} ms is shorter than that of "
            f"TrueNorth, {TICK_MS:g} ms; choose dt_ms: {TICK_MS:g}"
        )
    reasons += [
        f"projection {projection} is plastic; weights of TrueNorth are fixed: learn on backend "
        "jetson and run what was learned"
        for projection in spec.projections
        if projection.plasticity
    ]
    return tuple(reasons)


def _fill(cores: list[_Filling], index: int, layer: Layer) -> Integers:
    """Place the neurons of a population, and return where they are."""
    places = np.empty(layer.neurons.size, np.int64)
    # Not into what others have left, where there would be no room for copies.
    if cores and not cores[-1].has_room(0, layer.neurons.size):
        _add(cores)
    carried, first, number = _carried(index, layer)
    # Of the last core, the axon that carries each.
    axon = np.full(len(carried), -1)
    for own in _order(layer.drive.weights).tolist():
        wanted = number[first[own] : first[own + 1]]
        new = wanted[axon[wanted] < 0]
        if not cores or not cores[-1].has_room(new.size, 1):
            _add(cores)
            axon[:], new = -1, wanted
        axon[new] = cores[-1].carry([carried[each] for each in new.tolist()])
        place = cores[-1].place(layer.neurons[own], axon[wanted])
        places[own] = (len(cores) - 1) * NEURONS + place
    return places


def _order(weights: Any) -> Integers:
    """Return the neurons in the order of their first source, so that those alike share cores."""
    none = np.diff(weights.indptr) == 0
    rows = np.append(weights.indices, 0)[weights.indptr[:-1]]
    return np.argsort(np.where(none, -1, rows), kind="stable")


def _carried(index: int, layer: Layer) -> tuple[list[Axon], Integers, Integers]:
    """Return the axons that a population needs, and by number those of its neurons.

    Neuron k needs those from first[k] to before first[k + 1].
    """
    count = layer.times.ravel()
    weight = np.repeat(np.arange(count.size), count)
    part = np.arange(weight.size) - np.repeat(np.cumsum(count) - count, count)
    key = (layer.drive.weights.indices[weight // TYPES] * TYPES + weight % TYPES) * AXONS + part
    keys, number = np.unique(key, return_inverse=True)
    row, kind = keys // (TYPES * AXONS), keys // AXONS % TYPES
    parts = (layer.drive.source[row], layer.drive.delay[row], keys % AXONS, kind)
    carried = [
        Axon(source, delay, index, part, kind)
        for source, delay, part, kind in zip(*(each.tolist() for each in parts), strict=True)
    ]
    until = np.concatenate(([0], np.cumsum(layer.times.sum(axis=1))))
    return carried, until[layer.drive.weights.indptr], number


def _add(cores: list[_Filling]) -> None:
    if len(cores) == CORES:
        raise NetworkError(
            f"the network needs more than the {CORES} cores of a TrueNorth chip; choose smaller "
            "populations, or patterns with fewer sources for each neuron"
        )
    cores.append(_Filling())


def _targets(cores: Sequence[_Filling]) -> dict[int, list[_Aim]]:
    """Return the axons that carry each source."""
    targets: dict[int, list[_Aim]] = defaultdict(list)
    for core, filling in enumerate(cores):
        for axon, carried in enumerate(filling.axons):
            targets[carried.source].append(_Aim(core, axon, carried))
    return targets


def _fan_out(
    cores: list[_Filling],
    layer: Layer,
    neuron: Integers,
    targets: dict[int, list[_Aim]],
    channels: int,
    read: bool,
) -> _Fan:
    """Find places that send the spikes of a population, each to one destination."""
    first = channels + layer.begin
    own = neuron[layer.begin : layer.begin + layer.neurons.size]
    wanted = np.array([len(targets[first + each]) + read for each in range(own.size)])
    more = np.maximum(wanted - 1, 0)
    if not np.any(more):
        return _Fan("direct", [_Emitters([place], 0) for place in own.tolist()], 1, 0, 0)
    needed = np.bincount(own // NEURONS, more, len(cores))
    if all(core.has_room(0, int(count)) for core, count in zip(cores, needed, strict=True)):
        emitters = [
            _Emitters([place, *_copies(cores[place // NEURONS], place, count)], 0)
            for place, count in zip(own.tolist(), more.tolist(), strict=True)
        ]
        return _Fan("copies", emitters, 1, int(more.sum()), 0)
    if wanted.max() > NEURONS:
        raise NetworkError(
            f"population '{layer.population.name}': spikes of a neuron go to {wanted.max()} axons, "
            f"a splitter of TrueNorth passes them to {NEURONS} at most; choose smaller populations "
            "to project to"
        )
    room = np.array([core.room for core in cores])
    emitters = []
    for each, (place, count) in enumerate(zip(own.tolist(), wanted.tolist(), strict=True)):
        if count < 2:
            emitters.append(_Emitters([place], 0))
            continue
        number = int(np.argmax(np.append(np.all(room >= (1, count), axis=1), True)))
        if number == len(cores):
            _add(cores)
            room = np.append(room, [cores[-1].room], axis=0)
        emitters.append(_split(cores, number, place, first + each, count))
        room[number] = cores[number].room
    return _Fan("splitters", emitters, 2, 0, int(wanted[wanted > 1].sum()))


def _copies(filling: _Filling, place: int, count: int) -> list[int]:
    core, local = filling.core, place % NEURONS
    axons = np.flatnonzero(core.crossbar[:, local])
    begin = place - local
    return [begin + filling.place(core.neurons[local], axons) for _ in range(count)]


def _split(cores: list[_Filling], number: int, place: int, source: int, count: int) -> _Emitters:
    """Send a neuron to a core where as many pass on its spikes."""
    filling = cores[number]
    axon = int(filling.carry([Axon(source, 0, SPLITTER, 0, 0)])[0])
    relay = idle(1)[0]
    relay["weight"][0] = relay["threshold"] = 1
    places = [number * NEURONS + filling.place(relay, [axon]) for _ in range(count)]
    _send(cores, place, number, axon, 1)
    return _Emitters(places, 1)


def _send(cores: Sequence[_Filling], place: int, core: int, axon: int, ticks: int) -> None:
    neuron = cores[place // NEURONS].core.neurons[place % NEURONS]
    neuron["destination_core"], neuron["destination_axon"] = core, axon
    neuron["delay"] = ticks


def _paths(spec: NetworkSpec, made: Sequence[Layer], fans: Sequence[_Fan]) -> list[Path]:
    """Return the paths of spikes between populations; all inputs are the last population."""
    begins = np.array([layer.begin for layer in made]) + spec.channels
    found = set()
    for post, layer in enumerate(made):
        pre = np.searchsorted(begins, layer.drive.source, side="right") - 1
        found |= set(zip(pre.tolist(), layer.drive.delay.tolist(), [post] * pre.size, strict=True))
    return [
        Path(pre if pre >= 0 else len(made), post, delay, fans[pre].least if pre >= 0 else 0)
        for pre, delay, post in sorted(found)
    ]


def _takes(paths: Sequence[Path], timing: Timing) -> Takes:
    return {
        (path.pre, path.post, path.delay): delay + timing.lags[path.post] - timing.lags[path.pre]
        for path, delay in zip(paths, timing.delays, strict=True)
    }


def _check_delays(made: Sequence[Layer], paths: Sequence[Path], takes: Takes) -> None:
    for path in paths:
        ticks = takes[path.pre, path.post, path.delay]
        if path.pre < len(made) and ticks > MAX_DELAY:
            pre, post = (made[each].population.name for each in (path.pre, path.post))
            raise NetworkError(
                f"spikes from '{pre}' to '{post}' must wait for {ticks} ticks so that they meet "
                f"those on longer ways; TrueNorth delays by {MAX_DELAY} at most: choose a shorter "
                "delay or a shorter chain of populations beside it"
            )


def _inputs(
    channels: int,
    targets: dict[int, list[_Aim]],
    takes: Takes,
    inputs: int,
) -> Inputs:
    aims = [targets[channel] for channel in range(channels)]
    flat = [aim for each in aims for aim in each]
    return Inputs(
        first=np.cumsum([0, *map(len, aims)]),
        axon=np.array([aim.core * AXONS + aim.axon for aim in flat], np.uint32),
        delay=np.array(
            [takes[inputs, aim.carried.post, aim.carried.delay] for aim in flat], np.int64
        ),
    )


def _spread(cores: Sequence[_Filling], populations: int) -> list[float]:
    """Return the mean number of axons of a source in a core that hears it, by population."""
    counts = [
        Counter((each.post, each.source, each.delay) for each in filling.axons) for filling in cores
    ]
    axons, heard = np.zeros((2, populations), np.int64)
    for count in counts:
        for (post, _, _), times in count.items():
            if 0 <= post < populations:
                axons[post] += times
                heard[post] += 1
    with np.errstate(invalid="ignore"):
        return [float(share) for share in axons / heard]
