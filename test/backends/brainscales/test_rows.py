"""Rows of synapses: one sign each, shared by sources whose neurons differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse

from neuromorphic_ros.backends.brainscales.chip import chip
from neuromorphic_ros.backends.brainscales.rows import Rows, rows


def taken(weights: npt.NDArray[Any]) -> tuple[Rows, ...]:
    return rows(scipy.sparse.csr_array(weights))


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([[5.0, 5.0]], Rows(1, 2)),
        # Both signs: two rows.
        ([[5.0, -5.0]], Rows(2, 2)),
        # Different neurons: one row for both sources.
        ([[5.0, 0.0], [0.0, 7.0]], Rows(1, 2)),
        ([[5.0, 0.0], [0.0, -7.0]], Rows(2, 2)),
        ([[5.0, 1.0], [0.0, 7.0]], Rows(2, 3)),
        # 100 LSB are two synapses of the same source.
        ([[100.0, 0.0]], Rows(2, 2)),
        ([[100.0, -100.0]], Rows(4, 4)),
    ],
)
def test_rows_of_small_matrices(weights: list[list[float]], expected: Rows) -> None:
    # Of few neurons, each array has half.
    padded = np.zeros((len(weights), chip().neurons))
    padded[:, : len(weights[0])] = weights
    assert taken(padded)[0] == expected
    assert taken(padded)[1] == Rows(0, 0)


def test_so_many_sources_share_a_row_as_there_are_labels() -> None:
    labels = chip().labels
    weights = np.zeros((labels + 1, chip().neurons))
    weights[np.arange(labels + 1), np.arange(labels + 1)] = 1
    assert taken(weights)[0] == Rows(2, labels + 1)


def test_a_source_takes_rows_in_each_array() -> None:
    weights = np.ones((3, chip().neurons))
    half = chip().neurons // 2
    assert taken(weights) == (Rows(3, 3 * half), Rows(3, 3 * half))


def test_a_small_network_takes_one_array() -> None:
    assert taken(np.ones((3, 4))) == (Rows(3, 12),)
