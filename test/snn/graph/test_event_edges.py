from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.snn.graph.event_edges import EventEdges, event_edges
from neuromorphic_ros.snn.graph.event_graph_spec import EventGraphSpec, Neighbourhood
from neuromorphic_ros.spikes import SpikeBatch

from .event_streams import (
    Edge,
    cells_of,
    edges_by_definition,
    events_of,
    lively_spec,
    places,
    specs,
    streams,
)


def listed(edges: EventEdges) -> set[Edge]:
    """Return edges as a set; none may be there twice."""
    found = list(map(Edge, edges.source.tolist(), edges.target.tolist(), edges.relation.tolist()))
    assert len(set(found)) == len(found)
    return set(found)


def at(spec: EventGraphSpec, *events: tuple[int, int, int]) -> SpikeBatch:
    """Make events of channel 0 from y, x and time [ns]."""
    y, x, time_ns = np.array(events).T
    return SpikeBatch(spec.shape, (y * spec.shape[2] + x).astype(np.uint32), time_ns)


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_edges_are_those_of_the_definition(data: st.DataObject) -> None:
    spec = data.draw(specs())
    events = data.draw(streams(spec))
    edges = event_edges(spec, events)
    assert listed(edges) == edges_by_definition(spec, events)
    assert np.array_equal(edges.channel, places(spec, events)[:, 0])
    rows_columns = cells_of(spec, events)
    assert np.array_equal(edges.cell, rows_columns[:, 0] * spec.cells[1] + rows_columns[:, 1])


@pytest.mark.parametrize("radius_px", [1, 2, 5, 64])
def test_many_events_have_the_edges_of_the_definition(radius_px: int) -> None:
    near = Neighbourhood(radius_px=radius_px, radius_ms=0.05, ages=3, newest=4)
    spec = lively_spec(shape=(2, 23, 31), neighbourhood=near)
    events = events_of(spec, 250)
    found = listed(event_edges(spec, events))
    assert found == edges_by_definition(spec, events)
    assert len(found) > 200
    assert all(edge.source < edge.target for edge in found)


def test_a_stream_without_events_has_no_edges() -> None:
    spec = lively_spec()
    assert all(part.size == 0 for part in event_edges(spec, SpikeBatch.empty(spec.shape)))


def test_an_event_is_no_neighbour_once_it_has_the_age_of_the_radius() -> None:
    spec = lively_spec()
    radius_ns = spec.neighbourhood.radius_ns
    assert len(listed(event_edges(spec, at(spec, (3, 3, 0), (3, 3, radius_ns - 1))))) == 1
    assert listed(event_edges(spec, at(spec, (3, 3, 0), (3, 3, radius_ns)))) == set()


def test_an_event_is_a_neighbour_as_far_as_the_radius() -> None:
    spec = lively_spec()
    corners = [(6 + down, 6 + right, 0) for down in (-2, 2) for right in (-2, 2)]
    beyond = [(6, 9, 0), (6, 3, 0), (3, 6, 0), (9, 6, 0)]
    edges = listed(event_edges(spec, at(spec, *corners, *beyond, (6, 6, 1))))
    assert {edge.source for edge in edges if edge.target == 8} == {0, 1, 2, 3}


def test_only_the_newest_of_a_cell_are_looked_at_wherever_they_are() -> None:
    spec = lively_spec(neighbourhood=Neighbourhood(radius_px=2, radius_ms=0.02, newest=2))
    # Pixels (4, 4) and (5, 5) share a cell; from (3, 3) only the first is near enough.
    events = at(spec, (4, 4, 0), (4, 4, 1), (5, 5, 2), (2, 2, 3))
    assert {edge.source for edge in listed(event_edges(spec, events)) if edge.target == 3} == {1}


@pytest.mark.parametrize("radius_px", [1, 2, 3, 4, 7, 64])
def test_places_are_told_apart_alike_on_both_sides(radius_px: int) -> None:
    near = Neighbourhood(radius_px=radius_px, radius_ms=0.02, ages=2, newest=1)
    side = 2 * radius_px + 1
    spec = lively_spec(shape=(1, 1, side), cells=(1, 1), neighbourhood=near)
    relations = []
    for offset in range(-radius_px, radius_px + 1):
        events = at(spec, (0, radius_px + offset, 0), (0, radius_px, 1))
        (edge,) = listed(event_edges(spec, events))
        relations.append(edge.relation)
    left, ahead, right = 3, 4, 5
    assert relations == sorted(relations)
    assert relations == [left + right - relation for relation in relations[::-1]]
    assert set(relations) == {left, ahead, right}


def test_every_relation_occurs_and_no_other() -> None:
    near = Neighbourhood(radius_px=3, radius_ms=0.1, ages=3, newest=32)
    spec = lively_spec(shape=(1, 8, 8), neighbourhood=near, window_ms=0.1)
    edges = event_edges(spec, events_of(spec, 600))
    assert np.array_equal(np.unique(edges.relation), np.arange(near.bins))
