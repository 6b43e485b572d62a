"""Event graphs and events for tests, and what both give by definition: slow, in plain loops."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.event_graph_spec import (
    EventGraphLayer,
    EventGraphSpec,
    Neighbourhood,
)
from neuromorphic_ros.spikes import SpikeBatch

Spikes = list[npt.NDArray[np.bool_]]


class Edge(NamedTuple):
    """Node `target` hears node `source`."""

    source: int
    target: int
    relation: int


def lively_spec(
    seed: int = 0,
    shape: tuple[int, int, int] = (2, 12, 16),
    features: tuple[int, ...] = (5, 8, 3),
    cells: tuple[int, int] = (3, 4),
    neighbourhood: Neighbourhood | None = None,
    **others: Any,
) -> EventGraphSpec:
    """Draw weights with which a good part of the neurons fire, and a few that are zero."""
    generator = np.random.default_rng(seed)
    near = neighbourhood or Neighbourhood(radius_px=2, radius_ms=0.02, ages=2, newest=3)
    layers = []
    for before, after in zip((shape[0], *features), features, strict=False):
        scale = 1.0 / np.sqrt(before)
        neighbour = generator.normal(0.0, 0.5 * scale, (near.bins, before, after))
        neighbour[generator.random(neighbour.shape) < 0.2] = 0.0
        layers.append(
            EventGraphLayer(
                own=Array(generator.normal(0.5 * scale, 0.8 * scale, (before, after))),
                neighbour=Array(neighbour),
                bias=Array(generator.normal(0.4, 0.3, after)),
            )
        )
    return EventGraphSpec(shape, near, tuple(layers), cells, **({"window_ms": 0.05} | others))


def events_of(
    spec: EventGraphSpec, count: int, seed: int = 1, mean_step_ns: int = 500
) -> SpikeBatch:
    """Draw events all over the image, several of one stamp among them."""
    generator = np.random.default_rng(seed)
    address = generator.integers(0, np.prod(spec.shape), count).astype(np.uint32)
    steps = generator.integers(0, 2 * mean_step_ns, count) * (generator.random(count) < 0.8)
    return SpikeBatch(spec.shape, address, np.cumsum(steps))


@st.composite
def specs(draw: st.DrawFn) -> EventGraphSpec:
    """Draw a small graph: any radius beside the image, one pixel wide images, one node."""
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    near = Neighbourhood(
        radius_px=draw(st.integers(1, 5)),
        radius_ms=draw(st.sampled_from((0.001, 0.003, 0.01))),
        ages=draw(st.integers(1, 3)),
        newest=draw(st.integers(1, 4)),
    )
    return lively_spec(
        seed=draw(st.integers(0, 99)),
        shape=(draw(st.integers(1, 3)), height, width),
        features=tuple(draw(st.lists(st.sampled_from((1, 2, 8, 32)), min_size=1, max_size=3))),
        cells=(draw(st.integers(1, height)), draw(st.integers(1, width))),
        neighbourhood=near,
        window_ms=near.radius_ms * draw(st.sampled_from((1, 2))),
        max_events=draw(st.sampled_from((1, 2, 7, 64))),
    )


@st.composite
def streams(draw: st.DrawFn, spec: EventGraphSpec, most: int = 40) -> SpikeBatch:
    """Draw events: of one stamp, of one pixel, as old as the radius to the nanosecond."""
    radius_ns = spec.neighbourhood.radius_ns
    size = int(np.prod(spec.shape))
    step = st.sampled_from((0, 0, 0, 1, radius_ns // 8, radius_ns - 1, radius_ns))
    place = st.one_of(st.just(size - 1), st.integers(0, size - 1))
    drawn = draw(st.lists(st.tuples(place, step), max_size=most))
    start_ns = draw(st.sampled_from((-7, 0, 1_700_000_000_000_000_000)))
    return SpikeBatch(
        spec.shape,
        np.array([address for address, _ in drawn], np.uint32),
        start_ns + np.cumsum([after for _, after in drawn], dtype=np.int64),
    )


def places(spec: EventGraphSpec, events: SpikeBatch) -> npt.NDArray[np.int64]:
    """Return channel, y and x of events, int64[events, 3]."""
    return np.stack(np.unravel_index(events.address.astype(np.int64), spec.shape), 1)


def edges_by_definition(
    spec: EventGraphSpec, events: SpikeBatch, most_events: int | None = None
) -> set[Edge]:
    """Compare each event with all before it; at most `most_events` are in the graph at a time."""
    near, place = spec.neighbourhood, places(spec, events)
    found = set()
    for target, (_, y, x) in enumerate(place):
        looked_at: dict[tuple[int, int], int] = {}
        oldest = 0 if most_events is None else max(0, target + 1 - most_events)
        for source in range(target - 1, oldest - 1, -1):
            _, other_y, other_x = place[source]
            cell = (other_y // near.radius_px, other_x // near.radius_px)
            away = (cell[0] - y // near.radius_px, cell[1] - x // near.radius_px)
            if max(map(abs, away)) > 1:
                continue
            looked_at[cell] = looked_at.get(cell, 0) + 1
            age_ns = int(events.time_ns[target] - events.time_ns[source])
            within = max(abs(other_y - y), abs(other_x - x)) <= near.radius_px
            if looked_at[cell] <= near.newest and within and age_ns < near.radius_ns:
                relation = relation_by_definition(near, other_y - y, other_x - x, age_ns)
                found.add(Edge(source, target, relation))
    return found


def relation_by_definition(near: Neighbourhood, down: int, right: int, age_ns: int) -> int:
    """Number a relation by age, then place; ages are equal steps, places thirds of the square."""
    step_ns = -(-near.radius_ns // near.ages)

    def third(offset: int) -> int:
        part = Fraction(int(offset), near.radius_px)
        return 0 if part < Fraction(-1, 3) else 2 if part > Fraction(1, 3) else 1

    return (age_ns // step_ns * 3 + third(down)) * 3 + third(right)


class ByDefinition(NamedTuple):
    """Spikes: bool[nodes, features], of events and of every layer. synaptic_events: of layers."""

    spikes: Spikes
    synaptic_events: list[int]


def spikes_by_definition(
    spec: EventGraphSpec, events: SpikeBatch, edges: set[Edge]
) -> ByDefinition:
    """Add the weights of every neighbour one at a time, in float64."""
    channel = places(spec, events)[:, 0]
    spikes: Spikes = [channel[:, None] == np.arange(spec.shape[0])]
    synaptic_events = []
    for layer in spec.layers:
        own, neighbour, bias = (
            part.values.astype(np.float64) for part in (layer.own, layer.neighbour, layer.bias)
        )
        membrane = bias + spikes[-1] @ own
        driven = int(np.count_nonzero(own, axis=1) @ spikes[-1].sum(axis=0))
        for source, target, relation in sorted(edges):
            for feature in np.flatnonzero(spikes[-1][source]):
                membrane[target] += neighbour[relation, feature]
                driven += np.count_nonzero(neighbour[relation, feature])
        spikes.append(membrane >= 1.0)
        synaptic_events.append(driven)
    return ByDefinition(spikes, synaptic_events)


def as_bits(spikes: Spikes) -> npt.NDArray[np.uint32]:
    """Return spikes as `EventGraph.spikes` does, uint32[layers + 1, nodes]."""
    return np.stack([(each @ (1 << np.arange(each.shape[1]))).astype(np.uint32) for each in spikes])


def cells_of(spec: EventGraphSpec, events: SpikeBatch) -> npt.NDArray[np.int64]:
    """Return the row and column in which each event is pooled, int64[events, 2]."""
    return places(spec, events)[:, 1:] * spec.cells // np.array(spec.shape[1:])


def pooled_by_definition(
    spec: EventGraphSpec, events: SpikeBatch, spikes: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Count the spikes of nodes in each cell, int64[features, rows, columns]."""
    total = np.zeros(spec.output_shape, np.int64)
    for (row, column), fired in zip(cells_of(spec, events), spikes, strict=True):
        total[:, row, column] += fired
    return total
