"""Novelty filter: neurons for pairs of what happens at once, heard until they are usual."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import NetworkSpec, Population, Projection

NOVELTY = "novelty"

Counts = npt.NDArray[np.int64]


class Channels(NamedTuple):
    """One side of pairs: a population or input, or a slice of it, and its number of channels.

    gain: brings the highest rate of a channel to one spike a tick.
    """

    end: str
    size: int
    gain: float = 1.0


@dataclass(frozen=True, config=STRICT)
class Pairs:
    """A population of neurons, one for each pair of a channel of `first` and one of `second`.

    A membrane holds the sum of both rates, in spikes a tick, and fires above `coincidence`: one
    channel alone must not reach that. row: which novelty neuron hears them.
    """

    name: str
    first: Channels
    second: Channels
    row: Annotated[int, Field(ge=0)]
    tau_ms: Annotated[float, Field(ge=1, le=1e6, description="Time over which both count [ms]")]
    coincidence: Annotated[
        float, Field(gt=1, lt=2, description="Sum of rates at which both are there [1]")
    ] = 1.4


class Filter(NamedTuple):
    """The parts of a network that make a novelty filter behind its inputs."""

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]


def novelty_filter(
    pairs: Sequence[Pairs], others: Mapping[str, int], rows: int, tau_novelty_ms: float
) -> Filter:
    """Return neurons for pairs, and those of `NOVELTY`, one for each row, to which all is new.

    others: populations that are heard besides, by the row that hears them. A novelty neuron fires
    as often as what it hears, times the weights, and forgets with `tau_novelty_ms`.
    As in the mushroom body of the fly, where sparse combinations of smells drive an output neuron
    by synapses that their own activity depresses: Hattori et al., Cell 169, 2017; Dasgupta,
    Sheehan, Stevens & Navlakha, PNAS 115, 13093, 2018.
    """
    populations, projections = [], []
    for each in pairs:
        shape = (each.first.size, each.second.size)
        neuron = Lif(tau_mem_ms=each.tau_ms, resistance=1.0, threshold=each.coincidence)
        populations.append(Population(each.name, shape, neuron))
        one, other = np.eye(shape[0], dtype=np.float32), np.eye(shape[1], dtype=np.float32)
        to_rows = np.kron(one, np.ones((1, shape[1]), np.float32)) * np.float32(each.first.gain)
        to_columns = np.kron(np.ones((1, shape[0]), np.float32), other)
        projections += [
            Projection(each.first.end, each.name, Array(to_rows)),
            Projection(each.second.end, each.name, Array(to_columns * each.second.gain)),
        ]
    heard = {each.name: each.row for each in pairs} | dict(others)
    projections += [Projection(name, f"{NOVELTY}[{row}]") for name, row in heard.items()]
    novelty = Population(NOVELTY, (rows,), Lif(tau_mem_ms=tau_novelty_ms, reset="subtract"))
    return Filter((*populations, novelty), tuple(projections))


def heard_by(network: NetworkSpec) -> list[str]:
    """Return the populations that the novelty neurons of a network hear."""
    return [each.pre for each in network.projections if each.post.partition("[")[0] == NOVELTY]


def habituated(network: NetworkSpec, spikes: Mapping[str, Counts], share: float) -> NetworkSpec:
    """Return a network that is used to what it has heard.

    spikes: of each neuron that the novelty neurons hear, by population, int64 flat. Each one took
    the share `share` of the weight of its neuron, so that what is usual is heard no more.
    Raises NetworkError if a population is missing or of another size.
    """
    projections = []
    for each in network.projections:
        if each.pre not in spikes or each.post.partition("[")[0] != NOVELTY:
            projections.append(each)
            continue
        fired, size = spikes[each.pre], network.population(each.pre).size
        if fired.shape != (size,):
            raise NetworkError(f"'{each.pre}' has {size} neurons, its spikes are of {fired.shape}")
        kept = np.power(1.0 - share, fired.astype(np.float64))
        # What is left of synapses that were used often is none.
        weights = np.where(kept < 1e-3, 0.0, kept).astype(np.float32)[:, None]
        projections.append(dataclasses.replace(each, weights=Array(weights)))
    if missing := set(heard_by(network)) - spikes.keys():
        raise NetworkError(f"there are no spikes of {', '.join(sorted(missing))}")
    return dataclasses.replace(network, projections=tuple(projections))
