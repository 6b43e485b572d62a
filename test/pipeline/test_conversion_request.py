"""Conversions that somebody asks for: words in, a file in a folder out."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from neuromorphic_ros.compression.ann.layers import AnnError
from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.pipeline.ann_conversion import Order
from neuromorphic_ros.pipeline.conversion_request import WrittenNetwork, prepare
from neuromorphic_ros.snn.network_file import load_network

from .conversions import Files, write_files

LOCK = threading.Lock()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return write_files(tmp_path)


def test_a_network_is_converted_and_listed(files: Files, tmp_path: Path) -> None:
    told: list[str] = []
    order = Order(files.model, "truenorth", files.data)
    work = prepare(order, "made.nir", str(tmp_path / "out"), told.append, LOCK)
    written = work()
    assert isinstance(written, WrittenNetwork)
    path = tmp_path / "out" / "made.nir"
    assert written.info.name == written.info.file == str(path)
    assert (written.info.neurons, written.info.metric, written.info.value) == (6, "accuracy", 1.0)
    assert load_network(path).name == "net"
    assert "right after 16 ticks 100.0% of 12 held-out samples" in written.summary
    assert told[-1] == "writing"


def test_a_file_that_is_wrong_is_answered_and_nothing_is_written(
    files: Files, tmp_path: Path
) -> None:
    files.model.write_bytes(b"junk")
    order = Order(files.model, "loihi2", files.data)
    answer = prepare(order, "made.nir", str(tmp_path / "out"), print, LOCK)()
    assert isinstance(answer, str)
    assert "is no safetensors file" in answer
    assert not (tmp_path / "out").exists()
    assert not LOCK.locked()


@pytest.mark.parametrize(
    "output",
    ["", "made", "made.yaml", "../made.nir", "/tmp/made.nir", ".made.nir", "a/b.nir", "ü.nir"],
)
def test_outputs_that_lead_elsewhere_are_refused(files: Files, tmp_path: Path, output: str) -> None:
    with pytest.raises(AnnError, match=r"is no name of a \.nir file in conversion_folder"):
        prepare(Order(files.model, "loihi2", files.data), output, str(tmp_path), print, LOCK)


def test_without_a_folder_nothing_is_written(files: Files) -> None:
    with pytest.raises(AnnError, match="set parameter 'conversion_folder'"):
        prepare(Order(files.model, "loihi2", files.data), "made.nir", "", print, LOCK)


def test_an_unknown_target_is_refused_at_once(files: Files, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="target 'abacus' is unknown"):
        prepare(Order(files.model, "abacus", files.data), "a.nir", str(tmp_path), print, LOCK)
