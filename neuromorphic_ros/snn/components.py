"""Strongly connected components of a network: the populations that drive each other."""

from __future__ import annotations

from graphlib import TopologicalSorter

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from neuromorphic_ros.snn.spec import NetworkSpec


def components(spec: NetworkSpec) -> tuple[tuple[str, ...], ...]:
    """Group the populations that drive each other, each group after those that drive it.

    Within a group they are in execution order.
    """
    names = [population.name for population in spec.execution_order()]
    place = {name: index for index, name in enumerate(names)}
    ends = [(spec.end(each.pre).name, spec.end(each.post).name) for each in spec.projections]
    edges = sorted({(place[pre], place[post]) for pre, post in ends if pre in place})
    pairs = np.array(edges, np.int32).reshape(-1, 2).T
    drives = csr_array((np.ones(len(edges)), tuple(pairs)), shape=(len(names), len(names)))
    count, label = connected_components(drives, connection="strong")
    groups: list[list[str]] = [[] for _ in range(count)]
    for name, group in zip(names, label.tolist(), strict=True):
        groups[group].append(name)
    sorter: TopologicalSorter[int] = TopologicalSorter(dict.fromkeys(range(count), ()))
    for pre, post in edges:
        if label[pre] != label[post]:
            sorter.add(int(label[post]), int(label[pre]))
    return tuple(tuple(groups[group]) for group in sorter.static_order())
