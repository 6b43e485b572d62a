"""Rows of graphs join the counts of a network; what relays their spikes leaves them."""

from __future__ import annotations

import numpy as np

from neuromorphic_ros.snn.counts import OF_NODES, OF_PROJECTIONS, Counts
from neuromorphic_ros.snn.graph.graph_counts import OF_ROWS, GraphCounts, with_graphs

NAMES, LINKS = ("in", "relay", "seen", "out"), ("seen -> out", "relay -> seen")


def counts() -> Counts:
    rows = {field: np.arange(1, 5) * 10**number for number, field in enumerate(OF_ROWS)}
    links = {field: np.arange(1, 3) * 10**number for number, field in enumerate(OF_PROJECTIONS)}
    return Counts(names=NAMES, projections=LINKS, ticks=7, **rows, **links)


def row(value: int, fields: tuple[str, ...]) -> dict[str, int]:
    return dict.fromkeys(fields, value)


def test_rows_are_added_by_name_and_new_ones_come_last() -> None:
    graph = GraphCounts(
        {"seen": row(1, OF_ROWS), "seen.1": row(5, OF_ROWS), "in": row(2, OF_ROWS)},
        [("in -> seen.1", row(3, OF_PROJECTIONS)), ("seen.1 -> seen", row(4, OF_PROJECTIONS))],
    )
    found = with_graphs(counts(), [graph], ["relay"], ["seen"])
    assert found.names == ("in", "seen", "out", "seen.1")
    assert found.sizes.tolist() == [1, 3, 4, 5]
    assert found.spikes.tolist() == [12, 31, 40, 5]
    assert found.synaptic_events.tolist() == [102, 301, 400, 5]
    assert found.neuron_updates.tolist() == [1002, 1, 4000, 5]
    assert found.active_updates.tolist() == [10002, 1, 40000, 5]
    assert found.projections == ("seen -> out", "in -> seen.1", "seen.1 -> seen")
    assert found.projection_events.tolist() == [1, 3, 4]
    assert found.ticks == 7


def test_without_graphs_nothing_changes() -> None:
    for one, other in zip(with_graphs(counts(), [], [], []), counts(), strict=True):
        assert np.array_equal(one, other)
    assert set(OF_NODES) < set(OF_ROWS)
