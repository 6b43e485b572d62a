"""Labelled pictures from archives and folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.pipeline.recipes.images import read_images


def stroke(size: int = 8) -> np.ndarray:
    picture = np.zeros((size, size), np.uint8)
    picture[size // 4 : -size // 4, size // 2 - max(1, size // 8) : size // 2 + size // 8] = 200
    return picture


def save(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("empty", "no image files"), ("missing", "no image files")],
)
def test_a_folder_without_pictures_is_told(tmp_path: Path, name: str, complaint: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(LearningError, match=complaint):
        read_images(tmp_path / name, 8, 10)


@pytest.mark.parametrize(
    "content",
    [
        {"images": np.zeros((2, 8, 8))},
        {"images": np.zeros((2, 8)), "labels": np.zeros(2, int)},
        {"images": np.zeros((2, 8, 8)), "labels": np.zeros(3, int)},
        {"images": np.zeros((2, 8, 8)), "labels": np.zeros(2)},
        {"images": np.full((2, 8, 8), np.nan), "labels": np.zeros(2, int)},
        {"images": np.zeros((2, 8, 8)), "labels": np.array([0, 10])},
        {"images": np.zeros((0, 8, 8)), "labels": np.zeros(0, int)},
        {"images": np.array([[[{}]]], object), "labels": np.zeros(1, int)},
    ],
)
def test_archives_of_something_else_are_refused(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "digits.npz"
    np.savez(path, **content)
    with pytest.raises(LearningError, match=r"digits\.npz"):
        read_images(path, 8, 10)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04rubbish", b"\x80\x04."])
def test_files_that_are_no_archive_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "digits.npz"
    path.write_bytes(content)
    with pytest.raises(LearningError, match=r"digits\.npz"):
        read_images(path, 8, 10)


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "a.png").write_bytes(b"rubbish")
    with pytest.raises(LearningError, match=r"a\.png: is no image"):
        read_images(tmp_path, 8, 10)


def test_a_picture_without_a_class_is_named(tmp_path: Path) -> None:
    save(tmp_path / "pictures" / "scan.png", stroke())
    with pytest.raises(LearningError, match=r"scan\.png: neither"):
        read_images(tmp_path, 8, 10)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("7/scan.png", 7),
        ("digit_7/12_scan.png", 7),
        ("pictures/7_0012.png", 7),
        ("pictures/7-12.JPG", 7),
        ("pictures/scan_7.bmp", 7),
        ("pictures/scan7.png", 7),
        ("pictures/0012_7.png", 7),
        ("pictures/digit_7_0012.png", 7),
        ("digits_8x8/7.png", 7),
    ],
)
def test_names_say_the_class(tmp_path: Path, name: str, label: int) -> None:
    save(tmp_path / name, stroke())
    assert read_images(tmp_path, 8, 10).label.tolist() == [label]


def test_one_rule_holds_for_a_whole_folder(tmp_path: Path) -> None:
    for name in ("3_7.png", "12_5.png"):
        save(tmp_path / name, stroke())
    assert read_images(tmp_path, 8, 10).label.tolist() == [5, 7]
    save(tmp_path / "4_.png", stroke())
    with pytest.raises(LearningError, match="neither folder nor name"):
        read_images(tmp_path, 8, 10)


@pytest.mark.parametrize("size", [4, 8, 28, 64])
def test_pictures_are_scaled_to_size_and_range(tmp_path: Path, size: int) -> None:
    save(tmp_path / "1" / "a.png", stroke(size))
    (found,) = read_images(tmp_path, 8, 10).content
    assert found.shape == (8, 8)
    assert (found.min(), found.max()) == (0.0, 1.0)


def test_ink_is_bright_whatever_the_paper(tmp_path: Path) -> None:
    save(tmp_path / "1" / "a.png", stroke())
    save(tmp_path / "1" / "b.png", 255 - stroke())
    one, other = read_images(tmp_path, 8, 10).content
    assert np.allclose(one, other)


def test_an_even_picture_is_dark(tmp_path: Path) -> None:
    save(tmp_path / "1" / "a.png", np.full((8, 8), 99, np.uint8))
    assert not read_images(tmp_path, 8, 10).content.any()


def test_archive_and_folder_are_the_same(tmp_path: Path) -> None:
    pictures = np.stack([stroke(), stroke().T])
    np.savez(tmp_path / "digits.npz", images=pictures / 16, labels=np.array([3, 4]))
    save(tmp_path / "digits" / "3" / "a.png", pictures[0])
    save(tmp_path / "digits" / "4" / "a.png", pictures[1])
    one = read_images(tmp_path / "digits.npz", 8, 10)
    other = read_images(tmp_path / "digits", 8, 10)
    assert np.allclose(one.content, other.content)
    assert np.array_equal(one.label, other.label)
