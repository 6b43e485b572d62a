"""Give populations lags, so that spikes that need time to travel still meet as they would without.

A population with lag L does everything L ticks later. A projection of delay d then has
d + L(post) - L(pre) ticks for its spikes to travel (Leiserson & Saxe, Algorithmica 6, 5, 1991).
Around a loop lags cancel: one that is faster than spikes can travel is slowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse
import scipy.sparse.csgraph


class Path(NamedTuple):
    """The spikes between two populations, by index: their delay and what they need at least."""

    pre: int
    post: int
    delay: int
    least: int


class Timing(NamedTuple):
    """lags: of each population [ticks]. delays: of each path, larger than asked for if slowed."""

    lags: tuple[int, ...]
    delays: tuple[int, ...]


def retimed(populations: int, paths: Sequence[Path]) -> Timing:
    """Return the least lags at which every path has the ticks that it needs."""
    delays = [path.delay for path in paths]
    lags = _lags(populations, paths, delays)
    if lags is None:
        loops = _loops(populations, paths)
        delays = [
            max(path.delay, path.least) if loops[path.pre] == loops[path.post] else path.delay
            for path in paths
        ]
        lags = _lags(populations, paths, delays)
    assert lags is not None, "loops have the ticks that they need"
    return Timing(lags, tuple(delays))


def _lags(populations: int, paths: Sequence[Path], delays: Sequence[int]) -> tuple[int, ...] | None:
    """Return the longest ways to each population, or none if a loop has no longest."""
    lags = [0] * populations
    for _ in range(populations + 1):
        before = list(lags)
        for path, delay in zip(paths, delays, strict=True):
            lags[path.post] = max(lags[path.post], lags[path.pre] + path.least - delay)
        if lags == before:
            return tuple(lags)
    return None


def _loops(populations: int, paths: Sequence[Path]) -> list[int]:
    """Number the loops: populations that reach each other have the same number."""
    pre, post = [path.pre for path in paths], [path.post for path in paths]
    reached = scipy.sparse.coo_array((np.ones(len(pre)), (pre, post)), (populations, populations))
    _, number = scipy.sparse.csgraph.connected_components(reached, connection="strong")
    return [int(each) for each in number]
