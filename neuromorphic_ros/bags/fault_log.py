"""Logs of a machine with the times of its faults, as tables with `;` (Skoltech benchmark SKAB)."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import BagError

# Columns that are no readings.
TRUTH, OTHERS = "anomaly", ("datetime", "changepoint")


class FaultLog(NamedTuple):
    """Readings and truth, by row; values: float64[rows, sensors], faulty: bool[rows]."""

    sensors: tuple[str, ...]
    values: npt.NDArray[np.float64]
    faulty: npt.NDArray[np.bool_]


def read_fault_log(path: Path) -> FaultLog:
    """Read a log whose head names its columns, one of them `anomaly`, 0 or 1.

    Format: Katser & Kozitsin, Skoltech Anomaly Benchmark, Kaggle, 2020, doi
    10.34740/KAGGLE/DSV/1693952.
    Raises BagError that names the row if the file cannot be read, lacks a column or has a cell that
    is no finite number.
    """
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            head, *rows = list(csv.reader(file, delimiter=";")) or [[]]
    except OSError as unreadable:
        raise BagError(f"{path} cannot be read: {unreadable.strerror}") from None
    except csv.Error as wrong:
        raise BagError(f"{path} is no table: {wrong}") from None
    sensors = tuple(name for name in head if name not in (TRUTH, *OTHERS))
    if TRUTH not in head or not sensors or not rows:
        raise BagError(f"{path} has no rows of sensors and '{TRUTH}' with ';' between them")
    places = [head.index(name) for name in (*sensors, TRUTH)]
    table = np.empty((len(rows), len(places)))
    for index, row in enumerate(rows):
        try:
            table[index] = [float(row[place]) for place in places]
        except (ValueError, IndexError):
            raise BagError(f"{path}, row {index + 2}: a cell is missing or no number") from None
    if not np.all(np.isfinite(table)):
        bad = int(np.argwhere(~np.isfinite(table))[0, 0])
        raise BagError(f"{path}, row {bad + 2}: a cell is not finite")
    return FaultLog(sensors, table[:, :-1], table[:, -1] > 0.5)
