from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save_file

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.graph.event_graph import EventGraph
from neuromorphic_ros.snn.graph.event_graph_file import load_event_graph, save_event_graph
from neuromorphic_ros.snn.graph.event_graph_spec import EventGraphSpec

from .event_streams import events_of, lively_spec

TOLD = "neuromorphic_ros.event_graph"

Tensors = dict[str, npt.NDArray[Any]]


def rewritten(path: Path, change: Callable[[dict[str, Any], Tensors], object]) -> Path:
    """Write a file whose metadata and tensors are changed."""
    save_event_graph(path, lively_spec())
    with safe_open(path, "np") as file:
        told = json.loads(file.metadata()[TOLD])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    change(told, tensors)
    save_file(tensors, path, {TOLD: json.dumps(told)})
    return path


@pytest.mark.parametrize(
    "spec",
    [
        lively_spec(),
        lively_spec(shape=(1, 1, 1), features=(1,), cells=(1, 1), max_events=1),
        lively_spec(features=tuple(range(1, 13)), window_ms=7.25),
    ],
    ids=["three layers", "one neuron", "twelve layers"],
)
def test_a_graph_comes_back_as_it_was(spec: EventGraphSpec, tmp_path: Path) -> None:
    path = tmp_path / "graph.safetensors"
    save_event_graph(path, spec)
    loaded = load_event_graph(path)
    assert loaded == spec
    events = events_of(spec, 60)
    assert EventGraph(loaded).push(events) == EventGraph(spec).push(events)


def test_equal_graphs_give_equal_bytes(tmp_path: Path) -> None:
    for name, spec in (("one", lively_spec()), ("other", lively_spec()), ("new", lively_spec(1))):
        save_event_graph(tmp_path / name, spec)
    one, other, new = ((tmp_path / name).read_bytes() for name in ("one", "other", "new"))
    assert one == other != new
    save_event_graph(tmp_path / "again", load_event_graph(tmp_path / "one"))
    assert (tmp_path / "again").read_bytes() == one


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NetworkError, match=r"file.graph cannot be written"):
        save_event_graph(tmp_path / "file" / "graph", lively_spec())


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 64, b"PK\3\4", b"\xff" * 8, b"\x02\0\0\0\0\0\0\0{}"]
)
def test_what_is_no_such_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "graph"
    path.write_bytes(content)
    with pytest.raises(NetworkError, match=f"event graph {path} cannot be read"):
        load_event_graph(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="cannot be read"):
        load_event_graph(tmp_path / "graph")
    with pytest.raises(NetworkError, match="cannot be read"):
        load_event_graph(tmp_path)


@pytest.mark.parametrize(
    "told",
    [None, "", "{", "[]", "null", "3", "[" * 100_000, '{"a":' * 100_000],
    ids=["none", "empty", "cut", "list", "null", "number", "deep list", "deep mapping"],
)
def test_metadata_that_say_nothing_are_refused(told: str | None, tmp_path: Path) -> None:
    path = tmp_path / "graph"
    tensors = {"0.bias": np.zeros(1, np.float32)}
    save_file(tensors, path, None if told is None else {TOLD: told})
    with pytest.raises(NetworkError, match=f"event graph {path}"):
        load_event_graph(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda told, tensors: told.pop("shape"), "shape is missing"),
        (lambda told, tensors: told.update(wings=2), "wings is not a known field"),
        (lambda told, tensors: told.update(layers=[]), "do not fit together"),
        (lambda told, tensors: told.update(shape="large"), "shape"),
        (lambda told, tensors: told.update(window_ms=float("nan")), "window_ms"),
        (lambda told, tensors: told.update(window_ms=1e-3), "less than radius_ms"),
        (lambda told, tensors: told["neighbourhood"].update(ages=5), r"neighbour is \(18, 2, 5\)"),
        (lambda told, tensors: told["neighbourhood"].update(radius_px=0), "radius_px"),
        (lambda told, tensors: told.update(neighbourhood=None), "neighbourhood"),
        (lambda told, tensors: tensors.pop("1.own"), "cannot be read"),
        (
            lambda told, tensors: [
                tensors.pop(f"0.{part}") for part in ("own", "bias", "neighbour")
            ],
            "cannot be read",
        ),
        (lambda told, tensors: tensors.update(more=np.zeros(1)), "do not fit together"),
        (lambda told, tensors: tensors["0.bias"].fill(np.nan), "holds NaN or infinity"),
        (lambda told, tensors: tensors["0.own"].fill(1e30), "sums are exact below"),
        (lambda told, tensors: tensors.update({"0.own": np.zeros((5, 2))}), r"own is \(5, 2\)"),
        (lambda told, tensors: tensors.update({"0.own": np.zeros(())}), r"own is \(\)"),
        (lambda told, tensors: tensors.update({"0.bias": np.zeros(())}), "bias"),
        (lambda told, tensors: tensors.update({"0.own": np.zeros((2, 5), bool)}), "cannot be read"),
    ],
)
def test_parts_that_do_not_fit_are_refused(
    change: Callable[[dict[str, Any], Tensors], object], words: str, tmp_path: Path
) -> None:
    path = rewritten(tmp_path / "graph", change)
    with pytest.raises(NetworkError, match=rf"event graph {path}.*{words}"):
        load_event_graph(path)


def test_a_file_of_no_layers_is_refused(tmp_path: Path) -> None:
    path = rewritten(tmp_path / "graph", lambda told, tensors: tensors.clear())
    with pytest.raises(NetworkError, match="layers"):
        load_event_graph(path)


@settings(
    deadline=None,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_another_graph(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "graph"
    save_event_graph(path, lively_spec(features=(2,)))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        # Most of the header, where damage does most.
        place = data.draw(st.one_of(st.integers(0, 600), st.integers(0, len(content) - 1)))
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.one_of(st.none(), st.integers(0, len(content))))])
    with contextlib.suppress(NetworkError):
        loaded = load_event_graph(path)
        save_event_graph(path, loaded)
        assert load_event_graph(path) == loaded
