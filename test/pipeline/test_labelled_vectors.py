"""Archives of samples and labels."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.pipeline.labelled_vectors import read_vectors

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def archive(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("shape", [(3, 4), (1, 3, 4), (12,)])
@pytest.mark.parametrize("name", ["inputs", "images"])
def test_samples_take_the_shape_of_the_network(
    tmp_path: Path, shape: tuple[int, ...], name: str
) -> None:
    file = archive(tmp_path / "data.npz", **{name: IMAGES}, labels=np.array([1, 0]), other="x")
    found = read_vectors(file, shape)
    assert found.samples.shape == (2, *shape)
    assert found.samples.dtype == np.float32
    assert found.samples.ravel().tolist() == list(range(24))
    assert found.label is not None
    assert found.label.tolist() == [1, 0]
    assert found.take(np.array([1])).samples.tolist() == [found.samples[1].tolist()]


def test_labels_may_be_missing(tmp_path: Path) -> None:
    found = read_vectors(archive(tmp_path / "data.npz", inputs=IMAGES), (3, 4))
    assert found.label is None
    assert found.take(np.array([0])).label is None


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ({"pictures": IMAGES}, r"has no array `inputs` or `images`"),
        ({"inputs": IMAGES[0]}, r"samples are uint8\[3, 4\]; the network takes numbers of"),
        ({"inputs": IMAGES.transpose(0, 2, 1)}, r"samples are uint8\[2, 4, 3\]"),
        ({"inputs": IMAGES[:0]}, r"samples are uint8\[0, 3, 4\]"),
        ({"inputs": np.float32(1)}, r"samples are float32\[\]"),
        ({"inputs": IMAGES.astype("U1")}, "samples are <U1"),
        ({"inputs": np.where(IMAGES == 3, np.nan, IMAGES)}, "NaN or infinity"),
        ({"inputs": IMAGES.astype(np.float64) * 1e300}, "NaN or infinity"),
        ({"inputs": IMAGES, "labels": [1]}, "give 2 whole numbers from 0 on"),
        ({"inputs": IMAGES, "labels": [-1, 0]}, "give 2 whole numbers from 0 on"),
        ({"inputs": IMAGES, "labels": [0.5, 1]}, "labels are float64"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, arrays: dict[str, Any], complaint: str) -> None:
    with pytest.raises(LearningError, match=complaint):
        read_vectors(archive(tmp_path / "data.npz", **arrays), (3, 4))


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    file = archive(tmp_path / "data.npz", inputs=np.array([{}, {}], object))
    with pytest.raises(LearningError, match="is no readable npz file"):
        read_vectors(file, (3, 4))


def test_what_declares_too_much_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as file, file.open("inputs.npy", "w") as into:
        header = {"descr": "<f4", "fortran_order": False, "shape": (2**40,)}
        np.lib.format.write_array_header_1_0(into, header)
    with pytest.raises(LearningError, match="declares 4398046511104 bytes"):
        read_vectors(tmp_path / "data.npz", (3, 4))


@pytest.mark.parametrize("content", [None, b"", b"junk"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "data.npz").write_bytes(content)
    with pytest.raises(LearningError, match="is no readable npz file"):
        read_vectors(tmp_path / "data.npz", (3, 4))
