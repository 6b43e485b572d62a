"""Files of graphs: what a network file names is read, what was written is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.graph.graph_files import read_graph, write_graph
from neuromorphic_ros.snn.network_file import load_network
from neuromorphic_ros.snn.network_folder import write_folder

from .given_networks import given_network
from .graph_networks import graph_network


@pytest.mark.parametrize("spec", [given_network(), graph_network()], ids=["given", "events"])
def test_a_graph_is_read_as_it_was_written(tmp_path: Path, spec) -> None:  # type: ignore[no-untyped-def]
    graph = spec.graphs[0].graph
    told = write_graph("seen", graph, tmp_path)
    assert read_graph(dict(told), "here", tmp_path.joinpath) == graph
    assert load_network(write_folder(spec, tmp_path / "network")) == spec


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"nodes": "n.safetensors"}, "here: layers"),
        ({"nodes": "n", "layers": "l", "events": "dvs"}, "here: events"),
        ({"nodes": "gone", "layers": "gone"}, "gone cannot be read"),
        ({"file": "x"}, "here: events"),
        ("x", "here"),
    ],
)
def test_what_names_no_graph_is_refused(tmp_path: Path, content: object, complaint: str) -> None:
    with pytest.raises(NetworkError, match=complaint):
        read_graph(content, "here", tmp_path.joinpath)
