"""Draws from a discrete distribution in constant time."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

COIN_BITS = 16


class AliasTable(NamedTuple):
    """Hold a distribution over n items as n equal bins with one or two items each.

    keep: uint16[n], share of a bin that belongs to its own item, in units of 2**-16.
    other: uint16[n], the item that has the rest of the bin.
    """

    keep: npt.NDArray[np.uint16]
    other: npt.NDArray[np.uint16]


def alias_table(weights: npt.NDArray[np.float64]) -> AliasTable:
    """Build the table of `weights`, positive float64[n] with n up to 65536.

    Source: Vose, "A linear algorithm for generating random numbers with a given distribution",
    IEEE Transactions on Software Engineering 17(9), 1991.
    """
    return AliasTable(*_build(weights * (weights.size / weights.sum())))


@numba.njit("Tuple((uint16[::1], uint16[::1]))(float64[::1])", cache=True, nogil=True)
def _build(
    scaled: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]]:
    """Build from weights of mean 1."""
    whole = float((1 << COIN_BITS) - 1)
    items = scaled.size
    left = scaled.copy()
    keep = np.full(items, (1 << COIN_BITS) - 1, np.uint16)
    other = np.arange(items).astype(np.uint16)
    small = np.empty(items, np.uint16)
    large = np.empty(items, np.uint16)
    smalls = larges = 0
    for item in range(items):
        if left[item] < 1.0:
            small[smalls] = item
            smalls += 1
        else:
            large[larges] = item
            larges += 1
    while smalls > 0 and larges > 0:
        smalls -= 1
        poor, rich = small[smalls], large[larges - 1]
        keep[poor] = np.uint16(left[poor] * whole + 0.5)
        other[poor] = rich
        left[rich] -= 1.0 - left[poor]
        if left[rich] < 1.0:
            larges -= 1
            small[smalls] = rich
            smalls += 1
    return keep, other
