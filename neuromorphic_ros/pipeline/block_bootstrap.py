"""Intervals of a statistic of a record whose samples depend on the ones before."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.learning.classification import Interval

Rows = npt.NDArray[np.int64]


def block_bootstrap(
    statistic: Callable[[Rows], float], samples: int, block: int, draws: int = 2000, seed: int = 0
) -> Interval:
    """Return the 95 % interval of a statistic of the rows that it is given, int64[samples].

    Records of the same length are put together from blocks that begin anywhere, round the end, and
    the percentiles of their statistics taken; nan ones are left out.
    block: longer than samples depend on each other. Source: the circular block bootstrap of
    Politis & Romano, in LePage & Billard, Exploring the Limits of Bootstrap (1992).
    """
    generator = np.random.default_rng(seed)
    blocks = -(-samples // block)
    starts = generator.integers(0, samples, (draws, blocks, 1))
    rows = ((starts + np.arange(block)) % samples).reshape(draws, -1)[:, :samples]
    found = np.array([statistic(each) for each in rows])
    low, high = np.nanpercentile(found, (2.5, 97.5))
    return Interval(float(low), float(high))
