"""The recipe of cars, on footage that we draw: boxes that drive over a car park."""

from __future__ import annotations

import numpy as np

from neuromorphic_ros.learning.labelled_events import NONE, LabelledEvents
from neuromorphic_ros.pipeline.recipes import graph_cars
from neuromorphic_ros.pipeline.recipes.graph_cars import APPROACHING, CLASSES, LEAVING, Footage
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.event_graph_spec import EventGraphLayer, EventGraphSpec
from neuromorphic_ros.snn.spec import NetworkSpec

HEIGHT, WIDTH, PERIOD_NS = 108, 192, 80_000_000


def footage(*rows: int | None) -> Footage:
    """Return pictures of dark ground with a bright car, on which much is to be seen, from rows."""
    pictures, car = [], np.random.default_rng(0).integers(130, 255, (15, 10)).repeat(4, 0)
    car = car.repeat(4, 1)
    for row in rows:
        picture = np.full((HEIGHT, WIDTH), 60, np.uint8)
        if row is not None:
            seen = picture[max(row, 0) : max(row + 60, 0), 80:120]
            seen[:] = car[max(-row, 0) :][: len(seen)]
        pictures.append(picture)
    return Footage(tuple(pictures), 10**9 + PERIOD_NS * np.arange(len(rows)))


COMING = footage(*[None] * 30, *range(-50, 110, 5), *[None] * 5)


def every_event(feature: int) -> NetworkSpec:
    """Return a network that takes every event for one of a class."""
    near = graph_cars.NEIGHBOURHOOD
    own = np.zeros((2, 2))
    own[:, feature] = 1.0
    layer = EventGraphLayer(Array(own), Array(np.zeros((near.bins, 2, 2))), Array(np.zeros(2)))
    return graph_cars.network(
        EventGraphSpec(graph_cars.SENSOR, near, (layer,), graph_cars.CELLS, window_ms=200.0)
    )


def test_events_on_a_car_have_its_class_and_others_none() -> None:
    spec = every_event(0)
    found = graph_cars.labelled(spec, COMING)
    assert len(found.events) > 1000
    assert np.mean(found.label == CLASSES.index(APPROACHING)) > 0.9
    still = graph_cars.labelled(spec, footage(*[None] * 20))
    assert len(still.events) == 0
    upwards = Footage(tuple(each[::-1] for each in COMING.pictures), COMING.stamp_ns)
    found = graph_cars.labelled(spec, upwards)
    assert np.mean(found.label == CLASSES.index(LEAVING)) > 0.9
    assert set(found.label) <= {NONE, CLASSES.index(LEAVING)}


def test_upside_down_a_car_goes_the_other_way() -> None:
    whole = graph_cars.labelled(every_event(0), COMING)
    parts = graph_cars.varied(whole, 1_000_000, 0)
    assert {label for part in parts for label in part.label} == {NONE, 0, 1}
    assert len(parts) == 4 * len(whole.pieces(graph_cars.PIECE_NS))
    again = graph_cars.varied(whole, 1_000_000, 0)
    assert all(same(a, b) for a, b in zip(parts, again, strict=True))
    other = graph_cars.varied(whole, 1_000_000, 1)
    assert not all(same(a, b) for a, b in zip(parts, other, strict=True))


def same(one: LabelledEvents, other: LabelledEvents) -> bool:
    return one.events == other.events and np.array_equal(one.label, other.label)


def test_a_box_of_the_right_class_is_right_and_of_another_is_not() -> None:
    right = graph_cars.measured(every_event(CLASSES.index(APPROACHING)), COMING)
    assert (right.metric, right.value) == ("f1", right.figures["f1"])
    assert right.value > 0.7
    assert right.ci95.low <= right.value <= right.ci95.high
    assert right.confusion.shape == (3, 3)
    assert (right.samples, right.sample_ms) == (33, 160.0)
    wrong = graph_cars.measured(every_event(CLASSES.index(LEAVING)), COMING)
    assert wrong.value == 0
    assert wrong.figures["recall_of_place"] == right.figures["recall"]


def test_a_window_in_which_the_network_sleeps_is_empty() -> None:
    windows = graph_cars.detect(every_event(0), COMING)
    assert np.all(np.diff(windows.stamp_ns) == 160_000_000)
    assert windows.boxes[0] == ()
    assert max(map(len, windows.boxes)) == 1


def test_the_rest_is_what_was_not_trained_with() -> None:
    first, rest = graph_cars.halves(COMING)
    assert len(first.pictures) == round(0.6 * len(COMING.pictures))
    assert [*first.stamp_ns, *rest.stamp_ns] == [*COMING.stamp_ns]
