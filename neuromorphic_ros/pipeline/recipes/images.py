"""Read labelled pictures: an archive of arrays, or a folder of image files."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.pipeline.recipes.recipe import Labelled

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".tif", ".tiff")
MAX_IMAGES = 1_000_000
# A number with zeros before it counts pictures.
NUMBER = r"(0|[1-9]\d{0,8})"
RULES = (
    ("folder", rf"^(?:\D*[_ -])?{NUMBER}$"),
    ("name", rf"^{NUMBER}(?:[_. -]|$)"),
    ("name", rf"(?<!\d){NUMBER}$"),
    ("name", rf"^\D*{NUMBER}(?!\d)"),
)

Picture = npt.NDArray[np.float32]


def read_images(path: Path, size: int, classes: int) -> Labelled:
    """Read pictures as float32[n, size, size], from 0 to 1, bright on dark.

    An archive (.npz) holds `images` (n, height, width) and `labels` (n). Of a folder, the
    first rule that gives every image a class holds: the name of its folder (`7/scan.png`), or the
    number at the start, at the end or in the middle of its name (`7_scan.png`, `scan_7.png`,
    `scan_7_b.png`).
    Raises LearningError if there is none or one cannot be read.
    """
    pictures, label = _archive(path) if path.is_file() else _folder(path, classes)
    if not len(label) or label.min() < 0 or label.max() >= classes:
        raise LearningError(
            f"{path}: labels must be 0 to {classes - 1}, and of one picture at least"
        )
    content = np.stack([_normalized(picture, size) for picture in pictures])
    return Labelled(content, label, np.zeros(len(label), np.int64))


def _archive(path: Path) -> tuple[list[Picture], npt.NDArray[np.int64]]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            images, labels = arrays["images"], arrays["labels"]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as wrong:
        raise LearningError(f"{path}: is no archive of images and labels: {wrong}") from None
    if (
        images.ndim != 3
        or labels.shape != images.shape[:1]
        or labels.dtype.kind not in "iu"
        or images.dtype.kind not in "iuf"
        or not images.size
        or not np.all(np.isfinite(images))
    ):
        raise LearningError(
            f"{path}: images are {images.dtype}{list(images.shape)}, labels "
            f"{labels.dtype}{list(labels.shape)}; give finite (n, height, width) and whole (n)"
        )
    return list(images.astype(np.float32)), labels.astype(np.int64)


def _folder(path: Path, classes: int) -> tuple[list[Picture], npt.NDArray[np.int64]]:
    files = sorted(each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES)
    if not files:
        raise LearningError(f"{path}: has no image files ({', '.join(SUFFIXES)})")
    if len(files) > MAX_IMAGES:
        raise LearningError(f"{path}: has {len(files)} images, more than {MAX_IMAGES}")
    pictures = []
    for file in files:
        picture = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
        if picture is None:
            raise LearningError(f"{file}: is no image that can be read")
        pictures.append(picture.astype(np.float32))
    return pictures, np.array(_labels(files, classes), np.int64)


def _labels(files: list[Path], classes: int) -> list[int]:
    """Return the classes by the first rule that gives each file one."""
    numbers = [[_number(file, *rule) for file in files] for rule in RULES]
    for found in numbers:
        if all(number is not None and number < classes for number in found):
            return [number for number in found if number is not None]
    nameless = [
        file
        for file, *tried in zip(files, *numbers, strict=True)
        if not any(number is not None and number < classes for number in tried)
    ]
    raise LearningError(
        f"{(nameless or files)[0]}: neither folder nor name says its class, 0 to {classes - 1}, as "
        f"7/{files[0].name} would"
    )


def _number(file: Path, place: str, pattern: str) -> int | None:
    found = re.search(pattern, file.parent.name if place == "folder" else file.stem)
    return int(found[1]) if found else None


def _normalized(picture: Picture, size: int) -> Picture:
    if picture.shape != (size, size):
        smaller = min(picture.shape) >= size
        how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        picture = np.asarray(cv2.resize(picture, (size, size), interpolation=how), np.float32)
    low, high = float(picture.min()), float(picture.max())
    if high <= low:
        return np.zeros((size, size), np.float32)
    scaled: Picture = (picture - low) / (high - low)
    # What is written ends before the left and right edge, so they are the paper.
    edges = np.concatenate([scaled[:, 0], scaled[:, -1]])
    return 1.0 - scaled if np.median(edges) > 0.5 else scaled
