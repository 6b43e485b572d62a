from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.snn.graph.event_edges import event_edges
from neuromorphic_ros.snn.graph.event_graph_module import EventGraphModule, side_by_side
from neuromorphic_ros.snn.graph.event_graph_spec import random_spec

from .benchmark_script import load

graph = load("graph")
FIGURES = {
    "events_per_s",
    "median_us",
    "p99_us",
    "cost_ratio_largest_to_smallest_window",
    "recompute_events_per_s",
    "flops_ratio",
}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "RECORDING", Path("none"))
    monkeypatch.setattr(graph, "MADE_STEP_NS", 1_000_000)
    for name, number in (
        ("MADE_EVENTS", 1200),
        ("ROUNDS", 1),
        ("RECOMPUTED", 1),
        ("SINGLE", 50),
        ("PACKET", 99),
    ):
        monkeypatch.setattr(graph, name, number)


def test_scripts_read_these_figures_and_no_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["graph.py", "--json"])
    assert graph.main() == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures.keys() == FIGURES
    assert all(figure > 0 for figure in figures.values())
    assert figures["median_us"] <= figures["p99_us"]


def test_the_tables_tell_what_was_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["graph.py"])
    assert graph.main() == 0
    told = capsys.readouterr().out
    assert "1200 events of made events" in told
    assert all(word in told for word in ("sparse", "dense", "window_ms", "recomputed_by"))


def test_the_figure_is_drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "graph.png"
    monkeypatch.setattr(sys, "argv", ["graph.py", "--json", "--figure", str(path)])
    assert graph.main() == 0
    assert path.read_bytes().startswith(b"\x89PNG")


def test_more_neurons_fire_in_the_denser_graph() -> None:
    spec = random_spec(graph.SHAPE, graph.FEATURES, graph.CELLS, 0)
    events = graph.stream().events
    sparse, dense = (graph.measure_rate(each, events) for each in (spec, graph.denser(spec)))
    assert dense["edges_per_event"] == sparse["edges_per_event"]
    assert dense["synaptic_events"] > sparse["synaptic_events"]
    assert all(dense[f"fire_{number}"] > sparse[f"fire_{number}"] for number in (1, 2, 3))


def test_operations_are_those_of_dense_matrices() -> None:
    spec = random_spec((2, 8, 8), (3, 4), (1, 1), 0)
    per_row = 2 * (2 * 3 + 3 * 4)
    assert graph.flops(spec, 1, 0) == per_row + 4
    assert graph.flops(spec, 10, 25) == 35 * per_row + 40


def test_another_answer_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = random_spec(graph.SHAPE, graph.FEATURES, graph.CELLS, 0)
    events = graph.stream().events
    assert graph.measure_recomputing(spec, events)["spikes_equal"]
    other = EventGraphModule(graph.denser(spec))
    monkeypatch.setattr(graph, "recomputer", lambda spec: graph.Peer("other", other))
    assert not graph.measure_recomputing(spec, events)["spikes_equal"]


def test_the_recording_is_read_where_it_is(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shared_data / "events_dvs128_gesture" / "04_right_arm_cw.npz"
    if not path.exists():
        pytest.skip(f"no recording {path}")
    monkeypatch.setattr(graph, "RECORDING", path)
    name, events = graph.stream()
    assert name == "04_right_arm_cw"
    assert len(events) == 151_879
    assert events.address.max() < events.size
    assert np.all(np.diff(events.time_ns) >= 0)


@pytest.mark.skipif(
    importlib.util.find_spec("torch_geometric") is None, reason="torch_geometric is not installed"
)
def test_torch_geometric_gives_the_same_spikes() -> None:
    from peers.graph import RelationalGraph

    spec = random_spec(graph.SHAPE, graph.FEATURES, graph.CELLS, 0)
    tensors = side_by_side(spec, [event_edges(spec, graph.stream().events)])
    expected = EventGraphModule(spec)(tensors)
    assert all(
        (found == each).all()
        for found, each in zip(RelationalGraph(spec).run(tensors), expected, strict=True)
    )
