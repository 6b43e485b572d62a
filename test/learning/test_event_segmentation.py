"""Event graphs that learn which events belong to what moves, and which way it goes."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from neuromorphic_ros.learning.event_segmentation import (  # noqa: E402
    Epoch,
    SegmentationTraining,
    train,
)
from neuromorphic_ros.learning.labelled_events import NONE, LabelledEvents  # noqa: E402
from neuromorphic_ros.learning.samples import LearningError  # noqa: E402
from neuromorphic_ros.snn.graph.event_edges import event_edges  # noqa: E402
from neuromorphic_ros.snn.graph.event_graph import EventGraph  # noqa: E402
from neuromorphic_ros.snn.graph.event_graph_module import (  # noqa: E402
    EventGraphModule,
    side_by_side,
)
from neuromorphic_ros.snn.graph.event_graph_spec import (  # noqa: E402
    Array,
    EventGraphSpec,
    Neighbourhood,
    random_spec,
)
from neuromorphic_ros.spikes import SpikeBatch  # noqa: E402

SIDE, MS = 16, 1_000_000
RIGHT, LEFT = 0, 1


def spec(features: tuple[int, ...] = (8, 2)) -> EventGraphSpec:
    near = Neighbourhood(radius_px=3, radius_ms=20.0, ages=2, newest=4)
    return random_spec((2, SIDE, SIDE), features, (4, 4), 0, near, window_ms=20.0)


def moving_bar(way: int, seed: int) -> LabelledEvents:
    """Return the events of a bar that moves a pixel each 5 ms, among noise of no class."""
    generator, events = np.random.default_rng(seed), []
    for step in range(SIDE):
        x = step if way == RIGHT else SIDE - 1 - step
        events += [(5 * step * MS, SIDE * SIDE + y * SIDE + x, way) for y in range(4, 12)]
        events += [(5 * step * MS, int(generator.integers(4 * SIDE)), NONE) for _ in range(2)]
    time_ns, address, label = np.array(sorted(events)).T
    return LabelledEvents(SpikeBatch((2, SIDE, SIDE), address.astype(np.uint32), time_ns), label)


def labels_by(trained: EventGraphSpec, events: SpikeBatch) -> list[list[int]]:
    """Return the classes for which each event spikes in the compiled graph."""
    fired, by = EventGraph(trained).push_raw(events.address, events.time_ns)
    found: list[list[int]] = [[] for _ in range(len(events))]
    for feature, event in zip(fired // 16, by, strict=True):
        found[event].append(int(feature))
    return found


def test_a_graph_learns_what_an_event_belongs_to_and_which_way_that_goes() -> None:
    torch.set_num_threads(1)
    epochs: list[Epoch] = []
    parts = [moving_bar(way, seed) for seed in range(4) for way in (RIGHT, LEFT)]
    trained = train(
        spec(), parts, SegmentationTraining(epochs=15), lambda _, epoch: epochs.append(epoch)
    )
    assert len(epochs) == 15
    assert epochs[-1].loss < 0.5 * epochs[0].loss
    for way in (RIGHT, LEFT):
        held_out = moving_bar(way, 100 + way)
        wanted = [[] if label == NONE else [int(label)] for label in held_out.label]
        found = labels_by(trained, held_out.events)
        right = [a == b for a, b in zip(found, wanted, strict=True)]
        assert np.mean(right) > 0.85


def test_the_same_seed_gives_the_same_weights_and_another_does_not() -> None:
    parts = [moving_bar(way, 0) for way in (RIGHT, LEFT)]

    def weights(seed: int) -> list[bytes]:
        made = train(spec(), parts, SegmentationTraining(epochs=2, seed=seed), lambda *_: None)
        arrays: list[Array] = [layer.neighbour for layer in made.layers]
        return [array.values.tobytes() for array in arrays]

    assert weights(0) == weights(0)
    assert weights(0) != weights(3)


def test_the_last_membrane_spikes_where_the_last_layer_does() -> None:
    events = moving_bar(RIGHT, 0).events
    module = EventGraphModule(spec((6, 5, 4)))
    graph = side_by_side(spec(), [event_edges(spec(), events)])
    spikes = module(graph)[-1]
    assert 0 < spikes.mean() < 1
    assert torch.equal(module.last_membrane(graph) >= 1, spikes.bool())


@pytest.mark.parametrize("label", [-2, 2])
def test_a_label_of_no_class_is_refused(label: int) -> None:
    part = moving_bar(RIGHT, 0)
    wrong = part._replace(label=np.full_like(part.label, label))
    with pytest.raises(LearningError, match=f"label {label} for .* and 2 classes"):
        train(spec(), [wrong], SegmentationTraining(epochs=1), lambda *_: None)


def test_labels_that_are_not_as_many_as_the_events_are_refused() -> None:
    part = moving_bar(RIGHT, 0)
    with pytest.raises(LearningError, match="3 labels for"):
        train(
            spec(), [part._replace(label=part.label[:3])], SegmentationTraining(), lambda *_: None
        )


def test_nothing_to_be_trained_with_is_refused() -> None:
    nothing = LabelledEvents(SpikeBatch.empty((2, SIDE, SIDE)), np.empty(0, np.int64))
    with pytest.raises(LearningError, match="no events"):
        train(spec(), [nothing], SegmentationTraining(), lambda *_: None)
