"""A spiking network on the graph of events: each event a node that hears the events before it."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.event_kernel import HASH_CELLS, MAX_FEATURES, SIDES
from neuromorphic_ros.snn.patterns import Extents
from neuromorphic_ros.spikes import Shape

Values = npt.NDArray[np.float32]

GRID = 1024.0
"""Weights are multiples of 1/GRID."""
MAX_PIXELS = 2**24
"""There is memory for each, wherever events are."""
# Sums of multiples of 1/GRID are exact in float32, in any order, as long as they stay below this.
EXACT_BELOW = 2.0**24 / GRID


def on_grid(weights: npt.ArrayLike) -> Values:
    """Round weights to multiples of 1/GRID, float32."""
    return (np.round(np.asarray(weights, np.float64) * GRID) / GRID).astype(np.float32)


@dataclass(frozen=True, config=STRICT)
class Neighbourhood:
    """Which earlier events an event hears, and what of their place and age it tells apart.

    Those at most radius_px away in x and in y that are less than radius_ms old. They are looked for
    among the `newest` events of each of the nine cells, radius_px wide, in and around the event's
    own: that bounds the work of an event, however many there are.
    """

    radius_px: Annotated[
        int, Field(ge=1, le=64, description="Farthest neighbour in x and in y [px]")
    ] = 3
    radius_ms: Annotated[
        float, Field(ge=0.001, le=10_000, description="Age that a neighbour has not reached [ms]")
    ] = 30.0
    ages: Annotated[int, Field(ge=1, le=16, description="Ages that are told apart")] = 3
    newest: Annotated[
        int, Field(ge=1, le=64, description="Events of each cell among which it looks")
    ] = 4

    @property
    def radius_ns(self) -> int:
        """Age that a neighbour has not reached [ns]."""
        return round(self.radius_ms * 1e6)

    @property
    def bins(self) -> int:
        """Number of relations of a neighbour that have weights of their own."""
        return self.ages * SIDES * SIDES


@dataclass(frozen=True, config=STRICT)
class EventGraphLayer:
    """The weights of one layer; multiples of 1/1024, others are rounded.

    own: (inputs, features), from what the event itself was in the layer before. neighbour:
    (ages * 9, inputs, features), from each neighbour, by its relation. bias: (features,).
    """

    own: Array
    neighbour: Array
    bias: Array

    def __post_init__(self) -> None:
        if len(self.bias.shape) != 1 or not self.bias.values.size:
            raise NetworkError(
                f"bias of a layer of an event graph is {self.bias.shape}, not (features,)"
            )
        for field in dataclasses.fields(self):
            rounded = Array(on_grid(getattr(self, field.name).values))
            object.__setattr__(self, field.name, rounded)

    @property
    def features(self) -> int:
        """Number of neurons of a node."""
        return self.bias.shape[0]


@dataclass(frozen=True, config=STRICT)
class EventGraphSpec:
    """Layers of spiking neurons on a directed graph of events, pooled over cells of the image.

    Each event becomes a node with `features` neurons per layer. A neuron's membrane is

        v = bias + own[c] + sum over neighbours j, spikes f of j:  neighbour[relation(i, j), f]

    with the event's channel c (and its spikes, from the second layer on) for its own part; it
    spikes where v >= 1. The relation is the place of j, one of 3 x 3 directions, and its age, one
    of `ages` equal steps: the response of a neuron without reset that sits at the place of the
    event, to each spike around it, with a kernel of its own per direction in place of one leak
    (the spike response model, Gerstner, Phys. Rev. E 51, 738, 1995). Edges go from earlier to later
    events alone, so that nothing of an earlier node ever changes (the hemispherical update of Li et
    al., ICCV 2021; Dalgaty et al., HUGNet, CVPR workshops 2023); offsets that select weights are
    those of SplineConv (Fey et al., CVPR 2018) of degree 0, as AEGNN has it (Schaefer et al.,
    CVPR 2022).

    shape: (channels, height, width) of the events. cells: rows and columns over which the spikes
    of the last layer are pooled. window_ms: events older than this leave the graph; no less than
    radius_ms. max_events: if more are in the window, the oldest leave early.
    """

    shape: Extents
    neighbourhood: Neighbourhood
    layers: Annotated[tuple[EventGraphLayer, ...], Field(min_length=1, max_length=16)]
    cells: Extents
    window_ms: Annotated[float, Field(ge=0.001, le=3_600_000)] = 200.0
    max_events: Annotated[int, Field(ge=1, le=2**24)] = 65_536

    def __post_init__(self) -> None:
        if len(self.shape) != 3 or len(self.cells) != 2:
            raise NetworkError(
                f"an event graph has shape (channels, height, width) and cells (rows, columns), "
                f"not {self.shape} and {self.cells}"
            )
        if self.shape[0] > MAX_FEATURES:
            raise NetworkError(f"events of an event graph have {MAX_FEATURES} channels at most")
        if self.shape[1] * self.shape[2] > MAX_PIXELS:
            raise NetworkError(
                f"events of an event graph have {MAX_PIXELS} pixels at most, not {self.shape[1:]}"
            )
        if self.cells[0] > self.shape[1] or self.cells[1] > self.shape[2]:
            raise NetworkError(f"cells {self.cells} of an event graph are more than its pixels")
        if self.window_ms < self.neighbourhood.radius_ms:
            raise NetworkError(
                f"window_ms {self.window_ms:g} of an event graph is less than radius_ms "
                f"{self.neighbourhood.radius_ms:g}: neighbours would leave too early"
            )
        for number, (before, layer) in enumerate(zip(self.widths, self.layers, strict=False), 1):
            self._check_layer(number, before, layer)

    @property
    def window_ns(self) -> int:
        """Age at which events leave [ns]."""
        return round(self.window_ms * 1e6)

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Channels of the events, then features of every layer."""
        return (self.shape[0], *(layer.features for layer in self.layers))

    @property
    def output_shape(self) -> Shape:
        """Shape of what is pooled: (features, rows, columns)."""
        return (self.widths[-1], *self.cells)

    @property
    def weights(self) -> int:
        """Number of weights and biases."""
        return sum(
            getattr(layer, field.name).values.size
            for layer in self.layers
            for field in dataclasses.fields(layer)
        )

    def _check_layer(self, number: int, before: int, layer: EventGraphLayer) -> None:
        features = layer.features
        expected: dict[str, Any] = {
            "own": (before, features),
            "neighbour": (self.neighbourhood.bins, before, features),
            "bias": (features,),
        }
        for name, shape in expected.items():
            found = getattr(layer, name).shape
            if found != shape:
                raise NetworkError(
                    f"layer {number} of an event graph: {name} is {found}, not {shape}"
                )
        if features > MAX_FEATURES:
            raise NetworkError(
                f"layer {number} of an event graph has {features} features, {MAX_FEATURES} at most"
            )
        own, neighbour, bias = (np.abs(getattr(layer, name).values) for name in expected)
        neighbours = HASH_CELLS * self.neighbourhood.newest
        largest = bias + own.sum(axis=0) + neighbours * neighbour.sum(axis=1).max(axis=0)
        if largest.max() >= EXACT_BELOW:
            raise NetworkError(
                f"layer {number} of an event graph: a membrane may reach {largest.max():g}; sums "
                f"are exact below {EXACT_BELOW:g} only, so make weights or `newest` smaller"
            )


def random_spec(
    shape: Shape,
    features: tuple[int, ...],
    cells: tuple[int, int],
    seed: int,
    neighbourhood: Neighbourhood | None = None,
    **others: Any,
) -> EventGraphSpec:
    """Draw an event graph whose neurons fire now and then; others: fields of the spec."""
    generator = np.random.default_rng(seed)
    near = neighbourhood or Neighbourhood()
    layers = []
    for before, after in pairwise((shape[0], *features)):
        # A few neighbours, some of which spike, reach a threshold of 1 with these.
        scale = 1.0 / np.sqrt(before)
        layers.append(
            EventGraphLayer(
                own=Array(generator.normal(0.2, 0.5 * scale, (before, after))),
                neighbour=Array(generator.normal(-0.03, 0.3 * scale, (near.bins, before, after))),
                bias=Array(np.full(after, 0.4)),
            )
        )
    return EventGraphSpec(tuple(shape), near, tuple(layers), tuple(cells), **others)
