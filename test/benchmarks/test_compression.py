"""What is said of compressed networks, and of their speed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import sparsity

from neuromorphic_ros.learning.classification import Interval
from neuromorphic_ros.pipeline.compression import Size
from neuromorphic_ros.pipeline.compression_report import Accuracy, CompressionReport
from neuromorphic_ros.pipeline.spike_comparison import SpikeComparison
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection

from .benchmark_script import load

compression = load("compression")


def report(right: float) -> CompressionReport:
    accuracy = Accuracy(right, Interval(right - 0.1, right + 0.05), 100)
    output = SpikeComparison("output", 0.9, 0.95, 0.1, 90, 100)
    size = Size(14, 120, 480)
    return CompressionReport(size, size, (), (output,), accuracy, accuracy)


def rows() -> list[dict[str, Any]]:
    found = []
    for case in compression.cases():
        for epochs in (0, compression.EPOCHS) if compression.trained_again(case) else (0,):
            right = 0.9 if epochs else 0.8
            found.append(compression.row("digits", case, epochs, report(right)))
    return found


def test_every_case_has_a_line_with_what_training_again_gives_beside() -> None:
    lines = compression.beside(rows(), "digits")
    assert len(lines) == len(list(compression.cases()))
    names = [line["compression"] for line in lines]
    assert len(set(names)) == len(names)
    assert {"float32", "4 bits", "8 bits, membrane 16, current 8"} <= set(names)
    assert {"80 % of synapses pruned", "50 % of neurons pruned"} <= set(names)
    by_name = {line["compression"]: line for line in lines}
    assert by_name["4 bits"]["accuracy"] == "80.0 % (70.0 to 85.0)"
    assert by_name["4 bits"]["trained again"] == "90.0 % (80.0 to 95.0)"
    assert by_name["float32"]["trained again"] == ""
    assert by_name["4 bits"]["bytes"] == "60"


def test_other_models_have_lines_of_their_own() -> None:
    assert compression.beside(rows(), "nmnist") == []


def small() -> NetworkSpec:
    drawn = np.random.default_rng(0).standard_normal
    neuron = Lif(tau_mem_ms=5.0)
    return NetworkSpec(
        name="small",
        dt_ms=1.0,
        inputs=(Input("in", (60,)),),
        populations=(Population("hidden", (40,), neuron), Population("out", (4,), neuron)),
        projections=(
            Projection("in", "hidden", Array(drawn((60, 40)))),
            Projection("hidden", "out", Array(drawn((40, 4)))),
        ),
    )


def test_what_is_pruned_is_timed_beside_the_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sparsity, "ROUNDS", 1)
    found = sparsity.measure(sparsity.pruned(small()))
    assert len(found) == 2 * len(sparsity.SHARES)
    assert found[0]["speed"] == 1
    for taken in ("synapses", "neurons"):
        mine = [row for row in found if row["taken"] == taken]
        assert [row["share"] for row in mine] == list(sparsity.SHARES)
        assert np.all(np.diff([row["synapse_bytes"] for row in mine]) <= 0)
        assert mine[-1]["events_per_tick"] < mine[0]["events_per_tick"] / 10
    assert found[-1]["neurons"] < found[0]["neurons"]
    sparsity.draw(found, tmp_path / "speed.png")
    assert (tmp_path / "speed.png").stat().st_size > 5000
