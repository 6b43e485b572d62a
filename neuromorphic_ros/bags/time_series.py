"""Labelled series of equal length in the text format `.ts` of the UEA archive."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import BagError


class LabelledSeries(NamedTuple):
    """Cases of recorded series.

    values: float64[cases, channels, samples]. label: int64[cases], places in `classes`.
    """

    values: npt.NDArray[np.float64]
    label: npt.NDArray[np.int64]
    classes: tuple[str, ...]


def read_time_series(path: Path) -> LabelledSeries:
    """Read a file: a head of `@name value`, then a case a line, `channel:channel:...:label`.

    Format: Bagnall et al., The UEA multivariate time series classification archive,
    arXiv:1811.00075, 2018.
    Raises BagError that names the line if the file cannot be read, a series has gaps or another
    length, or a label is none of the head.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as unreadable:
        raise BagError(f"{path} cannot be read: {unreadable.strerror}") from None
    classes: tuple[str, ...] | None = None
    cases: list[npt.NDArray[np.float64]] = []
    labels: list[int] = []
    in_data = False
    for number, line in enumerate(lines, start=1):
        where, text = f"{path}, line {number}", line.strip()
        if not text or text.startswith("#"):
            continue
        if not in_data:
            name, *words = text.split()
            if name.lower() == "@classlabel" and words[:1] == ["true"]:
                classes = tuple(words[1:])
            in_data = name.lower() == "@data"
            continue
        if not classes:
            raise BagError(f"{where}: there is no head with @classLabel true and its labels")
        *channels, label = text.split(":")
        if label not in classes:
            raise BagError(f"{where}: label '{label[:40]}' is none of {', '.join(classes)}")
        case = _case(channels, where)
        if cases and case.shape != cases[0].shape:
            raise BagError(f"{where}: a case of {case.shape}, after those of {cases[0].shape}")
        cases.append(case)
        labels.append(classes.index(label))
    if classes is None or not cases:
        raise BagError(f"{path} holds no labelled series; a .ts file has @classLabel and @data")
    return LabelledSeries(np.stack(cases), np.array(labels, np.int64), classes)


def _case(channels: list[str], where: str) -> npt.NDArray[np.float64]:
    try:
        case = np.array([channel.split(",") for channel in channels], np.float64)
    except ValueError:
        raise BagError(f"{where}: not numbers of as many samples in each channel") from None
    if not case.size or not np.all(np.isfinite(case)):
        raise BagError(f"{where}: no samples, or some that are missing")
    return case
