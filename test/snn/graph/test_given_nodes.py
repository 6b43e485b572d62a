"""Nodes of given graphs: what does not fit is refused, files give what was written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.given_nodes import GivenNodes, load_given_nodes, save_given_nodes

from .given_networks import given_nodes

EDGE = np.array([[0.0], [1.0], [1.0], [0.0]])


@pytest.mark.parametrize(
    ("edges", "heard", "complaint"),
    [
        (EDGE[:3], [0], r"\(4, edges\), not \(3, 1\)"),
        (EDGE + 0.5, [0], "numbers of nodes"),
        (EDGE * 5, [0], "none of the 2 nodes"),
        (np.array([[0.0], [1.0], [1.0], [-1.0]]), [0], "delay -1"),
        (EDGE, [0.5], "'scan' of a graph is heard at whole numbers"),
        (EDGE, [-2], "'scan' of a graph is heard at whole numbers"),
        (EDGE, [[0]], "one for each channel"),
    ],
)
def test_nodes_that_do_not_fit_are_refused(
    edges: np.ndarray, heard: list[object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        GivenNodes(2, Array(edges), {"scan": Array(np.array(heard, float))})


def test_a_graph_hears_something() -> None:
    with pytest.raises(ValueError, match="at least 1 item"):
        GivenNodes(2, Array(EDGE), {})


def test_nodes_are_read_as_they_were_written(tmp_path: Path) -> None:
    save_given_nodes(tmp_path / "one", given_nodes())
    save_given_nodes(tmp_path / "two", load_given_nodes(tmp_path / "one"))
    assert load_given_nodes(tmp_path / "one") == given_nodes()
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_file_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="gone cannot be read"):
        load_given_nodes(tmp_path / "gone")
    save_file({"edges": EDGE}, tmp_path / "part")
    with pytest.raises(NetworkError, match="part cannot be read"):
        load_given_nodes(tmp_path / "part")
    whole = {"edges": EDGE, "nodes": np.array([1]), "hears.scan": np.array([0])}
    save_file(whole, tmp_path / "small")
    with pytest.raises(NetworkError, match="none of the 1 nodes"):
        load_given_nodes(tmp_path / "small")
    with pytest.raises(NetworkError, match="cannot be written"):
        save_given_nodes(tmp_path / "part" / "nodes", given_nodes())
