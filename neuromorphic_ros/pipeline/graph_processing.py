"""Run a spiking graph network on a given graph, from rest."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.energy.price import price
from neuromorphic_ros.pipeline.answering import answering
from neuromorphic_ros.pipeline.energy_account import Hardware, priced_on
from neuromorphic_ros.pipeline.spike_processing import (
    MAX_ENTRIES,
    MAX_S,
    MAX_TICKS,
    ProcessingError,
)
from neuromorphic_ros.snn.graph import spiking_graph
from neuromorphic_ros.snn.graph.given_graph import GivenGraph
from neuromorphic_ros.snn.graph.spiking_graph import SpikingGraph
from neuromorphic_ros.snn.graph.spiking_graph_file import load_spiking_graph
from neuromorphic_ros.snn.graph.spiking_graph_spec import SpikingGraphSpec
from neuromorphic_ros.snn.tick_spikes import evenly_spaced

# Between two looks at the time: at most so many ticks, and sums of features and of what edges add.
CHUNK_TICKS = 1000
CHUNK_SUMS = 2**22


class GraphRequest(NamedTuple):
    """What to process.

    level: float64 (nodes, features), 0..1, spikes of each feature in a tick. ticks: to run.
    """

    level: npt.NDArray[np.float64]
    graph: GivenGraph
    ticks: int


class ProcessedGraph(NamedTuple):
    """What came of it.

    output: float32 (nodes, outputs), of clusters if the network pools. energy_pj: priced, static
    energy included where it is known. latency_us: time of the computation.
    """

    output: npt.NDArray[np.float32]
    energy_pj: float
    latency_us: float


def request_of(
    spec: SpikingGraphSpec,
    features: npt.ArrayLike,
    nodes: int,
    edge_index: npt.ArrayLike,
    attributes: npt.ArrayLike,
    ticks: int,
) -> GraphRequest:
    """Check untrusted values.

    features: nodes x features of the network, row-major, 0..1: spikes in a tick, evenly spaced.
    edge_index: 2 x edges, row-major, sources, then targets. attributes: edges x 0, 1 or 2,
    row-major: none, weight, or weight and delay in ticks.
    Raises ProcessingError or NetworkError naming the value and its limits.
    """
    level, index = np.asarray(features, np.float64), np.asarray(edge_index, np.int64)
    told = np.asarray(attributes, np.float64)
    if nodes < 1 or level.size != nodes * spec.inputs:
        raise ProcessingError(
            f"{level.size} node features are not those of {nodes} nodes: the network has "
            f"{spec.inputs} of each node"
        )
    if level.size > MAX_ENTRIES or not 1 <= ticks <= MAX_TICKS:
        raise ProcessingError(
            f"{level.size} node features and {ticks} ticks: at most {MAX_ENTRIES} features and "
            f"{MAX_TICKS} ticks are processed at once, and at least a tick"
        )
    outside = level[~((level >= 0) & (level <= 1))]
    if outside.size:
        raise ProcessingError(
            f"node feature {outside[0]:g} is outside of 0..1: it is the number of spikes in a tick"
        )
    edges = index.size // 2
    if index.size % 2 or told.size not in (0, edges, 2 * edges):
        raise ProcessingError(
            f"{index.size} entries of edge_index and {told.size} edge_attributes: each edge has a "
            "source and a target, and no attribute, a weight, or a weight and a delay"
        )
    columns = told.reshape(edges, -1).T if told.size else []
    graph = GivenGraph.checked(nodes, *index.reshape(2, edges), *columns)
    return GraphRequest(level.reshape(nodes, spec.inputs), graph, ticks)


def process(
    spec: SpikingGraphSpec,
    request: GraphRequest,
    hardware: Hardware,
    clock_s: Callable[[], float] = time.perf_counter,
) -> ProcessedGraph:
    """Run a graph from rest.

    Raises ProcessingError if it takes longer than 10 s, and NetworkError as `SpikingGraph` does.
    """
    begun_s = clock_s()
    network = SpikingGraph(spec, request.graph)
    sums = request.level.size + request.graph.source.size * sum(each.width for each in spec.layers)
    chunk = max(1, min(CHUNK_TICKS, CHUNK_SUMS // sums))
    for first in range(0, request.ticks, chunk):
        if clock_s() - begun_s > MAX_S:
            raise ProcessingError(f"stopped after {MAX_S:g} s in tick {first}: ask for less")
        network.run(evenly_spaced(request.level, first, min(chunk, request.ticks - first)))
    latency_us = 1e6 * (clock_s() - begun_s)
    seconds = request.ticks * spec.dt_ms * 1e-3
    energy_pj = price(network.counts(), seconds, *hardware).total_pj
    return ProcessedGraph(network.output().astype(np.float32), energy_pj, latency_us)


class GraphProcessing:
    """Process graphs with the network of a file."""

    def __init__(self, path: Path, hardware: str, baseline: str) -> None:
        """Price on a hardware model.

        Raises NetworkError if the file cannot be read, HardwareModelError if a model is unknown.
        """
        self._spec = load_spiking_graph(path)
        self._hardware = priced_on(hardware, baseline)
        self._lock = threading.Lock()
        spiking_graph.prepare()

    def prepare(
        self,
        features: npt.ArrayLike,
        nodes: int,
        edge_index: npt.ArrayLike,
        attributes: npt.ArrayLike,
        ticks: int,
    ) -> Callable[[], ProcessedGraph | str]:
        """Check untrusted values and return what processes them, for another thread.

        It returns why it could not if it could not. Raises as `request_of` does.
        """
        request = request_of(self._spec, features, nodes, edge_index, attributes, ticks)

        # One at a time: each takes memory for its graph.
        return answering(lambda: process(self._spec, request, self._hardware), self._lock)
