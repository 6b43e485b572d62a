"""Collections of labelled recordings, and what makes others of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.bags.event_npz import open_event_npz
from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.pipeline.recipes import nmnist


def collection(**changes: Any) -> dict[str, Any]:
    """Return three recordings of 4, 0 and 6 events."""
    generator = np.random.default_rng(0)
    return {
        "x": generator.integers(0, 34, 10).astype(np.uint8),
        "y": generator.integers(0, 34, 10).astype(np.uint8),
        "p": np.packbits(generator.integers(0, 2, 10).astype(np.uint8)),
        "dt_us": generator.integers(0, 20_000, 10).astype(np.uint32),
        "offset": np.array([0, 4, 4, 10]),
        "label": np.array([3, 0, 9]),
        "width": np.array(34),
        "height": np.array(34),
    } | changes


def written(path: Path, content: dict[str, Any]) -> Path:
    file = path / "events.npz"
    np.savez(file, **content)
    return file


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"width": np.array(35)}, "camera"),
        ({"label": np.array([3, 0])}, "3 recordings"),
        ({"label": np.array([3, 0, 10])}, "labels are 0 to 10"),
        ({"label": np.array(["a", "b", "c"])}, "no labelled collection"),
        ({"offset": np.array([0, 4, 4, 11])}, "breaks off"),
        ({"offset": np.array([0, 4, 3, 10])}, "breaks off"),
        ({"x": np.full(10, 34)}, "outside the camera"),
    ],
)
def test_other_collections_are_refused(
    tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(LearningError, match=complaint):
        nmnist.read(written(tmp_path, collection(**changes)))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04"])
def test_files_that_are_none_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "events.npz"
    path.write_bytes(content)
    with pytest.raises(LearningError, match="no labelled collection"):
        nmnist.read(path)
    with pytest.raises(LearningError, match="no labelled collection"):
        nmnist.read(tmp_path / "missing.npz")


def test_recordings_are_those_of_the_reader_of_events(tmp_path: Path) -> None:
    path = written(tmp_path, collection())
    labelled = nmnist.read(path)
    assert labelled.label.tolist() == [3, 0, 9]
    for sample, batch in enumerate(labelled.content):
        expected = [*open_event_npz(path, sample)]
        assert [batch] == expected if expected else not len(batch)
    samples = nmnist.encode(labelled)
    assert samples.inputs.sum(axis=(1, 2, 3, 4)).tolist() == [4, 0, 6]


def test_variants_keep_shape_and_time_and_differ(tmp_path: Path) -> None:
    inputs = np.zeros((4, 2, 2, 34, 34), np.uint8)
    inputs[:, 0, 1, 12:22, 15:18] = 1
    made = nmnist.augment(inputs, np.random.default_rng(0))
    assert made.shape == inputs.shape
    assert made.dtype == np.uint8
    assert not made[:, 1].any()
    assert not made[:, :, 0].any()
    assert len({each.tobytes() for each in made}) == 4
    # Most of it is still there, near the middle.
    assert np.all(made.sum(axis=(1, 2, 3, 4)) > 10)
    assert np.all(made[:, 0, 1, 6:28, 6:28].sum(axis=(1, 2)) == made.sum(axis=(1, 2, 3, 4)))
    assert np.array_equal(made, nmnist.augment(inputs, np.random.default_rng(0)))
