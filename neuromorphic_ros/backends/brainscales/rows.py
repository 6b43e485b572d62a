"""Give synapses their rows in the arrays of the chip."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.brainscales.chip import chip

Integers = npt.NDArray[np.int64]


class Rows(NamedTuple):
    """What an array takes: its rows, and synapses in them."""

    rows: int
    synapses: int


class _User(NamedTuple):
    """Synapses that one source needs in one row: their sign and columns."""

    excites: bool
    columns: npt.NDArray[np.bool_]


def rows(weights: Any) -> tuple[Rows, ...]:
    """Return what each array takes; the first half of the neurons has the first.

    weights: scipy CSR (sources + neurons, neurons) in LSB.

    All synapses of a row have one sign, so a source that excites and inhibits needs two, and a
    weight above the largest of one synapse needs several. Sources whose neurons differ share a row
    by their labels; the first row with room is taken, the largest users first.
    """
    limits, columns = chip(), weights.shape[1]
    share = limits.neurons // limits.halves
    return tuple(
        _packed(_users(weights[:, start : min(start + share, columns)]))
        for start in range(0, columns, share)
    )


def _users(weights: Any) -> list[_User]:
    largest, found = chip().largest_weight, []
    weights = weights.tocsr()
    for source in np.flatnonzero(np.diff(weights.indptr)):
        part = slice(weights.indptr[source], weights.indptr[source + 1])
        column, weight = weights.indices[part], weights.data[part]
        for sign in (1, -1):
            left = sign * weight
            while np.any(left > 0):
                mask = np.zeros(weights.shape[1], np.bool_)
                mask[column[left > 0]] = True
                found.append(_User(sign > 0, mask))
                left = left - largest
    return found


def _packed(users: list[_User]) -> Rows:
    labels = chip().labels
    taken: dict[bool, list[npt.NDArray[np.bool_]]] = {True: [], False: []}
    sharing: dict[bool, list[int]] = {True: [], False: []}
    synapses = 0
    for user in sorted(users, key=lambda each: -int(each.columns.sum())):
        synapses += int(user.columns.sum())
        mine, counts = taken[user.excites], sharing[user.excites]
        for index, row in enumerate(mine):
            if counts[index] < labels and not np.any(row & user.columns):
                row |= user.columns
                counts[index] += 1
                break
        else:
            mine.append(user.columns.copy())
            counts.append(1)
    return Rows(len(taken[True]) + len(taken[False]), synapses)
