from __future__ import annotations

from pathlib import Path

import pytest

from neuromorphic_ros.pipeline.model_list import ListedNetwork
from neuromorphic_ros.pipeline.network_loading import trial
from neuromorphic_ros.snn.streaming import StreamingNetwork

NETWORK = """
name: small
dt_ms: 1.0
inputs: [{name: scan, sensor: scan, encoder: scan_rate, shape: [4], parameters: {sectors: 4}}]
populations: [{name: motor, shape: [3]}]
projections: [{pre: scan, post: motor, weights: 0.4}]
"""


@pytest.mark.parametrize("name", ["obstacle_avoider", "digits"])
def test_what_would_run_is_told(name: str) -> None:
    found = trial(name, StreamingNetwork)()
    assert isinstance(found, ListedNetwork)
    assert found.name == name
    assert found.neurons > 0


def test_a_file_is_tried(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(NETWORK)
    found = trial(str(file), StreamingNetwork)()
    assert isinstance(found, ListedNetwork)
    assert (found.file, found.format, found.neurons) == (str(file), "yaml", 3)


def test_of_a_variant_the_network_is_told() -> None:
    found = trial("robot@low", StreamingNetwork)()
    assert isinstance(found, ListedNetwork)
    assert found.name == "robot@low"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("pre: scan", "pre: skan"), "'skan' is unknown"),
        (("scan_rate", "scan_song"), "scan_song"),
        (("shape: [4]", "shape: [5]"), "4"),
    ],
)
def test_what_would_not_run_is_named(tmp_path: Path, change: tuple[str, str], reason: str) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(NETWORK.replace(*change))
    found = trial(str(file), StreamingNetwork)()
    assert isinstance(found, str)
    assert reason in found


def test_a_network_that_is_not_there_is_answered_by_those_which_are() -> None:
    found = trial("abacus", StreamingNetwork)()
    assert isinstance(found, str)
    assert "shipped are" in found
