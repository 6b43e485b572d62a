from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.graph.event_graph_file import save_event_graph
from neuromorphic_ros.snn.graph.pooling import Pooling
from neuromorphic_ros.snn.graph.spiking_graph_file import load_spiking_graph, save_spiking_graph
from neuromorphic_ros.snn.graph.spiking_graph_spec import GraphNeurons, random_graph_spec

from .graph_networks import layers

NEURONS = GraphNeurons(7.0, 1.5, 2, "subtract")
POOLING = Pooling("mean", (0, 1, 1, 0))
SPEC = random_graph_spec(3, (4, 2), 5, 0, poolings={0: POOLING}, neurons=NEURONS)
TOLD = "neuromorphic_ros.spiking_graph"


def change(path: Path, tensors: dict[str, Any] | None = None, **told: Any) -> None:
    """Write a file again with other parts; a tensor that is none is left out."""
    with safe_open(path, "np") as file:
        before = json.loads(file.metadata()[TOLD])
        kept = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    parts = {name: part for name, part in (kept | (tensors or {})).items() if part is not None}
    save_file(parts, path, {TOLD: json.dumps(before | told)})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    save_spiking_graph(tmp_path / "a.safetensors", SPEC)
    save_spiking_graph(tmp_path / "b.safetensors", load_spiking_graph(tmp_path / "a.safetensors"))
    assert load_spiking_graph(tmp_path / "b.safetensors") == SPEC
    first, second = (tmp_path / f"{name}.safetensors" for name in "ab")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("tensors", "told", "words"),
    [
        ({"0.query": None}, {}, "cannot be read: '0.query'"),
        ({"bias": None}, {}, "cannot be read: 'bias'"),
        ({"2.query": np.zeros(1, np.float32)}, {}, "cannot be read: nothing has a part 2.query"),
        ({"weight": np.full((4, 5), np.nan, np.float32)}, {}, "holds NaN or infinity"),
        ({"weight": np.zeros((4, 5), bool)}, {}, "holds something else than numbers"),
        ({"0.query": np.zeros((2, 3, 9), np.float32)}, {}, r"query is \(2, 3, 9\), not"),
        ({}, {"dt_ms": -1.0}, "dt_ms = -1.0"),
        ({}, {"speed": 1}, "speed is not a known field"),
        ({}, {"layers": []}, "nothing has a part 0.attention"),
        ({}, {"layers": 3}, "cannot be read"),
        ({}, {"layers": [1, 2]}, "cannot be read"),
        ({}, {"layers": [{}, {"pooling": {"how": "max", "clusters": [1]}}]}, "has no node"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_name_of_the_file(
    tmp_path: Path, tensors: Any, told: Any, words: str
) -> None:
    path = tmp_path / "graph.safetensors"
    save_spiking_graph(path, SPEC)
    change(path, tensors, **told)
    with pytest.raises(NetworkError, match=words) as refused:
        load_spiking_graph(path)
    assert f"spiking graph {path}" in str(refused.value)


def test_what_is_no_spiking_graph_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "graph.safetensors"
    with pytest.raises(NetworkError, match="cannot be read"):
        load_spiking_graph(path)
    path.write_text("text")
    with pytest.raises(NetworkError, match="cannot be read"):
        load_spiking_graph(path)
    save_event_graph(path, layers())
    with pytest.raises(NetworkError, match="cannot be read"):
        load_spiking_graph(path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NetworkError, match="cannot be written"):
        save_spiking_graph(tmp_path / "file" / "graph.safetensors", SPEC)
