"""IDX files, whole and broken."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.pipeline.recipes.idx import FILES, read_idx, read_mnist


def idx(array: np.ndarray) -> bytes:
    head = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(np.uint8).tobytes()


def mnist(folder: Path, images: np.ndarray, labels: np.ndarray) -> Path:
    for name, array in zip(FILES["test"], (images, labels), strict=True):
        (folder / name).write_bytes(idx(array))
    return folder


WHOLE = idx(np.arange(6).reshape(2, 3))


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0\x08", b"\0\0\x0d" + WHOLE[3:], WHOLE[:-1], WHOLE + b"x", WHOLE[:7], b"\0\0\x08\0"],
)
def test_broken_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(LearningError, match="IDX"):
        read_idx(tmp_path / "file")


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "file.gz").write_bytes(gzip.compress(WHOLE)[:-9])
    for name in ("file", "missing"):
        with pytest.raises(LearningError, match="cannot be read"):
            read_idx(tmp_path / name)


def test_files_are_read_packed_or_not(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(WHOLE)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(WHOLE))
    for name in ("plain", "packed", "packed.gz"):
        assert read_idx(tmp_path / name).tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (np.zeros((2, 4)), np.zeros(2)),
        (np.zeros((2, 2, 2)), np.zeros(3)),
        (np.zeros((1, 2, 2)), np.array([10])),
    ],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray
) -> None:
    with pytest.raises(LearningError, match="do not fit"):
        read_mnist(mnist(tmp_path, images, labels), "test")


def test_pictures_are_flat_and_within_one(tmp_path: Path) -> None:
    images = np.arange(8).reshape(2, 2, 2) * 36
    found = read_mnist(mnist(tmp_path, images, np.array([3, 9])), "test")
    assert found.label.tolist() == [3, 9]
    assert found.inputs.dtype == np.float32
    assert np.allclose(found.inputs * 255, images.reshape(2, 4))
