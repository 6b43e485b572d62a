from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.snn.graph.event_edges import event_edges
from neuromorphic_ros.snn.graph.event_graph import EventGraph, EventGraphCounts
from neuromorphic_ros.snn.graph.event_graph_module import EventGraphModule, side_by_side
from neuromorphic_ros.snn.graph.event_graph_spec import EventGraphSpec, Neighbourhood, random_spec
from neuromorphic_ros.spikes import SpikeBatch

from .event_streams import (
    as_bits,
    cells_of,
    edges_by_definition,
    events_of,
    lively_spec,
    pooled_by_definition,
    specs,
    spikes_by_definition,
    streams,
)

STEP_NS = 10_000


def part(events: SpikeBatch, first: int, last: int | None = None) -> SpikeBatch:
    """Return the events of a range of indices."""
    return SpikeBatch(events.shape, events.address[first:last], events.time_ns[first:last])


def by_module(spec: EventGraphSpec, events: SpikeBatch) -> list[npt.NDArray[np.bool_]]:
    """Compute the spikes of all events at once, in torch; bool[nodes, features] of each layer."""
    graph = side_by_side(spec, [event_edges(spec, events)])
    layers = EventGraphModule(spec)(graph)
    return [each.detach().numpy() > 0.5 for each in (graph.spikes, *layers)]


def same(one: EventGraphCounts, other: EventGraphCounts) -> bool:
    """Compare counts; some are arrays."""
    return all(map(np.array_equal, one, other))


def fired_by_definition(
    spec: EventGraphSpec, events: SpikeBatch, spikes: npt.NDArray[np.bool_]
) -> SpikeBatch:
    """List the spikes of the last layer, event by event, as addresses in the pooled shape."""
    node, feature = np.nonzero(spikes)
    row, column = cells_of(spec, events)[node].T
    address = np.ravel_multi_index((feature, row, column), spec.output_shape)
    return SpikeBatch(spec.output_shape, address.astype(np.uint32), events.time_ns[node])


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_a_graph_is_that_of_its_definition_however_events_are_divided(
    data: st.DataObject,
) -> None:
    spec = data.draw(specs())
    events = data.draw(streams(spec))
    edges = edges_by_definition(spec, events, spec.max_events)
    expected = spikes_by_definition(spec, events, edges)
    graph = EventGraph(spec)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(events)), max_size=5)))
    pushed = [graph.push(part(events, *cut)) for cut in pairwise([0, *cuts, len(events)])]

    fired = fired_by_definition(spec, events, expected.spikes[-1])
    assert np.array_equal(np.concatenate([each.address for each in pushed]), fired.address)
    assert np.array_equal(np.concatenate([each.time_ns for each in pushed]), fired.time_ns)
    last_ns = events.time_ns[-1] if len(events) else 0
    there = int(np.count_nonzero(events.time_ns >= last_ns - spec.window_ns))
    there = min(there, spec.max_events)
    assert graph.nodes == there
    assert np.array_equal(graph.spikes(), as_bits(expected.spikes)[:, len(events) - there :])
    assert np.array_equal(
        graph.pooled(),
        pooled_by_definition(
            spec, part(events, len(events) - there), expected.spikes[-1][len(events) - there :]
        ),
    )
    counts = graph.counts()
    assert counts.nodes == len(events)
    assert counts.edges == len(edges)
    assert counts.spikes.tolist() == [int(each.sum()) for each in expected.spikes]
    assert counts.synaptic_events.tolist() == expected.synaptic_events


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_a_graph_fires_as_the_module_does(data: st.DataObject) -> None:
    spec = data.draw(specs().filter(lambda spec: spec.max_events == 64))
    events = data.draw(streams(spec))
    graph = EventGraph(spec)
    fired = graph.push(events)
    spikes = by_module(spec, events)
    assert np.array_equal(graph.spikes(), as_bits(spikes)[:, len(events) - graph.nodes :])
    assert fired == fired_by_definition(spec, events, spikes[-1])


@pytest.mark.parametrize("radius_px", [1, 3, 40])
def test_a_long_stream_leaves_what_computing_all_anew_gives(radius_px: int) -> None:
    near = Neighbourhood(radius_px=radius_px, radius_ms=0.04, ages=3, newest=4)
    spec = lively_spec(shape=(2, 30, 40), features=(16, 32, 7), neighbourhood=near)
    events = events_of(spec, 4000, mean_step_ns=300)
    graph = EventGraph(spec)
    graph.push(events)
    assert 50 < graph.nodes < len(events) / 10
    there = part(events, -graph.nodes)
    # The spikes of a node come from events of `layers` radii before it at most.
    history_ns = spec.window_ns + len(spec.layers) * near.radius_ns
    recent = events.between(int(events.time_ns[-1]) - history_ns, 2**62)
    assert len(recent) < len(events) / 4
    for history in (events, recent):
        spikes = [each[-graph.nodes :] for each in by_module(spec, history)]
        assert np.array_equal(graph.spikes(), as_bits(spikes))
        assert np.array_equal(graph.pooled(), pooled_by_definition(spec, there, spikes[-1]))
    assert all(0.1 < each.mean() < 0.9 for each in spikes)


def test_the_graph_of_the_window_alone_is_not_enough_of_a_history() -> None:
    spec = lively_spec(shape=(2, 30, 40), window_ms=0.02)
    events = events_of(spec, 2000, mean_step_ns=100)
    graph = EventGraph(spec)
    graph.push(events)
    anew = by_module(spec, part(events, -graph.nodes))
    assert not np.array_equal(graph.spikes(), as_bits(anew))


def test_nodes_leave_early_when_there_are_too_many() -> None:
    spec = lively_spec(max_events=50, window_ms=1000.0)
    events = events_of(spec, 300)
    graph, roomy = EventGraph(spec), EventGraph(lively_spec(window_ms=1000.0))
    graph.push(events)
    roomy.push(events)
    assert graph.nodes == 50
    assert graph.counts().crowded_out == 250
    assert roomy.nodes == 300
    assert roomy.counts().crowded_out == 0
    assert graph.counts().edges < roomy.counts().edges


def test_nodes_that_left_with_the_window_are_not_crowded_out() -> None:
    spec = lively_spec(max_events=1)
    graph = EventGraph(spec)
    for index in range(5):
        graph.push(SpikeBatch(spec.shape, np.zeros(1, np.uint32), np.array([index * 1_000_000])))
    assert graph.counts().crowded_out == 0
    assert graph.nodes == 1


def test_nodes_leave_when_they_are_older_than_the_window() -> None:
    spec = lively_spec()
    graph = EventGraph(spec)
    events = events_of(spec, 30)
    graph.push(events)
    assert graph.pooled().sum() > 0
    newest_ns = int(events.time_ns[-1])
    graph.advance(newest_ns + spec.window_ns)
    assert graph.nodes == np.count_nonzero(events.time_ns == newest_ns)
    graph.advance(newest_ns + spec.window_ns + 1)
    assert graph.nodes == 0
    assert graph.spikes().shape == (4, 0)
    assert not graph.pooled().any()
    assert graph.counts().nodes == 30


def test_events_after_time_has_advanced_find_the_neighbours_they_had() -> None:
    spec = lively_spec()
    events = events_of(spec, 60)
    waiting, busy = EventGraph(spec), EventGraph(spec)
    for index in range(len(events)):
        waiting.advance(int(events.time_ns[index]))
        assert waiting.push(part(events, index, index + 1)) == busy.push(
            part(events, index, index + 1)
        )
    assert same(waiting.counts(), busy.counts())


def test_a_reset_graph_begins_anew_and_counts_on() -> None:
    spec = lively_spec(max_events=20)
    events = events_of(spec, 100)
    graph = EventGraph(spec)
    first, before = graph.push(events), graph.counts()
    graph.reset()
    assert graph.nodes == 0
    assert not graph.pooled().any()
    assert same(graph.counts(), before)
    # Time may begin anew as well.
    assert graph.push(events) == first
    after = graph.counts()
    assert all(
        np.array_equal(now, 2 * np.asarray(then)) for now, then in zip(after, before, strict=True)
    )


def test_events_of_another_time_or_shape_leave_the_graph_as_it_is() -> None:
    spec = lively_spec()
    events = events_of(spec, 40)
    graph = EventGraph(spec)
    graph.push(events)
    before, counts = graph.spikes(), graph.counts()
    late_ns = int(events.time_ns[-1]) - 1
    late = SpikeBatch(spec.shape, np.zeros(1, np.uint32), np.array([late_ns]))
    with pytest.raises(SpikeError, match=f"{late_ns} ns comes after one at {late_ns + 1} ns"):
        graph.push(late)
    with pytest.raises(SpikeError, match=r"shape \(2, 3, 4\) do not fit .* of \(2, 12, 16\)"):
        graph.push(SpikeBatch.empty((2, 3, 4)))
    assert np.array_equal(graph.spikes(), before)
    assert same(graph.counts(), counts)


@pytest.mark.parametrize(
    ("address", "time_ns", "words"),
    [
        ([0, 384], [50_000, 50_000], "an address is outside"),
        ([2**32 - 1], [50_000], "an address is outside"),
        ([0, 0, 0], [50_000, 50_002, 50_001], "time_ns decreases"),
        ([0, 0], [50_000], "one time for each address"),
    ],
)
def test_events_that_would_reach_outside_of_the_tables_are_refused(
    address: list[int], time_ns: list[int], words: str
) -> None:
    spec = lively_spec()
    graph = EventGraph(spec)
    graph.push(events_of(spec, 40))
    before, counts = graph.spikes(), graph.counts()
    with pytest.raises(SpikeError, match=words):
        graph.push_raw(np.array(address, np.uint32), np.array(time_ns, np.int64))
    assert np.array_equal(graph.spikes(), before)
    assert same(graph.counts(), counts)


def test_a_graph_takes_events_that_do_not_lie_side_by_side_in_memory() -> None:
    spec = lively_spec()
    events = events_of(spec, 60)
    strided = SpikeBatch(spec.shape, events.address[::2], events.time_ns[::2])
    packed = SpikeBatch(spec.shape, strided.address.copy(), strided.time_ns.copy())
    assert EventGraph(spec).push(strided) == EventGraph(spec).push(packed)


def test_what_a_graph_returns_stays_as_it_is() -> None:
    spec = lively_spec()
    events = events_of(spec, 80)
    graph = EventGraph(spec)
    fired = graph.push(part(events, 0, 40))
    returned = (fired.address, fired.time_ns, graph.pooled(), graph.spikes(), *graph.counts()[2:4])
    copies = [np.copy(each) for each in returned]
    graph.push(part(events, 40))
    assert all(map(np.array_equal, returned, copies))


def test_memory_is_flat() -> None:
    spec = random_spec((2, 32, 32), (16, 16), (2, 2), 0, max_events=500)
    graph = EventGraph(spec)
    address = np.random.default_rng(0).integers(0, 2048, (20_000, 1)).astype(np.uint32)

    def pages_after_events_from(first_ns: int) -> int:
        for index, single in enumerate(address):
            graph.push_raw(single, np.array([first_ns + index * STEP_NS]))
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])

    if not Path("/proc/self/statm").exists():
        pytest.skip("memory is read from /proc, which is not there")
    before = pages_after_events_from(0)
    # 64 bytes an event would be 300 pages.
    assert pages_after_events_from(len(address) * STEP_NS) - before < 100
