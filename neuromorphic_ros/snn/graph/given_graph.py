"""A graph of given nodes and edges, each edge with a weight and a delay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.graph.event_graph_spec import on_grid

Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]

MAX_NODES = 2**20
MAX_EDGES = 2**22
MAX_DELAY_TICKS = 255
MAX_WEIGHT = 1024.0


@dataclass(frozen=True, slots=True, eq=False)
class GivenGraph:
    """The edges of a graph, in the order of their targets, then sources.

    nodes: how many. source, target: int64[edges], nodes. weight: float64[edges], multiples of
    1/1024. delay_ticks: int64[edges], from a spike of the source to its arrival. Two nodes may be
    joined by several edges.
    """

    nodes: int
    source: Integers
    target: Integers
    weight: Numbers
    delay_ticks: Integers

    @classmethod
    def checked(
        cls,
        nodes: int,
        source: npt.ArrayLike,
        target: npt.ArrayLike,
        weight: npt.ArrayLike | None = None,
        delay_ticks: npt.ArrayLike | None = None,
    ) -> GivenGraph:
        """Make a graph from untrusted arrays; without `weight` all are 1, without delays 0.

        Weights are rounded to multiples of 1/1024. Raises NetworkError if there are too few or too
        many nodes or edges, lengths differ, a node is not there, or a weight or delay is outside of
        its limits.
        """
        ends = np.asarray(source), np.asarray(target)
        edges = ends[0].size
        weights = np.ones(edges) if weight is None else np.asarray(weight, np.float64)
        delays = np.zeros(edges) if delay_ticks is None else np.asarray(delay_ticks, np.float64)
        sizes = {each.shape for each in (*ends, weights, delays)}
        if not 1 <= nodes <= MAX_NODES or edges > MAX_EDGES:
            raise NetworkError(
                f"a graph of {nodes} nodes and {edges} edges: there are 1 to {MAX_NODES} nodes and "
                f"at most {MAX_EDGES} edges"
            )
        if sizes != {(edges,)}:
            raise NetworkError(
                f"sources, targets, weights and delays of a graph have shapes {sorted(sizes)}; "
                "each edge has one of each"
            )
        for name, each in zip(("source", "target"), ends, strict=True):
            if edges and each.dtype.kind not in "iu":
                raise NetworkError(f"each {name} of an edge is the number of a node")
            outside = each[(each < 0) | (each >= nodes)]
            if outside.size:
                raise NetworkError(
                    f"{name} {outside[0]} of an edge is none of the {nodes} nodes, which are "
                    "numbered from 0"
                )
        wrong = weights[~(np.abs(weights) <= MAX_WEIGHT)]
        if wrong.size:
            raise NetworkError(
                f"weight {wrong[0]:g} of an edge is outside of {-MAX_WEIGHT:g}..{MAX_WEIGHT:g}"
            )
        wrong = delays[~((delays >= 0) & (delays <= MAX_DELAY_TICKS) & (delays % 1 == 0))]
        if wrong.size:
            raise NetworkError(
                f"delay {wrong[0]:g} of an edge is no whole number of ticks in 0..{MAX_DELAY_TICKS}"
            )
        return _sorted(nodes, *ends, on_grid(weights), delays)

    def with_loops(self) -> GivenGraph:
        """Return the graph in which every node hears itself.

        A node without an edge to itself gets one of weight 1 and delay 0.
        """
        alone = np.ones(self.nodes, bool)
        alone[self.source[self.source == self.target]] = False
        loops = np.flatnonzero(alone)
        return _sorted(
            self.nodes,
            np.concatenate([self.source, loops]),
            np.concatenate([self.target, loops]),
            np.concatenate([self.weight, np.ones(loops.size)]),
            np.concatenate([self.delay_ticks, np.zeros(loops.size)]),
        )

    def merged(self, clusters: npt.ArrayLike) -> GivenGraph:
        """Return the graph of clusters of nodes.

        clusters: integer[nodes], the cluster of each. Edges between the same two clusters become
        one, with their mean weight and least delay; those within a cluster are left out.
        """
        cluster = np.asarray(clusters, np.int64)
        count = int(cluster.max()) + 1
        source, target = cluster[self.source], cluster[self.target]
        between = source != target
        pairs, pair = np.unique(target[between] * count + source[between], return_inverse=True)
        weight = np.bincount(pair, self.weight[between], pairs.size) / np.maximum(
            np.bincount(pair, minlength=pairs.size), 1
        )
        delay = np.full(pairs.size, MAX_DELAY_TICKS, np.int64)
        np.minimum.at(delay, pair, self.delay_ticks[between])
        return _sorted(count, pairs % count, pairs // count, on_grid(weight), delay)


def _sorted(
    nodes: int,
    source: npt.NDArray[np.generic],
    target: npt.NDArray[np.generic],
    weight: npt.NDArray[np.floating],
    delay_ticks: npt.NDArray[np.generic],
) -> GivenGraph:
    order = np.lexsort((source, target))
    return GivenGraph(
        nodes,
        source[order].astype(np.int64),
        target[order].astype(np.int64),
        weight[order].astype(np.float64),
        delay_ticks[order].astype(np.int64),
    )
