"""Fill cores with neurons one after the other: axons for what they hear, and places.

Neurons come in the order of their sources. A source has an axon in every core that hears it, or
several, of the types that its weights need there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from neuromorphic_ros.backends.truenorth.chip import AXONS, CORES, NEURONS, TYPES
from neuromorphic_ros.backends.truenorth.core import Core
from neuromorphic_ros.backends.truenorth.layer import Integers, Layer
from neuromorphic_ros.backends.truenorth.neuron import idle
from neuromorphic_ros.errors import NetworkError

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


class Filling:
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


def fill(cores: list[Filling], index: int, layer: Layer) -> Integers:
    """Place the neurons of a population, and return where they are."""
    places = np.empty(layer.neurons.size, np.int64)
    # Not into what others have left, where there would be no room for copies.
    if cores and not cores[-1].has_room(0, layer.neurons.size):
        add_core(cores)
    carried, first, number = _carried(index, layer)
    # Of the last core, the axon that carries each.
    axon = np.full(len(carried), -1)
    for own in _order(layer.drive.weights).tolist():
        wanted = number[first[own] : first[own + 1]]
        new = wanted[axon[wanted] < 0]
        if not cores or not cores[-1].has_room(new.size, 1):
            add_core(cores)
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


def add_core(cores: list[Filling]) -> None:
    """Begin another core; raises NetworkError if a chip has no more."""
    if len(cores) == CORES:
        raise NetworkError(
            f"the network needs more than the {CORES} cores of a TrueNorth chip; choose smaller "
            "populations, or patterns with fewer sources for each neuron"
        )
    cores.append(Filling())
