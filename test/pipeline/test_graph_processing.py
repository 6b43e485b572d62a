from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.errors import HardwareModelError, NetworkError, NeuromorphicError
from neuromorphic_ros.pipeline import graph_processing
from neuromorphic_ros.pipeline.energy_account import priced_on
from neuromorphic_ros.pipeline.graph_processing import (
    GraphProcessing,
    ProcessedGraph,
    process,
    request_of,
)
from neuromorphic_ros.pipeline.spike_processing import MAX_S, ProcessingError
from neuromorphic_ros.snn.graph.pooling import Pooling
from neuromorphic_ros.snn.graph.spiking_graph import SpikingGraph
from neuromorphic_ros.snn.graph.spiking_graph_file import save_spiking_graph
from neuromorphic_ros.snn.graph.spiking_graph_spec import random_graph_spec
from neuromorphic_ros.snn.tick_spikes import evenly_spaced

LOIHI = priced_on("loihi2")
SPEC = random_graph_spec(inputs=2, features=(3,), outputs=4, seed=1)
REQUEST: dict[str, Any] = {
    "features": [0.9, 0.1, 0.5, 0.8, 0.0, 1.0],
    "nodes": 3,
    "edge_index": [0, 1, 2, 1, 2, 0],
    "attributes": [1.0, 0.0, 2.0, 3.0, 0.5, 1.0],
    "ticks": 300,
}


def test_a_graph_is_run_from_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    request = request_of(SPEC, **REQUEST)
    found = process(SPEC, request, LOIHI)
    network = SpikingGraph(SPEC, request.graph)
    network.run(evenly_spaced(request.level, 0, 300))
    assert np.array_equal(found.output, network.output().astype(np.float32))
    assert found.output.shape == (3, 4)
    assert np.unique(found.output).size > 4
    assert found.latency_us > 0
    again = process(SPEC, request, LOIHI)
    assert again.energy_pj == found.energy_pj > 0
    monkeypatch.setattr(graph_processing, "CHUNK_TICKS", 7)
    assert np.array_equal(process(SPEC, request, LOIHI).output, found.output)


def test_attributes_are_weights_and_delays() -> None:
    graph = request_of(SPEC, **REQUEST).graph
    assert list(zip(graph.source, graph.target, strict=True)) == [(2, 0), (0, 1), (1, 2)]
    assert graph.weight.tolist() == [0.5, 1.0, 2.0]
    assert graph.delay_ticks.tolist() == [1, 0, 3]
    graph = request_of(SPEC, **(REQUEST | {"attributes": [1.0, 2.0, 3.0]})).graph
    assert graph.weight.tolist() == [3.0, 1.0, 2.0]
    assert not graph.delay_ticks.any()
    graph = request_of(SPEC, **(REQUEST | {"attributes": []})).graph
    assert graph.weight.tolist() == [1.0] * 3
    assert request_of(SPEC, [0.5, 0.5], 1, [], [], 1).graph.source.size == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"nodes": 0, "features": []}, "0 node features are not those of 0 nodes"),
        ({"nodes": 2}, "6 node features are not those of 2 nodes: the network has 2 of each"),
        ({"features": [math.nan] + [0.0] * 5}, r"node feature nan is outside of 0\.\.1"),
        ({"features": [1.5] + [0.0] * 5}, "node feature 1.5 is outside"),
        ({"features": [-0.1] + [0.0] * 5}, "node feature -0.1 is outside"),
        ({"ticks": 0}, "6 node features and 0 ticks: at most"),
        ({"ticks": 1_000_001}, "1000001 ticks: at most"),
        ({"edge_index": [0, 1, 2]}, "3 entries of edge_index and 6 edge_attributes"),
        ({"attributes": [1.0]}, "6 entries of edge_index and 1 edge_attributes"),
        ({"edge_index": [], "attributes": [1.0]}, "0 entries of edge_index and 1 edge_attributes"),
        ({"edge_index": [0, 1, 3, 1, 2, 0]}, "source 3 of an edge is none of the 3 nodes"),
        ({"attributes": [math.inf, 1.0, 1.0]}, "weight inf of an edge is outside"),
        ({"attributes": [1.0, 0.5] * 3}, "delay 0.5 of an edge is no whole number"),
    ],
)
def test_wrong_values_are_named(changes: Any, words: str) -> None:
    with pytest.raises(NeuromorphicError, match=words) as refused:
        request_of(SPEC, **(REQUEST | changes))
    assert isinstance(refused.value, (ProcessingError, NetworkError))


def test_what_takes_too_long_is_stopped() -> None:
    seconds = itertools.count(0.0, MAX_S / 2)
    request = request_of(SPEC, **(REQUEST | {"ticks": 5000}))
    with pytest.raises(ProcessingError, match="stopped after 10 s in tick 2000: ask for less"):
        process(SPEC, request, LOIHI, clock_s=seconds.__next__)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "graph.safetensors"
    save_spiking_graph(path, SPEC)
    return path


def test_what_is_prepared_can_be_done_later(file: Path) -> None:
    found = GraphProcessing(file, "loihi2", "").prepare(**REQUEST)()
    expected = process(SPEC, request_of(SPEC, **REQUEST), LOIHI)
    assert isinstance(found, ProcessedGraph)
    assert np.array_equal(found.output, expected.output)


def test_a_graph_that_the_network_cannot_run_on_is_answered(tmp_path: Path) -> None:
    path = tmp_path / "pooled.safetensors"
    save_spiking_graph(path, random_graph_spec(2, (3,), 4, 1, poolings={0: Pooling("max", (0, 1))}))
    found = GraphProcessing(path, "loihi2", "").prepare(**REQUEST)()
    assert found == "layer 1 of the spiking graph pools 2 nodes; the graph has 3 there"


def test_a_failure_is_answered(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    processing = GraphProcessing(file, "loihi2", "")

    def fail(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(SpikingGraph, "run", fail)
    assert processing.prepare(**REQUEST)() == "failed: MemoryError()"
    monkeypatch.undo()
    assert isinstance(processing.prepare(**REQUEST)(), ProcessedGraph)


def test_a_missing_file_and_an_unknown_price_are_refused(file: Path) -> None:
    with pytest.raises(NetworkError, match=r"spiking graph .*missing cannot be read"):
        GraphProcessing(file.with_name("missing"), "loihi2", "")
    with pytest.raises(HardwareModelError, match="hardware 'abacus' is unknown"):
        GraphProcessing(file, "abacus", "")
