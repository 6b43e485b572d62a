"""Graph pooling: the spikes of clusters of nodes as those of one node each."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.graph.given_graph import MAX_NODES

Cluster = Annotated[int, Field(ge=0, lt=MAX_NODES)]


@dataclass(frozen=True, config=STRICT)
class Pooling:
    """Which nodes are pooled, and how many spikes of a feature in a tick make what amount.

    clusters: of each node, numbered from 0, none without a node. how: `sum`: as many as there are;
    `mean`: the share of the nodes of the cluster that fire, rounded to 1/1024; `max`: 1 if there is
    any.
    """

    how: Literal["sum", "mean", "max"]
    clusters: Annotated[tuple[Cluster, ...], Field(min_length=1, max_length=MAX_NODES)]

    def __post_init__(self) -> None:
        missing = np.flatnonzero(self.sizes == 0)
        if missing.size:
            raise NetworkError(
                f"cluster {missing[0]} of a pooling has no node; number the {self.sizes.size} "
                "clusters from 0 without a gap"
            )

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Number of nodes of each cluster; int64[clusters]."""
        return np.bincount(self.clusters)

    @property
    def largest(self) -> float:
        """Largest amount that a cluster can have in a tick."""
        return float(self.sizes.max()) if self.how == "sum" else 1.0

    @property
    def divisor(self) -> npt.NDArray[np.float64]:
        """What the number of spikes is divided by; float64[clusters]."""
        return self.sizes.astype(np.float64) if self.how == "mean" else np.ones(self.sizes.size)
