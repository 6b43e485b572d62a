from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.graph.pooling import Pooling
from neuromorphic_ros.snn.graph.spiking_graph import SpikingGraph
from neuromorphic_ros.snn.graph.spiking_graph_spec import random_graph_spec

from .given_graphs import as_ticks, as_trains, random_graph, random_trains

CLUSTERS = (1, 0, 1, 1, 2, 2)


@pytest.mark.parametrize("how", ["sum", "mean", "max"])
def test_amounts_are_those_of_the_spikes_of_each_cluster(how: Any) -> None:
    graph, trains = random_graph(3), random_trains(3, 40, 6, 2, 0.5)
    plain = SpikingGraph(random_graph_spec(2, (3,), 1, 3), graph)
    pooling = Pooling(how, CLUSTERS)
    pooled = SpikingGraph(random_graph_spec(2, (3,), 1, 3, poolings={0: pooling}), graph)
    spikes = as_trains(plain.run(as_ticks(trains))[0], 6, 6)
    found = as_trains(pooled.run(as_ticks(trains))[0], 3, 6)
    for cluster in range(3):
        members = spikes[:, np.array(CLUSTERS) == cluster]
        expected = getattr(members, how)(axis=1)
        assert np.abs(found[:, cluster] - expected).max() <= 0.5 / 1024
    assert spikes.sum() > 20
    assert pooled.output().shape == (3, 1)


def test_sizes_and_the_largest_amount() -> None:
    assert Pooling("sum", CLUSTERS).sizes.tolist() == [1, 3, 2]
    assert Pooling("sum", CLUSTERS).largest == 3
    assert Pooling("mean", CLUSTERS).largest == Pooling("max", CLUSTERS).largest == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"how": "max", "clusters": [0, 2]}, "cluster 1 of a pooling has no node; number the 3"),
        ({"how": "max", "clusters": []}, "clusters = "),
        ({"how": "max", "clusters": [0, -1]}, "clusters.1 = -1"),
        ({"how": "median", "clusters": [0]}, "how = 'median'"),
    ],
)
def test_what_is_no_pooling_is_named(values: Any, words: str) -> None:
    with pytest.raises(NetworkError, match=words):
        build(Pooling, values, "pooling", NetworkError)
