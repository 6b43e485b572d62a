"""Files of tensors and what is told of them: read as written, refused when they are others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.told_tensors import UNREADABLE, load_told, save_told


def test_a_file_is_read_as_it_was_written_and_equal_content_gives_equal_bytes(
    tmp_path: Path,
) -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    for name in ("one", "two"):
        save_told(tmp_path / name, "file", "key", {"b": 1, "a": [2]}, {"x": values.T})
    told, tensors = load_told(tmp_path / "one", "key")
    assert told == {"a": [2], "b": 1}
    assert np.array_equal(tensors["x"], values.T)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NetworkError, match=r"graph .*file/x cannot be written"):
        save_told(tmp_path / "file" / "x", "graph", "key", {}, {})


@pytest.mark.parametrize("told", [None, "{", "[" * 200_000])
def test_other_files_are_unreadable(tmp_path: Path, told: str | None) -> None:
    metadata = None if told is None else {"key": told}
    save_file({"x": np.zeros(1)}, tmp_path / "file", metadata)
    with pytest.raises(UNREADABLE):
        load_told(tmp_path / "file", "key")
    with pytest.raises(UNREADABLE):
        load_told(tmp_path / "gone", "key")
