"""Values within a declared range."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Limit = float | npt.NDArray[np.float64]


class Relative(NamedTuple):
    """Positions in a range, 0 at its low end to 1 at its high end; clipped: how many were out."""

    values: npt.NDArray[np.float64]
    clipped: int


def relative(values: npt.NDArray[np.float64], low: Limit, high: Limit) -> Relative:
    """Return where values lie between low and high; those outside are clipped to the nearer end.

    Infinite values are clipped but not counted: they stand for what lies beyond a sensor's own
    range by REP 117.
    """
    position = (values - low) / (high - low)
    outside = ((position < 0.0) | (position > 1.0)) & np.isfinite(position)
    return Relative(np.clip(position, 0.0, 1.0), int(np.count_nonzero(outside)))
