"""The nodes of a given graph in a network: how they are joined, and which channels they hear."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from neuromorphic_ros.atomic_file import write_atomically
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT, build
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.given_graph import MAX_NODES, GivenGraph, Integers

UNHEARD = -1
_EDGES, _NODES, _HEARS = "edges", "nodes", "hears."


@dataclass(frozen=True, config=STRICT)
class GivenNodes:
    """A graph whose nodes hear the channels of inputs.

    count: of nodes. edges: (4, edges), whole numbers but the third row: source, target, weight and
    delay [ticks] of each. hears: by input, for each of its channels the address in
    (nodes, features) at which its spikes are heard, or -1.
    """

    count: Annotated[int, Field(ge=1, le=MAX_NODES)]
    edges: Array
    hears: Annotated[dict[str, Array], Field(min_length=1)]

    def __post_init__(self) -> None:
        if len(self.edges.shape) != 2 or self.edges.shape[0] != 4:
            raise NetworkError(f"edges of a graph are (4, edges), not {self.edges.shape}")
        self.graph  # noqa: B018
        for name, places in self.hears.items():
            values = places.values
            if len(places.shape) != 1 or np.any(values % 1) or np.any(values < UNHEARD):
                raise NetworkError(
                    f"'{name}' of a graph is heard at whole numbers from 0, or at {UNHEARD}: "
                    "nowhere; one for each channel"
                )

    @cached_property
    def graph(self) -> GivenGraph:
        """The nodes and edges; raises NetworkError as `GivenGraph.checked` does."""
        source, target, weight, delay_ticks = self.edges.values
        if np.any(source % 1) or np.any(target % 1):
            raise NetworkError("sources and targets of the edges of a graph are numbers of nodes")
        ends = source.astype(np.int64), target.astype(np.int64)
        return GivenGraph.checked(self.count, *ends, weight, delay_ticks)

    def places(self, name: str) -> Integers:
        """Return where each channel of an input is heard; int64[channels]."""
        return self.hears[name].values.astype(np.int64)


def save_given_nodes(path: Path, nodes: GivenNodes) -> None:
    """Write a safetensors file; equal graphs give equal bytes.

    Raises NetworkError if it cannot be written.
    """
    tensors = {f"{_HEARS}{name}": nodes.places(name) for name in nodes.hears}
    tensors |= {_EDGES: np.array(nodes.edges.values), _NODES: np.array([nodes.count])}
    try:
        write_atomically(path, save(tensors))
    except OSError as unwritable:
        raise NetworkError(f"nodes of a graph {path} cannot be written: {unwritable}") from None


def load_given_nodes(path: Path) -> GivenNodes:
    """Read what `save_given_nodes` wrote.

    Raises NetworkError naming the file if it cannot be read or holds something else.
    """
    where = f"nodes of a graph {path}"
    try:
        with safe_open(path, "np") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        edges, count = Array(tensors.pop(_EDGES)), int(tensors.pop(_NODES)[0])
        hears = {name.removeprefix(_HEARS): Array(places) for name, places in tensors.items()}
    except (OSError, SafetensorError, ValueError, TypeError, LookupError) as wrong:
        raise NetworkError(f"{where} cannot be read: {wrong}") from None
    content = {"count": count, "edges": edges, "hears": hears}
    return build(GivenNodes, content, where, NetworkError)
