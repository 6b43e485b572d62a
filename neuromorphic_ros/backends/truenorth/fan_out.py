"""Let the spikes of a neuron reach several axons, of which it has one.

It is copied within its core, inputs and all, if there is room for its whole population. Else its
spikes go through a splitter, an axon whose neurons pass them on a tick later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from neuromorphic_ros.backends.truenorth.chip import NEURONS
from neuromorphic_ros.backends.truenorth.filling import SPLITTER, Axon, Filling, add_core
from neuromorphic_ros.backends.truenorth.layer import Integers, Layer
from neuromorphic_ros.backends.truenorth.neuron import idle
from neuromorphic_ros.errors import NetworkError


class Aim(NamedTuple):
    """An axon that spikes are sent to, and what it carries."""

    core: int
    axon: int
    carried: Axon


class Emitters(NamedTuple):
    """The places, counted through all cores, that send the spikes of a neuron.

    If the neuron is read out, the first keeps them. late: ticks that they are late by.
    """

    places: list[int]
    late: int


class Fan(NamedTuple):
    """How the neurons of a population reach several axons. least: ticks that this takes."""

    kind: str
    emitters: list[Emitters]
    least: int
    copies: int
    splitters: int


def targets_of(cores: Sequence[Filling]) -> dict[int, list[Aim]]:
    """Return the axons that carry each source."""
    targets: dict[int, list[Aim]] = defaultdict(list)
    for core, filling in enumerate(cores):
        for axon, carried in enumerate(filling.axons):
            targets[carried.source].append(Aim(core, axon, carried))
    return targets


def fan_out(
    cores: list[Filling],
    layer: Layer,
    neuron: Integers,
    targets: dict[int, list[Aim]],
    channels: int,
    read: bool,
) -> Fan:
    """Find places that send the spikes of a population, each to one destination.

    neuron: int64[neurons], where all neurons are. channels: sources before the first neuron. read:
    whether a spike must leave the chip too. Raises NetworkError if one goes to too many axons.
    """
    first = channels + layer.begin
    own = neuron[layer.begin : layer.begin + layer.neurons.size]
    wanted = np.array([len(targets[first + each]) + read for each in range(own.size)])
    more = np.maximum(wanted - 1, 0)
    if not np.any(more):
        return Fan("direct", [Emitters([place], 0) for place in own.tolist()], 1, 0, 0)
    needed = np.bincount(own // NEURONS, more, len(cores))
    if all(core.has_room(0, int(count)) for core, count in zip(cores, needed, strict=True)):
        emitters = [
            Emitters([place, *_copies(cores[place // NEURONS], place, count)], 0)
            for place, count in zip(own.tolist(), more.tolist(), strict=True)
        ]
        return Fan("copies", emitters, 1, int(more.sum()), 0)
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
            emitters.append(Emitters([place], 0))
            continue
        number = int(np.argmax(np.append(np.all(room >= (1, count), axis=1), True)))
        if number == len(cores):
            add_core(cores)
            room = np.append(room, [cores[-1].room], axis=0)
        emitters.append(_split(cores, number, place, first + each, count))
        room[number] = cores[number].room
    return Fan("splitters", emitters, 2, 0, int(wanted[wanted > 1].sum()))


def _copies(filling: Filling, place: int, count: int) -> list[int]:
    core, local = filling.core, place % NEURONS
    axons = np.flatnonzero(core.crossbar[:, local])
    begin = place - local
    return [begin + filling.place(core.neurons[local], axons) for _ in range(count)]


def _split(cores: list[Filling], number: int, place: int, source: int, count: int) -> Emitters:
    """Send a neuron to a core where as many pass on its spikes."""
    filling = cores[number]
    axon = int(filling.carry([Axon(source, 0, SPLITTER, 0, 0)])[0])
    relay = idle(1)[0]
    relay["weight"][0] = relay["threshold"] = 1
    places = [number * NEURONS + filling.place(relay, [axon]) for _ in range(count)]
    send(cores, place, number, axon, 1)
    return Emitters(places, 1)


def send(cores: Sequence[Filling], place: int, core: int, axon: int, ticks: int) -> None:
    """Let the neuron at a place send its spikes to an axon, to arrive after so many ticks."""
    neuron = cores[place // NEURONS].core.neurons[place % NEURONS]
    neuron["destination_core"], neuron["destination_axon"] = core, axon
    neuron["delay"] = ticks
