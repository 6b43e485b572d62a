"""What the layers of graphs did, as rows of the counts of a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from neuromorphic_ros.snn.counts import OF_NODES, OF_PROJECTIONS, Counts, Integers

OF_ROWS = ("sizes", *OF_NODES)


class GraphCounts(NamedTuple):
    """Rows to add to the counts of a network.

    nodes: by name, its fields of OF_ROWS; those that a network has too are added to it, but the
    size. links: `pre -> post` with its fields of OF_PROJECTIONS.
    """

    nodes: Mapping[str, Mapping[str, int]]
    links: Iterable[tuple[str, Mapping[str, int]]]


def with_graphs(
    counts: Counts, graphs: Iterable[GraphCounts], relays: Iterable[str], relayed: Iterable[str]
) -> Counts:
    """Return counts with those of graphs in place of what relays their spikes.

    relays: inputs that are left out, and with them as many last projections. relayed: populations
    whose neurons only relay: of them nothing but size, spikes and synaptic events is kept.
    """
    left_out, only_relay = set(relays), set(relayed)
    nodes: dict[str, dict[str, int]] = {}
    for index, name in enumerate(counts.names):
        if name not in left_out:
            row = {field: int(getattr(counts, field)[index]) for field in OF_ROWS}
            updates = {"neuron_updates": 0, "active_updates": 0} if name in only_relay else {}
            nodes[name] = row | updates
    kept = len(counts.projections) - len(left_out)
    links = [
        (name, {field: int(getattr(counts, field)[index]) for field in OF_PROJECTIONS})
        for index, name in enumerate(counts.projections[:kept])
    ]
    for graph in graphs:
        for name, added in graph.nodes.items():
            here = nodes.setdefault(name, {"sizes": added["sizes"]} | dict.fromkeys(OF_NODES, 0))
            for field in OF_NODES:
                here[field] += added[field]
        links += [(name, dict(row)) for name, row in graph.links]
    return Counts(
        names=tuple(nodes),
        projections=tuple(name for name, _ in links),
        ticks=counts.ticks,
        **{field: _column(nodes.values(), field) for field in OF_ROWS},
        **{field: _column((row for _, row in links), field) for field in OF_PROJECTIONS},
    )


def _column(rows: Iterable[Mapping[str, int]], field: str) -> Integers:
    return np.array([row[field] for row in rows], np.int64)
